"""Our own side: a publisher that releases a ZIM's editions entry by entry, and kiosks that sync from a counting server.

The kiosk is `kiosk sync run`, a program of its own: it fetches, writes the ZIM, and has it indexed by a process of its
own. Its cost is that of both; what the index takes alone is measured beside it.
"""

from __future__ import annotations

import glob
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk.packs import kinds
from kiosk.publish.build import build
from kiosk.store import book_index
from tests.benchmarks.books.rightness import Verdict, judged
from tests.benchmarks.books.zims import Editions
from tests.benchmarks.updates.measure import Run, run
from tests.benchmarks.updates.ours import KIOSK, Federation, by_kind
from tests.benchmarks.updates.peers import Transfer
from tests.making import no_books
from tests.sync.book_editions import write_book_recipe

FILE = Path("current/manual/manual/en/manual_en.zim")
LOOK_SECONDS = 0.02
WITHOUT_INDEX = (sys.executable, "-m", "tests.benchmarks.books.without_index")


@dataclass(frozen=True)
class Synced:
    """A sync: what it took, and by how much the files of the kiosk grew at most while it ran."""

    took: Transfer
    parts: dict[str, int]
    grown_bytes: int


@dataclass(frozen=True)
class Ours:
    """What the kiosk fetched and took: for a first install of the oldest edition, for the update that is measured, for
    a poll after it, for each hop between editions, and from the oldest to the newest at once (None: there are but two).
    """

    first: Synced
    update: Synced
    poll: Transfer
    hops: tuple[int, ...]
    direct: int | None
    book_bytes: int
    """Of the ZIM that the update made."""
    alone: tuple[Synced, Synced]
    """First install and update of a kiosk that indexes nothing."""
    index: Run
    """Its index made alone."""
    index_bytes: int
    written: Run
    """The same book read and written anew, nothing copied."""
    content_bytes: int
    """Of all entries of the book."""
    verdicts: list[Verdict]


def ours(editions: Editions, work: Path, told: Callable[[str], None]) -> Ours:
    """Release the editions one after the other, and measure kiosks on the way."""
    federation = Federation(work)
    found: list[Synced] = []
    alone: list[Synced] = []
    measured: tuple[Transfer, Path, list[Verdict]] | None = None
    for number, file in enumerate(editions.files):
        told(f"releasing {file.name}")
        signed = release(federation, file, number + 1, work)
        if number == 0:
            _synced(federation, "oldest")
        found.append(_synced(federation, "follower"))
        if number in (editions.start, editions.start + 1):
            alone.append(_synced(federation, "alone", WITHOUT_INDEX))
        if number == editions.start + 1:
            poll, _ = federation.sync("follower")
            book = work / "book.zim"
            shutil.copyfile(federation.state("follower") / FILE, book)
            told("holding the book against its source")
            measured = poll, book, judged(file, book, signed)
    assert measured is not None
    poll, book, verdicts = measured
    direct = _synced(federation, "oldest").took.total_bytes if len(found) > 2 else None
    hops = tuple(each.took.total_bytes for each in found[1:])
    told("indexing and writing alone")
    index = run([sys.executable, "-m", book_index.__name__, book, work / "index", "0"])
    written = run([sys.executable, "-m", "tests.benchmarks.books.writing", book, work / "again.zim"])
    return Ours(
        found[0], found[editions.start + 1], poll, hops, direct, book.stat().st_size,
        (alone[0], alone[1]), index, (work / "index").stat().st_size,
        written, int(written.output.split()[-1]), verdicts,
    )  # fmt: skip


def release(federation: Federation, file: Path, version: int, work: Path) -> str:
    """Build a pack of a ZIM, put it on the channel, and return the SHA-256 of the book that was signed with it."""
    recipe = write_book_recipe(work / "recipe", [file], version)
    built = build(recipe, work / "built", no_books)
    shutil.rmtree(recipe)
    federation.put(built)
    return str(built.manifest.items[0].attributes[kinds.LAID_OUT]["sha256"])


def _synced(federation: Federation, name: str, program: Sequence[str | Path] = (KIOSK,)) -> Synced:
    with _growth(federation.state(name)) as grown:
        took, traffic = federation.sync(name, program)
    return Synced(took, by_kind(traffic), max(grown))


@contextmanager
def _growth(folder: Path) -> Iterator[list[int]]:
    # Looks again and again at how much room the files take, those too that a program has open without a name.
    before, grown, ends = _room(folder), [0], threading.Event()

    def look() -> None:
        while not ends.wait(LOOK_SECONDS):
            grown[0] = max(grown[0], _room(folder) - before)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield grown
    finally:
        ends.set()
        watcher.join()


def _room(folder: Path) -> int:
    found: dict[int, int] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                told = os.lstat(os.path.join(place, name))  # noqa: PTH118 -- thousands of times a second
                found[told.st_ino] = told.st_blocks * 512
    for opened in glob.iglob("/proc/[0-9]*/fd/*"):  # noqa: PTH207 -- as above
        with suppress(OSError):
            if (name := os.readlink(opened)).startswith(str(folder)) and name.endswith("(deleted)"):  # noqa: PTH115
                told = os.stat(opened)  # noqa: PTH116
                found[told.st_ino] = told.st_blocks * 512
    return sum(found.values())
