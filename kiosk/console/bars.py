"""Bars of a report as shapes of an inline SVG: what is known as bars, what is not as gaps.

Pure. True always: every length is a number of the picture's own units, so a template needs no style; the highest bar
ends below the top, and anything above nought can be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.store.reports import State

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 360, 170, 8, 18, 20
LEAST = 1.5
FEWEST_BETWEEN = 36
"""Labels stand at least so far apart."""


@dataclass(frozen=True)
class Bar:
    """A bar, or a gap as high as the picture; `label` stands under it, "" for none."""

    x: float
    y: float
    width: float
    height: float
    gap: bool
    told: str
    label: str

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Picture:
    """Bars with the number that the line above them stands for."""

    bars: tuple[Bar, ...]
    top: int


def draw(values: Sequence[int], states: Sequence[State], labels: Sequence[tuple[str, str]]) -> Picture:
    """Return a picture of numbers.

    Args:
        values: a number of each part.
        states: whether it is known.
        labels: of each part the short name that stands under it, and the long one that is told.
    """
    top = round_up(max([0, *values]))
    step = (WIDTH - 2 * LEFT) / max(1, len(values))
    every = next((n for n in (1, 2, 3, 5, 6, 7) if n * step >= FEWEST_BETWEEN), 7)
    room = HEIGHT - TOP - BOTTOM
    bars = []
    for place, (value, state, (short, told)) in enumerate(zip(values, states, labels, strict=True)):
        gap = state is State.GAP
        height = room if gap else max(LEAST, value / top * room) if value else 0
        x, y = round(LEFT + place * step + step * 0.08, 1), round(TOP + room - height, 1)
        label = short if place % every == 0 else ""
        bars.append(Bar(x, y, round(step * 0.84, 1), round(height, 1), gap, told, label))
    return Picture(tuple(bars), top)


def round_up(value: int) -> int:
    """Return the least of 1, 2, 5, 10, 20, 50 … that is not below a number."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power >= value:
                return digit * power
        power *= 10
