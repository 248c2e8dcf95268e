"""The peers on a ZIM: those that bring a folder up to date, of one file, and those that know the old file.

Of a program whose difference is a file only that file is counted, no protocol, as if fetching it cost nothing more.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.benchmarks.books.zims import Editions
from tests.benchmarks.updates import peers
from tests.benchmarks.updates.floors import FLOORS, difference
from tests.benchmarks.updates.measure import ToolFailed, run
from tests.benchmarks.updates.trees import DAY, FIRST_DAY, Series

FILE = "book.zim"
SMALL_BLOCK = "--block-size=1024"
MOST_SECONDS = 1800
"""How long a program may take for one pair; more is none for a publisher with a hundred books."""
BY_FOLDER: dict[str, peers.Peer] = {
    "rsync": peers.rsync,
    "rsync, small blocks": partial(peers.rsync, more=(SMALL_BLOCK,)),
    "zsync": peers.zsync_tar,
    "casync 64K": peers.casync_64k,
    "casync 16K": peers.casync_16k,
    "zchunk": peers.zchunk,
}


@dataclass
class Rivals:
    """Bytes for the update by peer, and what was said of those that could not do it."""

    bytes: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def best(self) -> str:
        """The name of the one that needs the fewest."""
        return min(self.bytes, key=lambda name: self.bytes[name])


def rivals(editions: Editions, work: Path, told: Callable[[str], None]) -> Rivals:
    """Measure every peer from the old edition to the new one; a peer is only counted if it got there."""
    found = Rivals()
    series = _folders(editions, work)
    for name, peer in BY_FOLDER.items():
        _measured(found, name, partial(_total, peer, series), work, told)
    for name in FLOORS:
        act = partial(difference, name, editions.old, editions.new, most_seconds=MOST_SECONDS)
        _measured(found, name, act, work, told)
    _measured(found, "zimdiff", partial(_zimdiff, editions), work, told)
    return found


def _total(peer: peers.Peer, series: Series, scratch: Path) -> int:
    return peer(series, scratch).total_bytes


def _folders(editions: Editions, work: Path) -> Series:
    # The times differ, or rsync would not look at the file.
    folders = (work / "old", work / "new")
    for number, (folder, file) in enumerate(zip(folders, (editions.old, editions.new), strict=True)):
        folder.mkdir()
        shutil.copyfile(file, folder / FILE)
        os.utime(folder / FILE, (FIRST_DAY + number * DAY,) * 2)
        os.utime(folder, (FIRST_DAY, FIRST_DAY))
    return Series("book", "", folders)


def _measured(
    found: Rivals, name: str, act: Callable[[Path], int], work: Path, told: Callable[[str], None]
) -> None:  # fmt: skip
    told(name)
    scratch = work / "peer"
    scratch.mkdir()
    try:
        found.bytes[name] = act(scratch)
    except ToolFailed as error:
        found.refused[name] = " ".join(str(error).split())[-140:]
    shutil.rmtree(scratch)


def _zimdiff(editions: Editions, scratch: Path) -> int:
    patch, out = scratch / "patch.zim", scratch / "out.zim"
    run(["zimdiff", editions.old, editions.new, patch], most_seconds=MOST_SECONDS)
    told = run(["zimpatch", editions.old, patch, out], most_seconds=MOST_SECONDS).output
    if not out.is_file() or not out.stat().st_size:
        raise ToolFailed(f"patch of {patch.stat().st_size:,} bytes; zimpatch: {told.strip().splitlines()[-1].strip()}")
    return patch.stat().st_size
