"""A real card that fills up at each stage of a sync, in bytes or in files: told, harmless, mended by making room."""

from __future__ import annotations

import gc
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from kiosk.errors import NoSpace
from tests.faults import tracing, verdict
from tests.faults.conftest import Stage, how_many, later_sync_ends_well, report
from tests.faults.scene import Kiosk

CARD_BYTES = 192 * 1024 * 1024
BLOCK_BYTES = 4096


class Card:
    """A file system of its own with little room."""

    def __init__(self, folder: Path) -> None:
        self._image = folder / "card.img"
        self.folder = folder / "card"

    def mount(self) -> None:
        """Make it; needs root."""
        self.folder.mkdir()
        self._image.touch()
        os.truncate(self._image, CARD_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-N", "2048", self._image], check=True)
        subprocess.run(["mount", "-o", "loop", self._image, self.folder], check=True)

    def unmount(self) -> None:
        """Take it out."""
        gc.collect()  # an error that a test expected keeps the files open that were open then
        subprocess.run(["umount", self.folder], check=True)

    def used(self) -> tuple[int, int]:
        """Return how many bytes and how many files are used."""
        status = os.statvfs(self.folder)
        return (status.f_blocks - status.f_bfree) * status.f_frsize, status.f_files - status.f_ffree

    def fill(self, left_bytes: int) -> None:
        """Leave room for so many bytes."""
        for number in count():
            status = os.statvfs(self.folder)
            more = status.f_bavail * status.f_frsize - left_bytes
            if more < status.f_frsize or number == 20:
                return
            with (self.folder / f"hog-{number}").open("wb") as hog, suppress(OSError):
                os.posix_fallocate(hog.fileno(), 0, more)

    def fill_files(self, left: int) -> None:
        """Leave room for so many files, whatever their bytes."""
        (self.folder / "hog-files").mkdir(exist_ok=True)
        for number in range(os.statvfs(self.folder).f_favail - left):
            (self.folder / "hog-files" / str(number)).touch()

    def make_room(self) -> None:
        """Take away what fills it."""
        subprocess.run(["rm", "-rf", *self.folder.glob("hog-*")], check=True)


@pytest.fixture(scope="module")
def card(stage: Stage) -> Iterator[Card]:
    if os.geteuid():
        pytest.skip("a card of its own can only be mounted by root")
    card = Card(stage.fresh_folder())
    card.mount()
    yield card
    card.unmount()


def cases(requests: int, need_bytes: int, need_files: int) -> list[tuple[str, int, int]]:
    """Return (bytes or files, at which request, how much is left then) for a sync that takes so much in all."""
    at_the_end = [("bytes", requests - 1, left) for left in range(0, need_bytes, 4 * BLOCK_BYTES)]
    at_the_end += [("files", requests - 1, left) for left in range(0, need_files, 4)]
    within = [(what, request, 0) for request in range(requests) for what in ("bytes", "files")]
    return within + at_the_end


@pytest.mark.parametrize(("path", "version"), [("", 1), ("1", 2)], ids=["first-install", "update"])
def test_a_card_that_fills_up_is_told_and_the_old_is_served(stage: Stage, card: Card, path: str, version: int) -> None:
    asked: list[str] = []
    stage.server.before = asked.append
    kiosk = stage.kiosks[path].copy(card.folder / "kiosk")
    kiosk.follow(stage.scene.mirror(version))
    before = card.used()
    stage.sync(kiosk)
    found = cases(len(asked), *(after - one for after, one in zip(card.used(), before, strict=True)))
    kiosk.remove()
    chosen = tracing.spread(found, max(2, how_many(2 * len(found)) // 6))
    ends = {True: 0, False: 0}

    def judge(case: tuple[str, int, int]) -> str | None:
        kiosk = stage.kiosks[path].copy(card.folder / "kiosk")
        kiosk.follow(stage.scene.mirror(version))
        code, told = filled_sync(stage, card, kiosk, case)
        ends[not code] += 1
        card.make_room()
        if code and (code != NoSpace.exit_code or "full" not in told or "what to do: " not in told):
            kiosk.remove()
            return f"{case}: exit code {code}: {told[-3000:]}"
        assert verdict.served(kiosk, stage.known) == (version - 1 if code else version), told
        later_sync_ends_well(stage, kiosk, version, (f"{path}{version}",))
        kiosk.remove()
        return None

    wrong = stage.each(chosen, judge, workers=1)
    report(
        f"sync to {version}, card filled up in {len(chosen)} of {len(found)} ways: "
        f"{ends[False]} too full, {ends[True]} had room, {len(wrong)} wrong"
    )
    assert not wrong, "\n".join(wrong[:20])


def filled_sync(stage: Stage, card: Card, kiosk: Kiosk, case: tuple[str, int, int]) -> tuple[int, str]:
    """Sync a kiosk whose card is filled up at a request; return the exit code and what was printed."""
    what, request, left = case
    numbers = count()

    def before(path: str) -> None:
        if next(numbers) == request:
            (card.fill if what == "bytes" else card.fill_files)(left)

    stage.server.before = before
    with stage.warm() as warm:
        ended = warm.run(kiosk.sync(), tracing.idling())
    stage.server.before = None
    return ended
