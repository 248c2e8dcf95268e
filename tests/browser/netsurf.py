"""NetSurf, driven as a person does: by looking for fields and buttons on its screen, clicking and typing.

It has no language to be driven by, so it runs on a screen in memory (Xvfb) that is as tall as a page, and is found the
colours of our style sheet: the border of a field, the green of a button.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT, TOOLBAR = 480, 5000, 32
FIELD, BUTTON = (0x94, 0x8A, 0x74), (0x1F, 0x6F, 0x54)
LEAST_FIELD, LEAST_BUTTON = 120, 40
"""Pixels in a row of one colour that make a field's edge, or a button."""
WAIT_SECONDS = 30


@dataclass(frozen=True)
class Box:
    """A rectangle on the screen."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def middle(self) -> tuple[int, int]:
        """Where to click."""
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2


@dataclass
class Screen:
    """A screen in memory, and the file that holds its pixels."""

    display: str
    file: Path
    home: Path

    def rows(self) -> list[bytes]:
        """Return the rows of pixels, four bytes each: blue, green, red, nothing."""
        data = self.file.read_bytes()
        header = struct.unpack(">25I", data[:100])
        size, bytes_a_line, colours = header[0], header[12], header[19]
        start = size + colours * 12
        return [data[at : at + WIDTH * 4] for at in range(start, start + HEIGHT * bytes_a_line, bytes_a_line)]

    def environment(self) -> dict[str, str]:
        """Return what a program needs to be on this screen, with a home of its own."""
        return os.environ | {"DISPLAY": self.display, "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home)}

    def press(self, *words: str | int) -> None:
        """Move, click or type, in the words of xdotool."""
        subprocess.run(["xdotool", *map(str, words)], env=self.environment(), check=True, timeout=30)


@contextmanager
def screen(folder: Path) -> Iterator[Screen]:
    """A screen of its own for each browser."""
    folder.mkdir(mode=0o700)
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", str(folder)]
    process = subprocess.Popen(
        [*command, "-nolisten", "tcp", "-noreset"],
        pass_fds=(writing,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    assert number, "Xvfb did not start (apt-get install xvfb)"
    try:
        yield Screen(f":{number}", folder / "Xvfb_screen0", folder)
    finally:
        process.terminate()
        process.wait(30)


class NetSurf:
    """One window on one page."""

    def __init__(self, on: Screen, url: str) -> None:
        assert shutil.which("netsurf-fb"), "NetSurf is not installed (apt-get install netsurf-fb)"
        self.screen = on
        log = (on.home / "netsurf.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                ["netsurf-fb", "-f", "x", "-w", str(WIDTH), "-h", str(HEIGHT), url],
                env=on.environment(), stdout=log, stderr=log,
            )  # fmt: skip

    def close(self) -> None:
        """End it; it must still be alive, for a page may not bring it down."""
        alive = self.process.poll() is None
        self.process.terminate()
        self.process.wait(30)
        assert alive, self.last_words()

    def last_words(self) -> str:
        """Return what it said before it died, and of what: a negative number is a signal."""
        said = (self.screen.home / "netsurf.log").read_text(errors="replace")
        return f"NetSurf died ({self.process.returncode}): {said[-2000:]}"

    def until_still(self) -> list[bytes]:
        """Return the rows of the screen when the page is drawn and nothing moves any more."""
        before: list[bytes] = []
        ends = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < ends:
            assert self.process.poll() is None, self.last_words()
            rows = self.screen.rows()
            if rows == before and boxes(rows, BUTTON, LEAST_BUTTON):
                return rows
            before = rows
            time.sleep(0.4)
        raise AssertionError("the page is not drawn")

    def fields(self) -> list[Box]:
        """Return the fields to type in, from the top."""
        return [box for box in boxes(self.until_still(), FIELD, LEAST_FIELD) if box.bottom - box.top > 20]

    def buttons(self) -> list[Box]:
        """Return the green buttons, from the top; the head of the page is as wide as the page, and none."""
        found = boxes(self.until_still(), BUTTON, LEAST_BUTTON)
        return [box for box in found if box.bottom - box.top > 20 and box.top > TOOLBAR + 100]

    def click(self, box: Box) -> None:
        """Click in the middle of a box."""
        x, y = box.middle
        self.screen.press("mousemove", x, y, "sleep", "0.2", "click", 1, "sleep", "0.2")

    def type(self, box: Box, text: str) -> None:
        """Click on a field and type."""
        self.click(box)
        self.screen.press("type", "--delay", "20", text)


def boxes(rows: list[bytes], colour: tuple[int, int, int], least: int) -> list[Box]:
    """Return the rectangles whose top edge is at least `least` pixels of one colour, from the top, left to right."""
    pixel = bytes(reversed(colour))
    found: list[Box] = []
    for y, row in enumerate(rows[TOOLBAR:], TOOLBAR):
        for left, right in _runs(row, pixel, least):
            place = next((n for n, box in enumerate(found) if _reaches(rows, box, Box(left, y, right, y), pixel)), None)
            if place is None:
                found.append(Box(left, y, right, y))
            else:
                found[place] = Box(left, found[place].top, right, y)
    return found


def _runs(row: bytes, colour: bytes, least: int) -> Iterator[tuple[int, int]]:
    start = None
    if colour not in row:
        return
    for x in range(WIDTH + 1):
        if x < WIDTH and row[4 * x : 4 * x + 3] == colour:
            start = x if start is None else start
        elif start is not None:
            if x - start >= least:
                yield start, x - 1
            start = None


def _reaches(rows: list[bytes], box: Box, edge: Box, colour: bytes) -> bool:
    """Tell whether an edge further down belongs to a box: a box has one left edge, from its top to its bottom."""
    if abs(box.left - edge.left) > 2 or abs(box.right - edge.right) > 2:
        return False
    return all(row[4 * edge.left : 4 * edge.left + 3] == colour for row in rows[box.bottom : edge.top])
