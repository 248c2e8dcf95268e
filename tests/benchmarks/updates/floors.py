"""The floor: general delta programs over the whole tar, for a base that is known; and the whole, compressed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.updates.measure import run
from tests.benchmarks.updates.trees import Series, archive

Floor = Callable[[Path, Path, Path], list[str | Path]]
"""Returns the command that writes the difference of two files into a third."""


def _xdelta3(old: Path, new: Path, out: Path) -> list[str | Path]:
    window = str(1 << (max(old.stat().st_size, 1 << 20) - 1).bit_length())
    return ["xdelta3", "-f", "-9", "-S", "lzma", "-B", window, "-W", str(16 << 20), "-e", "-s", old, new, out]


def _zstd(old: Path, new: Path, out: Path) -> list[str | Path]:
    return ["zstd", "-q", "-f", "--ultra", "-22", f"--patch-from={old}", new, "-o", out]


def _bsdiff(old: Path, new: Path, out: Path) -> list[str | Path]:
    return ["bsdiff", old, new, out]


FLOORS: dict[str, Floor] = {"xdelta3": _xdelta3, "zstd --patch-from": _zstd, "bsdiff": _bsdiff}


def floors(series: Series, work: Path) -> dict[str, int]:
    """Return the bytes of the difference by each program; nothing else is counted, so no protocol can be below."""
    old, new = archive(series.old, work / "old.tar"), archive(series.new, work / "new.tar")
    return {name: difference(name, old, new, work) for name in FLOORS}


def difference(name: str, old: Path, new: Path, work: Path, most_seconds: int | None = None) -> int:
    """Return the bytes of the difference of two files by one of `FLOORS`.

    Raises:
        ToolFailed: it failed, or took longer than `most_seconds`.
    """
    out = work / "difference"
    run(FLOORS[name](old, new, out), most_seconds=most_seconds)
    size = out.stat().st_size
    out.unlink()
    return size


def whole(folder: Path, work: Path) -> int:
    """Return the bytes of `tar | zstd -19 --long=27`, what a first install is held against."""
    tar = archive(folder, work / "whole.tar")
    run(["zstd", "-q", "-f", "-19", "--long=27", tar, "-o", work / "whole.zst"])
    tar.unlink()
    return (work / "whole.zst").stat().st_size
