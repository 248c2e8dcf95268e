"""How much was used: visits, pages, files, courses, searches and bytes, as numbers and nothing else.

Owns: the table `counts`, and which span of time a number belongs to. True always: numbers are only added, so a clock
that jumps back counts nothing twice; no row tells of one phone or person; what was counted while nobody vouched for the
clock belongs to a month, and to no hour of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from kiosk.clock import Now
from kiosk.store.db import Connection

KEPT_YEARS = 2
"""After so long hours become months."""
HOUR, DAY, MONTH = 13, 10, 7
"""How long the names of these spans are."""
AFTER = "~"
"""Comes after all that the name of a span goes on with."""


class Kind(StrEnum):
    """What is counted. `read` and `words` are kept by day, all else by hour."""

    VISITS = "visits"
    PAGES = "pages"
    FILES = "files"
    COURSES = "courses"
    SEARCHES = "searches"
    MISSED = "missed"
    BYTES = "bytes"
    MINUTES = "minutes"
    READ = "read"
    WORDS = "words"


BY_DAY = (Kind.READ, Kind.WORDS)
Numbers = dict[str, int]
"""A number by its kind."""


@dataclass(frozen=True)
class Counted:
    """A number: in which span, of which kind, and of what (a section, an item; "" where it is of nothing else)."""

    span: str
    kind: str
    what: str


def span_of(now: Now, zone: ZoneInfo) -> str:
    """Return the hour that a moment belongs to, by the village's clocks; its month where nobody vouches for it."""
    local = now.at.astimezone(zone)
    return f"{local:%Y-%m-%d %H}" if now.trusted else f"{local:%Y-%m}?"


def place(span: str, kind: str, what: str) -> Counted:
    """Return where a number is kept: what is kept by day loses the hour."""
    return Counted(span[:DAY] if kind in BY_DAY else span, kind, what)


def add(conn: Connection, numbers: Mapping[Counted, int]) -> None:
    """Add numbers, all above 0; to be called in a transaction."""
    conn.executemany(
        "INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number",
        [(key.span, key.kind, key.what, number) for key, number in numbers.items()],
    )


def first(conn: Connection) -> str:
    """Return the first span in which anything was counted, "" when nothing was."""
    row = conn.execute("SELECT min(span) AS span FROM counts").fetchone()
    return str(row["span"] or "")


def is_there(conn: Connection, span: str) -> bool:
    """Tell whether there are numbers of just this span."""
    return conn.execute("SELECT 1 FROM counts WHERE span = ? LIMIT 1", (span,)).fetchone() is not None


def sums(conn: Connection, prefix: str, length: int) -> dict[str, Numbers]:
    """Return the numbers of all spans whose names begin so, added up by the first `length` signs of the names.

    Minutes of an hour are at most 60, also when a clock went through it twice.
    """
    rows = conn.execute(
        "SELECT substr(span, 1, ?) AS part, kind,"
        " sum(iif(kind = 'minutes' AND length(span) = 13, min(number, 60), number)) AS number"
        " FROM counts WHERE span >= ? AND span < ? GROUP BY part, kind",
        (length, prefix, prefix + AFTER),
    )
    found: dict[str, Numbers] = {}
    for row in rows:
        found.setdefault(row["part"], {})[row["kind"]] = row["number"]
    return found


def most(conn: Connection, prefix: str, kind: Kind, limit: int) -> list[tuple[str, int]]:
    """Return of what there was most in the spans whose names begin so, with its number, the most first."""
    rows = conn.execute(
        "SELECT what, sum(number) AS number FROM counts WHERE span >= ? AND span < ? AND kind = ? AND what <> ''"
        " GROUP BY what ORDER BY number DESC, what LIMIT ?",
        (prefix, prefix + AFTER, kind, limit),
    )
    return [(row["what"], row["number"]) for row in rows]


def fold(conn: Connection, today: date) -> None:
    """Add up the months that are over for two years, and forget their hours, days, and the words that were sought."""
    before = f"{today.year - KEPT_YEARS}-{today:%m}"
    conn.execute(
        "INSERT INTO counts SELECT substr(span, 1, 7), kind, what, sum(number) FROM counts"
        " WHERE span < ? AND length(span) > 8 AND kind <> 'words' GROUP BY 1, 2, 3"
        " ON CONFLICT DO UPDATE SET number = number + excluded.number",
        (before,),
    )
    conn.execute("DELETE FROM counts WHERE span < ? AND (length(span) > 8 OR kind = 'words')", (before,))
