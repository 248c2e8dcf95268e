"""What was counted in a day, month or year, part by part, with its gaps; and what was read most.

True always: a part in which the kiosk was off, or did not know the time, is a gap and never a nought.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from kiosk.clock import Reading
from kiosk.errors import NotFound
from kiosk.store import books, clock, counts, items, papers
from kiosk.store.counts import Kind, Numbers
from kiosk.store.db import Connection

NAME = re.compile(r"20\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
YEAR = 4
MOST = 10
"""So many of what was read or sought most are told."""
KINDS = ("course", "document", "notice")


@dataclass(frozen=True)
class Period:
    """A year, month or day, by its name: 2026, 2026-11 or 2026-11-24."""

    name: str

    @property
    def first(self) -> date:
        """Its first day."""
        return date.fromisoformat((self.name + "-01-01")[:10])

    @property
    def before(self) -> Period:
        """The one before it."""
        return Period((self.first - timedelta(days=1)).isoformat()[: len(self.name)])

    @property
    def after(self) -> Period:
        """The one after it."""
        longest = {YEAR: 366, counts.MONTH: 31, counts.DAY: 1}[len(self.name)]
        return Period((self.first + timedelta(days=longest)).isoformat()[: len(self.name)])

    @property
    def length(self) -> int:
        """How long the names of its parts are."""
        return {YEAR: counts.MONTH, counts.MONTH: counts.DAY, counts.DAY: counts.HOUR}[len(self.name)]

    def parts(self, zone: ZoneInfo) -> list[str]:
        """Return the names of its months, days or hours; an hour that the clocks skip is none."""
        if len(self.name) == YEAR:
            return [f"{self.name}-{month:02}" for month in range(1, 13)]
        if len(self.name) == counts.MONTH:
            days = (self.after.first - self.first).days
            return [(self.first + timedelta(days=each)).isoformat() for each in range(days)]
        day = datetime.combine(self.first, datetime.min.time(), zone)
        hours = [day.replace(hour=hour) for hour in range(24)]
        return [f"{each:%Y-%m-%d %H}" for each in hours if each.astimezone(UTC).astimezone(zone).hour == each.hour]


class State(StrEnum):
    """Whether there are numbers of a part: there are; the kiosk was off; or it was not there yet, or is to come."""

    KNOWN = "known"
    GAP = "gap"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Part:
    """A month, day or hour of a period, with its numbers."""

    name: str
    state: State
    numbers: Numbers


@dataclass(frozen=True)
class Report:
    """A period: its parts, and the numbers of all of it.

    `doubted` are those at a time nobody vouches for; `folded` tells that only the month is still known.
    """

    period: Period
    parts: tuple[Part, ...]
    total: Numbers
    doubted: Numbers
    folded: bool


@dataclass(frozen=True)
class Top:
    """Something that there was most of, and how often: its title, and whether members alone may read it."""

    title: str
    number: int
    members_only: bool = False


def period(name: str) -> Period:
    """Return a period by its name.

    Raises:
        NotFound: there is no such day, month or year.
    """
    try:
        if NAME.fullmatch(name):
            date.fromisoformat((name + "-01-01")[:10])
            return Period(name)
    except ValueError:
        pass
    raise NotFound(f"there is no day, month or year {name}")


def now(conn: Connection, at: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time, not before what is known to be past, whatever the machine's clock says."""
    return clock.now(conn, Reading(at, vouched=False)).at.astimezone(zone)


def read(conn: Connection, wanted: Period, local: datetime) -> Report:
    """Return the report of a period.

    Args:
        local: what `now` returned.
    """
    zone = local.tzinfo if isinstance(local.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    # One look at all rows: a year's are many. "2026-11-" and "2026-11?" are told apart by one sign more than the month.
    rows = counts.sums(conn, wanted.name, max(wanted.length, counts.MONTH + 1))
    found = _together(rows, wanted.length)
    folded = counts.is_there(conn, wanted.name[: counts.MONTH])
    first = counts.first(conn)[: wanted.length]
    last = f"{local:%Y-%m-%d %H}"[: wanted.length]

    def state(name: str) -> State:
        if name in found or name == last:
            return State.KNOWN
        return State.GAP if first and first <= name < last and not folded else State.OUTSIDE

    parts = tuple(Part(name, state(name), found.get(name, {})) for name in wanted.parts(zone))
    total = _together(rows, len(wanted.name)).get(wanted.name, {})
    doubted = _together({name: numbers for name, numbers in rows.items() if name.endswith("?")}, 0).get("", {})
    return Report(wanted, parts, total, doubted, folded)


def _together(rows: Mapping[str, Numbers], length: int) -> dict[str, Numbers]:
    found: dict[str, Numbers] = {}
    for name, numbers in rows.items():
        whole = found.setdefault(name[:length], {})
        for kind, number in numbers.items():
            whole[kind] = whole.get(kind, 0) + number
    return found


def sections(conn: Connection, wanted: Period) -> list[tuple[str, int]]:
    """Return the pages by section, the most first."""
    return counts.most(conn, wanted.name, Kind.PAGES, 20)


def words(conn: Connection, wanted: Period) -> list[tuple[str, int]]:
    """Return what was searched for and not found, with the days on which it was."""
    return counts.most(conn, wanted.name, Kind.WORDS, 2 * MOST)


def most_read(conn: Connection, generation: int, wanted: Period, language: str) -> list[Top]:
    """Return what was read most, with its title in that language where there is one; what is gone is left out."""
    titles: dict[str, str] = {}
    for kind in KINDS:
        for item in items.of_kind(conn, generation, kind):
            name = f"{kind}:{item.pack}/{item.item}"
            if name not in titles or item.language == language:
                titles[name] = item.title
    titles |= {f"book:{book.name}": book.item.title for book in books.all_of(conn, generation)}
    found: list[Top] = []
    for what, number in counts.most(conn, wanted.name, Kind.READ, 5 * MOST):
        top = _paper(conn, what, number) if what.startswith("paper:") else Top(titles.get(what, ""), number)
        if top.title:
            found.append(top)
    return found[:MOST]


def _paper(conn: Connection, what: str, number: int) -> Top:
    try:
        found = papers.get(conn, int(what.removeprefix("paper:")))
    except NotFound:
        return Top("", number)
    return Top(found.versions[0].title, number, found.members_only)
