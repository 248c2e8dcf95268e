"""Power cuts: every write of a machine's disk is recorded, and the disk is rebuilt as a cut may have left it.

Owns: the reading of the log (the layout of Linux' `dm-log-writes`, written by the emulator's `blklogwrites`), and the
rule of what a disk with a cache of its own may lose: what was written before the last flush is there; of what came
after it nothing, all, any writes, or any sectors. A flush covers what was in the log before it. Not modelled: a card
that lies about a flush, or loses what it had.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from tests.appliance.running import need, run

SECTOR = 512
MAGIC = 0x6A736677736872
HEAD, ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD = 1, 2, 4
Loss = Literal["all", "none", "writes", "sectors"]
"""What of the writes after the last flush was lost."""
LOSSES: tuple[Loss, ...] = ("all", "none", "writes", "sectors")


@dataclass(frozen=True)
class Write:
    """One entry of the log: `size` bytes at `start` of the disk, whose content is at `place` in the log."""

    flags: int
    start: int
    size: int
    place: int


@dataclass(frozen=True)
class Recording:
    """A disk as it was when recording began, and the log of what was written since."""

    before: Path
    log: Path

    def drive(self, disk: Path) -> str:
        """Return the emulator's description of a disk that is recorded; `disk` is what it writes to."""
        return (
            f"driver=blklogwrites,node-name=recorded,file.driver=file,file.filename={disk},"
            f"log.driver=file,log.filename={self.log},log-sector-size={SECTOR},log-super-update-interval=1"
        )

    def position(self) -> int:
        """Return how many entries there are by now; what a guest was told was kept before is in them."""
        with self.log.open("rb") as file:
            magic, version, count, sector = HEAD.unpack(file.read(HEAD.size))
        if (magic, version, sector) != (MAGIC, 1, SECTOR):
            assert (magic, count) == (0, 0), f"{self.log} is no log that we know: {magic:x} {version} {sector}"
        return int(count)

    def writes(self) -> list[Write]:
        """Return the entries, the first first, up to one that the emulator was still writing when it was killed.

        Such a one has no head, so that nobody knows where the next begins. It was not flushed: a disk as it was before
        it is one that the cut may have left.
        """
        found, place = [], SECTOR
        with self.log.open("rb") as file:
            for _ in range(self.position()):
                file.seek(place)
                sector, sectors, flags, _ = ENTRY.unpack(file.read(ENTRY.size))
                if not sectors and not flags:
                    break
                place += SECTOR
                found.append(Write(flags, sector * SECTOR, sectors * SECTOR, place))
                place += 0 if flags & DISCARD else found[-1].size
        return found


def recording(folder: Path, disk: Path) -> tuple[Recording, Path]:
    """Prepare to record a disk; returns the recording and the copy that is to be written to."""
    found = Recording(disk, folder / "writes.log")
    with found.log.open("wb") as file:
        os.truncate(file.fileno(), SECTOR)
    copy = folder / "recorded.disk"
    _copy(disk, copy)
    return found, copy


def options(found: Recording, disk: Path) -> list[str]:
    """Return what the emulator is told to have the disk, with a cache that a flush empties."""
    return [
        "-blockdev",
        found.drive(disk),
        "-device",
        "virtio-blk-pci,drive=recorded,write-cache=on,serial=recorded",
    ]


class Rebuilding:
    """Disks after cuts, rebuilt in `folder`. Cuts must come in rising order: each begins where the last one was."""

    def __init__(self, found: Recording, folder: Path) -> None:
        self._writes = found.writes()
        self._log = found.log
        self._kept, self._state = folder / "kept.disk", folder / "state.disk"
        self._done = 0
        _copy(found.before, self._kept)

    @property
    def cuts(self) -> int:
        """How many entries there are: a cut may be before the first (0), and after each."""
        return len(self._writes)

    def after(self, cut: int, loss: Loss, random: Random) -> Path:
        """Return the disk as it is when the power goes after `cut` entries; the next takes its place."""
        flushes = [number for number in range(cut) if self._writes[number].flags & (FLUSH | FUA)]
        kept = flushes[-1] + 1 if flushes else 0
        assert kept >= self._done, "cuts must come in rising order"
        self._apply(self._kept, self._writes[self._done : kept])
        self._done = kept
        _copy(self._kept, self._state)
        self._apply(self._state, _left(self._writes[kept:cut], loss, random))
        return self._state

    def _apply(self, disk: Path, writes: Sequence[Write]) -> None:
        with disk.open("r+b") as to, self._log.open("rb") as log:
            for write in writes:
                log.seek(write.place)
                to.seek(write.start)
                to.write(bytes(write.size) if write.flags & DISCARD else log.read(write.size))


def _left(writes: Sequence[Write], loss: Loss, random: Random) -> list[Write]:
    """Return what of unflushed writes is there."""
    if loss == "all":
        return []
    if loss == "none":
        return list(writes)
    if loss == "writes":
        return [write for write in writes if random.random() < 0.5]
    return [each for write in writes for each in _sectors(write) if random.random() < 0.5]


def _sectors(write: Write) -> Iterator[Write]:
    for offset in range(0, write.size, SECTOR):
        place = write.place if write.flags & DISCARD else write.place + offset
        yield Write(write.flags, write.start + offset, SECTOR, place)


def repaired(disk: Path) -> None:
    """Repair a file system as the kiosk does at boot, and be sure that it needs no more.

    Raises:
        AssertionError: it is broken in a way that no start repairs by itself.
    """
    need("e2fsck")
    # As `provisioning/roles/storage` has it done: a superblock that was torn is taken from its copy.
    run("sh", "-c", 'e2fsck -fy "$1"; [ $? -le 1 ]', "e2fsck", disk, seconds=300)
    run("e2fsck", "-fn", disk, seconds=300)


@contextmanager
def mounted(disk: Path, at: Path) -> Iterator[Path]:
    """Mount a disk, its journal is played back."""
    need("mount", "umount")
    at.mkdir(exist_ok=True)
    run("mount", "-o", "loop,noatime", disk, at)
    try:
        yield at
    finally:
        run("umount", at)


def _copy(disk: Path, to: Path) -> None:
    need("cp")
    to.unlink(missing_ok=True)
    run("cp", "--sparse=always", disk, to, seconds=300)
    assert shutil.disk_usage(to).free > 1 << 30, "less than 1 GB is free: disks can not be rebuilt here"
