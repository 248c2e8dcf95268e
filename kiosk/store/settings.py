"""What an operator may change.

Owns: the table `settings`, and the name, default and rule of every setting of syncs; another noun keeps its own by
`read` and `keep`. True always: what differs from the default has a row and nothing else has, so a default that gets
better reaches every kiosk whose operator never chose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiosk.errors import InvalidInput, StoreError
from kiosk.store.db import Connection, from_text, to_text

LEAST_BUDGET, MOST_BUDGET = 1_000_000, 10_000_000_000_000
"""A budget in bytes: less than a megabyte would be spent on asking."""
LEAST_RATE, MOST_RATE = 1_000, 1_000_000_000
"""A rate in bytes per second."""
MOST_HOURS = 24 * 14
"""The longest time between syncs, in hours."""
PACK_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])")


class MeteredRule(StrEnum):
    """What may come over a metered link: nothing, packs of notices and documents up to a size, or as elsewhere."""

    NEVER = "never"
    SMALL = "small"
    SAME = "same"


class LinkIs(StrEnum):
    """Whether the internet link is metered: ask the machine, or what the operator says."""

    ASK = "ask"
    METERED = "metered"
    UNMETERED = "unmetered"


@dataclass(frozen=True)
class Hours:
    """The hours of the day, local, in which the internet may be used: from `start` to before `end`, over midnight."""

    start: int
    end: int

    def has(self, hour: int) -> bool:
        """Tell whether an hour (0 to 23) is among them."""
        if self.start < self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end


@dataclass(frozen=True)
class Pause:
    """No sync from `since` until `until`, or until someone resumes (None)."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class SyncSettings:
    """How the kiosk behaves on its links.

    Args:
        day_bytes, month_bytes: the internet's budget for a local day and month; None: no limit.
        hours: when the internet may be used; None: always.
        rate_bytes: the most bytes per second over the internet; None: what the link gives.
        link: whether the internet link is metered.
        metered_rule, metered_bytes: what may come over a metered link, and up to which size of an update.
        every_hours: how often to look for something new.
        packs: the packs to have; None: all that the channels offer.
        order: packs in the order of importance; those not named come after them, the smallest update first.
        pause: that nothing is to be fetched now.
        agreed_only: whether a sync that begins by itself may only look, and go on with one that was agreed to.
    """

    day_bytes: int | None = None
    month_bytes: int | None = None
    hours: Hours | None = None
    rate_bytes: int | None = None
    link: LinkIs = LinkIs.ASK
    metered_rule: MeteredRule = MeteredRule.SMALL
    metered_bytes: int = 20_000_000
    every_hours: int = 6
    packs: tuple[str, ...] | None = None
    order: tuple[str, ...] = ()
    pause: Pause | None = None
    agreed_only: bool = False


DEFAULTS = SyncSettings()
NAMES = frozenset(each.name for each in fields(SyncSettings))


def sync(conn: Connection) -> SyncSettings:
    """Return how the kiosk is to behave on its links.

    Raises:
        StoreError: a row does not hold what the setting takes; it names the setting.
    """
    return SyncSettings(**read(conn, "sync", _from_json))


def read(conn: Connection, noun: str, from_json: Callable[[str, Any], object]) -> dict[str, Any]:
    """Return the settings of a noun that differ from their defaults.

    Args:
        noun: the first part of the keys, such as "sync".
        from_json: from a setting's name and its JSON value to what it stands for.

    Raises:
        StoreError: a row does not hold what the setting takes; it names the setting.
    """
    rows = conn.execute(
        "SELECT key, value FROM settings WHERE key >= ? AND key < ?", (f"{noun}.", f"{noun}/")
    )  # "/" is what comes after "."
    found: dict[str, Any] = {}
    for row in rows:
        name = row["key"].removeprefix(f"{noun}.")
        try:
            found[name] = from_json(name, json.loads(row["value"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"the setting {row['key']} can not be read", "set it again in the console") from error
    return found


def keep(conn: Connection, noun: str, name: str, value: object, default: object) -> None:
    """Keep one setting, a JSON value, which its owner has checked; one that is the default has no row."""
    key = f"{noun}.{name}"
    if value == default:
        conn.execute("DELETE FROM settings WHERE key = ?", (key,))
    else:
        conn.execute(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, json.dumps(value)),
        )


def save_sync(conn: Connection, wanted: SyncSettings) -> None:
    """Keep settings; take `sync(conn)` and `dataclasses.replace` in the same transaction to change some.

    Raises:
        InvalidInput: a value breaks its rule; `field` is the setting's name.
    """
    _check(wanted)
    for each in fields(wanted):
        value, default = _to_json(getattr(wanted, each.name)), _to_json(getattr(DEFAULTS, each.name))
        keep(conn, "sync", each.name, value, default)


def _check(wanted: SyncSettings) -> None:
    _within("day_bytes", wanted.day_bytes, LEAST_BUDGET, MOST_BUDGET)
    _within("month_bytes", wanted.month_bytes, LEAST_BUDGET, MOST_BUDGET)
    _within("rate_bytes", wanted.rate_bytes, LEAST_RATE, MOST_RATE)
    _within("metered_bytes", wanted.metered_bytes, LEAST_BUDGET, MOST_BUDGET)
    _within("every_hours", wanted.every_hours, 1, MOST_HOURS)
    if wanted.hours:
        _within("hours", wanted.hours.start, 0, 23)
        _within("hours", wanted.hours.end, 0, 23)
        if wanted.hours.start == wanted.hours.end:
            raise InvalidInput("The two hours must not be the same.", "hours")
    for name, packs in (("packs", wanted.packs or ()), ("order", wanted.order)):
        if len(set(packs)) != len(packs) or not all(PACK_NAME.fullmatch(pack) for pack in packs):
            raise InvalidInput("Please name each pack once, as the list of packs does.", name)
    if wanted.pause and wanted.pause.until and wanted.pause.until <= wanted.pause.since:
        raise InvalidInput("A pause must end after it begins.", "pause")


def _within(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidInput("This number is too small or too large.", name)


def _to_json(value: object) -> object:
    if isinstance(value, Hours):
        return [value.start, value.end]
    if isinstance(value, Pause):
        return {"since": to_text(value.since), "until": to_text(value.until) if value.until else None}
    return value


def _from_json(name: str, value: Any) -> object:
    if name not in NAMES:
        raise KeyError(name)
    if name == "hours":
        start, end = value
        return Hours(int(start), int(end))
    if name == "pause":
        until = value["until"]
        return Pause(from_text(value["since"]), from_text(until) if until else None)
    if name in ("packs", "order"):
        return tuple(str(pack) for pack in value)
    if name == "link":
        return LinkIs(value)
    if name == "metered_rule":
        return MeteredRule(value)
    if name == "agreed_only":
        return bool(value)
    return int(value)
