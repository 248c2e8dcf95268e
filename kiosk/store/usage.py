"""What the links carried: bytes by day, hour and kind of link, and how long they took.

Owns: the table `usage`. True always: bytes that arrived are only ever added, under the day and hour the clock showed
then. Sums name a day or a month, so a clock that jumps can move bytes to another day and can not lose them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from kiosk.store.db import Connection

SPEED_HOURS = 24
"""The speed is told from the last hours in which something arrived."""
LEAST_SPEED_BYTES = 64 * 1024
"""Less than this says nothing about a link: an answer of a few hundred bytes is all waiting."""


class Link(StrEnum):
    """What a byte cost: nothing (a stick, a neighbour), the internet, or the internet over a metered link."""

    FREE = "free"
    INTERNET = "internet"
    METERED = "metered"


@dataclass(frozen=True)
class Used:
    """Bytes that came over the internet, metered or not, on a local `day` and in its month."""

    day: date
    day_bytes: int
    month_bytes: int


@dataclass(frozen=True)
class Hour:
    """What one link carried in an hour of a day."""

    day: date
    hour: int
    link: Link
    size_bytes: int


def add(conn: Connection, at: datetime, zone: ZoneInfo, link: Link, size_bytes: int, milliseconds: int) -> None:
    """Add bytes that arrived at `at`, and the time that went by waiting for them."""
    local = at.astimezone(zone)
    conn.execute(
        "INSERT INTO usage VALUES (?, ?, ?, ?, ?) ON CONFLICT (day, hour, link) DO UPDATE SET"
        " bytes = bytes + excluded.bytes, milliseconds = milliseconds + excluded.milliseconds",
        (local.date().isoformat(), local.hour, link, size_bytes, milliseconds),
    )


def used(conn: Connection, day: date) -> Used:
    """Return what came over the internet on a local day and in its month."""
    row = conn.execute(
        "SELECT coalesce(sum(bytes) FILTER (WHERE day = ?), 0) AS day_bytes, coalesce(sum(bytes), 0) AS month_bytes"
        " FROM usage WHERE day BETWEEN ? AND ? AND link <> 'free'",
        (day.isoformat(), f"{day:%Y-%m}-01", f"{day:%Y-%m}-31"),
    ).fetchone()
    return Used(day, row["day_bytes"], row["month_bytes"])


def between(conn: Connection, first: date, last: date) -> list[Hour]:
    """Return what arrived from `first` to `last`, both included, hour by hour."""
    rows = conn.execute(
        "SELECT day, hour, link, bytes FROM usage WHERE day BETWEEN ? AND ? ORDER BY day, hour, link",
        (first.isoformat(), last.isoformat()),
    )
    return [Hour(date.fromisoformat(row["day"]), row["hour"], Link(row["link"]), row["bytes"]) for row in rows]


def speed(conn: Connection, day: date) -> int | None:
    """Return the speed of the internet in bytes per second, as measured up to a local day, or None."""
    row = conn.execute(
        "SELECT sum(bytes) AS bytes, sum(milliseconds) AS milliseconds FROM (SELECT bytes, milliseconds FROM usage"
        " WHERE link <> 'free' AND day <= ? ORDER BY day DESC, hour DESC LIMIT ?)",
        (day.isoformat(), SPEED_HOURS),
    ).fetchone()
    if not row["milliseconds"] or row["bytes"] < LEAST_SPEED_BYTES:
        return None
    return max(1, int(row["bytes"]) * 1000 // int(row["milliseconds"]))
