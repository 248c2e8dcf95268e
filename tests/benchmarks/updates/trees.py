"""Folders of files as the benchmark compares them: versions of one thing, plain files only.

True always: a file that did not change from one version to the next keeps its time (the best case for rsync, which then
looks at it no closer), and archives are made so that they differ by nothing but content (the best case for the floor).
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.updates.measure import run

FIRST_DAY, DAY = 1_600_000_000, 86_400


@dataclass(frozen=True)
class Series:
    """Successive versions of one folder, the oldest first; what is measured is the update from number `start` on."""

    name: str
    told: str
    """Where it is from and what changed, for the table's foot."""
    folders: tuple[Path, ...]
    start: int = 0

    @property
    def old(self) -> Path:
        return self.folders[self.start]

    @property
    def new(self) -> Path:
        return self.folders[self.start + 1]


Made = Mapping[str, Callable[[Path], Series | None]]
"""Makes each series in a cache folder; None when its packages can not be had in two versions now."""


def chosen(made: Made, names: Iterable[str], cache: Path, told: Callable[[str], None]) -> Iterator[Series]:
    """Yield the series of these names (all, if there are none), made as they are asked for; `told` is told of each."""
    for name in names or made:
        told(f"{name}: fetching and making its versions")
        series = made[name](cache.resolve())
        if series is None:
            told(f"{name}: left out, its packages can not be had in two versions")
        else:
            yield series


def take(source: Path, target: Path, wanted: Callable[[Path], bool]) -> None:
    """Copy the plain files of a folder for which `wanted` (given the path inside) is true; links are left out."""
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_file() and not path.is_symlink() and wanted(inside):
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / inside)


def settle(folders: tuple[Path, ...]) -> None:
    """Give every file the time of the version in which it last changed."""
    for number, folder in enumerate(folders):
        for path in folder.rglob("*"):
            before = folders[number - 1] / path.relative_to(folder) if number else path
            time = FIRST_DAY + number * DAY
            if number and path.is_file() and before.is_file() and filecmp.cmp(before, path, shallow=False):
                time = int(before.stat().st_mtime)
            os.utime(path, (time, time) if path.is_file() else (FIRST_DAY, FIRST_DAY))


def archive(folder: Path, target: Path) -> Path:
    """Write a folder as a tar that says nothing but paths and bytes; keeps one that is there already."""
    if not target.exists():
        still = [
            "--sort=name",
            f"--mtime=@{FIRST_DAY}",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--mode=u=rwX,go=rX",
        ]
        run(["tar", *still, "-cf", target.with_suffix(".part"), "-C", folder, "."])
        target.with_suffix(".part").rename(target)
    return target


def changed_files(series: Series) -> tuple[int, int]:
    """Return how many files the update changes, adds or removes, and how many the new version has."""
    old, new = ({p.relative_to(f): p for p in f.rglob("*") if p.is_file()} for f in (series.old, series.new))
    same = sum(1 for path in old.keys() & new.keys() if filecmp.cmp(old[path], new[path], shallow=False))
    return len(old.keys() | new.keys()) - same, len(new)
