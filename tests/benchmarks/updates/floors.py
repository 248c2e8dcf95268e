"""The floor: general delta programs over the whole tar, for a base that is known; and the whole, compressed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.updates.measure import run
from tests.benchmarks.updates.trees import Series, archive

Floor = Callable[[Path, Path, Path], object]
"""Writes the difference of two files into a third."""


def _xdelta3(old: Path, new: Path, out: Path) -> None:
    window = str(1 << (max(old.stat().st_size, 1 << 20) - 1).bit_length())
    run(["xdelta3", "-f", "-9", "-S", "lzma", "-B", window, "-W", str(16 << 20), "-e", "-s", old, new, out])


def _zstd(old: Path, new: Path, out: Path) -> None:
    run(["zstd", "-q", "-f", "--ultra", "-22", f"--patch-from={old}", new, "-o", out])


def _bsdiff(old: Path, new: Path, out: Path) -> None:
    run(["bsdiff", old, new, out])


FLOORS: dict[str, Floor] = {"xdelta3": _xdelta3, "zstd --patch-from": _zstd, "bsdiff": _bsdiff}


def floors(series: Series, work: Path) -> dict[str, int]:
    """Return the bytes of the difference by each program; nothing else is counted, so no protocol can be below."""
    old, new = archive(series.old, work / "old.tar"), archive(series.new, work / "new.tar")
    found = {}
    for name, write in FLOORS.items():
        out = work / f"floor-{name.split()[0]}"
        write(old, new, out)
        found[name] = out.stat().st_size
        out.unlink()
    return found


def whole(folder: Path, work: Path) -> int:
    """Return the bytes of `tar | zstd -19 --long=27`, what a first install is held against."""
    tar = archive(folder, work / "whole.tar")
    run(["zstd", "-q", "-f", "-19", "--long=27", tar, "-o", work / "whole.zst"])
    tar.unlink()
    return (work / "whole.zst").stat().st_size
