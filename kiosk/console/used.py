"""What the internet brought, day by day, as bars of a picture and rows of the table beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from kiosk.store import usage
from kiosk.store.db import Connection
from kiosk.store.usage import Link

WIDTH, HEIGHT = 600, 160
"""Of the picture, in its own units."""
BAR = 0.7
"""How much of its place a bar fills."""


@dataclass(frozen=True)
class Day:
    """A day: bytes over the internet, those of them over a metered link, those of sticks and neighbours; and its bar,
    in units of the picture.
    """

    day: date
    internet_bytes: int
    metered_bytes: int
    free_bytes: int
    x: float
    y: float
    width: float
    height: float
    metered_height: float


@dataclass(frozen=True)
class Picture:
    """The days, the oldest first; where the limit of a day is (None: not in it); the bytes of the whole height."""

    days: tuple[Day, ...]
    limit_y: float | None
    top_bytes: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def used(self) -> tuple[Day, ...]:
        """The days on which something came, the newest first."""
        return tuple(each for each in reversed(self.days) if each.internet_bytes or each.free_bytes)


def picture(conn: Connection, today: date, days: int, limit_bytes: int | None) -> Picture:
    """Return what came in the last `days` days, `today` included."""
    first = today - timedelta(days=days - 1)
    sums: dict[tuple[date, Link], int] = {}
    for hour in usage.between(conn, first, today):
        sums[hour.day, hour.link] = sums.get((hour.day, hour.link), 0) + hour.size_bytes
    paid = {day: sums.get((day, Link.INTERNET), 0) + sums.get((day, Link.METERED), 0) for day, _ in sums}
    # The limit is shown where it says something of the bars: not a hundred times above them.
    most = max(paid.values(), default=0)
    top = max(most, limit_bytes if limit_bytes and limit_bytes <= 4 * most else 0, 1)
    place = WIDTH / days
    found = []
    for n in range(days):
        day = first + timedelta(days=n)
        height = HEIGHT * paid.get(day, 0) / top
        metered = sums.get((day, Link.METERED), 0)
        bar = Day(
            day, paid.get(day, 0), metered, sums.get((day, Link.FREE), 0), round(place * (n + (1 - BAR) / 2), 1),
            round(HEIGHT - height, 1), round(place * BAR, 1), round(height, 1), round(HEIGHT * metered / top, 1),
        )  # fmt: skip
        found.append(bar)
    limit = round(HEIGHT - HEIGHT * limit_bytes / top, 1) if limit_bytes and limit_bytes <= top else None
    return Picture(tuple(found), limit, top)
