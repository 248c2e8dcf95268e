"""The editions as ZIMs, by the real zimwriterfs: with its full-text index, and without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kiosk.packs import zim
from tests.benchmarks.book_search.books import bind
from tests.benchmarks.updates.trees import Series

FORMS: dict[str, tuple[str, ...]] = {"with index": (), "without": ("--withoutFTIndex",)}


@dataclass(frozen=True)
class Editions:
    """The ZIMs of one book, in one of the forms, the oldest first; what is measured begins at number `start`."""

    files: tuple[Path, ...]
    start: int

    @property
    def old(self) -> Path:
        return self.files[self.start]

    @property
    def new(self) -> Path:
        return self.files[self.start + 1]


def editions(series: Series, form: str, cache: Path) -> Editions:
    """Return the ZIMs of a series, made where they are not there; of those without an index only the pair."""
    chosen = series.folders if form == "with index" else series.folders[series.start : series.start + 2]
    files = []
    for folder in chosen:
        file = cache / "zims" / form.replace(" ", "-") / series.name / f"{folder.name}.zim"
        bind(folder, file, series.name, "en", (*FORMS[form], "--threads=2"))
        files.append(file)
    return Editions(tuple(files), series.start if form == "with index" else 0)


def entries(file: Path) -> int:
    """Return how many entries a ZIM has."""
    with file.open("rb") as opened:
        return zim.read_header(opened, str(file)).entries
