"""Why the kiosk does not fetch now: a reason that a console can translate, with its figures. Pure.

True always: a refusal is a value; the one English sentence made of it is here, for commands, logs and events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from kiosk.errors import BudgetSpent


class Reason(StrEnum):
    """Why not; the figures that come with it stand behind."""

    PAUSED = "paused"
    MONTH_SPENT = "month-spent"  # used_bytes, limit_bytes
    DAY_SPENT = "day-spent"  # used_bytes, limit_bytes
    OUTSIDE_HOURS = "outside-hours"  # from_hour, to_hour
    METERED_NEVER = "metered-never"
    METERED_KIND = "metered-kind"
    METERED_SIZE = "metered-size"  # size_bytes, limit_bytes
    BACKING_OFF = "backing-off"  # failures
    NOT_YET = "not-yet"  # every_hours


@dataclass(frozen=True)
class Refusal:
    """Not now. `again` is when (aware) it may be asked again; None: not until somebody changes something."""

    reason: Reason
    again: datetime | None = None
    figures: Mapping[str, int] = field(default_factory=dict)

    def to_value(self) -> dict[str, Any]:
        """Return it as JSON values: reason, again (ISO 8601, UTC, or None) and the figures."""
        again = self.again.astimezone(UTC).isoformat() if self.again else None
        return {"reason": str(self.reason), "again": again, "figures": dict(self.figures)}


SENTENCES = {
    Reason.PAUSED: "syncs are paused",
    Reason.MONTH_SPENT: "{used} MB of this month's {limit} MB are used",
    Reason.DAY_SPENT: "{used} MB of today's {limit} MB are used",
    Reason.OUTSIDE_HOURS: "the internet is used from {from_hour:02}:00 to {to_hour:02}:00 only",
    Reason.METERED_NEVER: "the link is metered, and nothing may come over a metered link",
    Reason.METERED_KIND: "the link is metered: only packs of notices and documents may come over it",
    Reason.METERED_SIZE: "the link is metered: {size} MB are more than the {limit} MB that may come at a time",
    Reason.BACKING_OFF: "the last sync failed ({failures} in a row)",
    Reason.NOT_YET: "the last sync was less than {every_hours} hours ago",
}
HINTS = {
    Reason.PAUSED: "`kiosk sync resume` ends the pause",
    Reason.MONTH_SPENT: "it goes on by itself; `kiosk sync budget` shows and changes the limits",
    Reason.DAY_SPENT: "it goes on by itself; `kiosk sync budget` shows and changes the limits",
    Reason.OUTSIDE_HOURS: "it goes on by itself; `kiosk sync budget --hours` changes them",
    Reason.METERED_NEVER: "wait for another link, take a stick, or change it with `kiosk sync budget --metered`",
    Reason.METERED_KIND: "wait for another link, take a stick, or change it with `kiosk sync budget --metered`",
    Reason.METERED_SIZE: "wait for another link, take a stick, or change it with `kiosk sync budget --metered`",
    Reason.BACKING_OFF: "`kiosk sync run` tries now",
    Reason.NOT_YET: "`kiosk sync run` looks now",
}


def sentence(refusal: Refusal, zone: ZoneInfo) -> str:
    """Return a refusal in English, with the local time at which it goes on."""
    figures: dict[str, object] = dict(refusal.figures)
    for name in ("used", "limit", "size"):
        if f"{name}_bytes" in refusal.figures:
            figures[name] = f"{refusal.figures[f'{name}_bytes'] / 1_000_000:.4g}"
    text = SENTENCES[refusal.reason].format_map(figures)
    if refusal.again is None:
        return text
    return f"{text}; it goes on at {refusal.again.astimezone(zone):%Y-%m-%d %H:%M}"


def stop(refusal: Refusal, zone: ZoneInfo) -> BudgetSpent:
    """Return the error that ends a sync cleanly for this reason."""
    return BudgetSpent(sentence(refusal, zone), HINTS[refusal.reason], refusal.to_value())
