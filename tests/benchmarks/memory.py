"""Memory of a sync whatever the size: an entry of 2 GB, and a pack of 200,000 entries (`make bench-memory`).

Each goes the whole way: built, released, fetched by `kiosk sync run` over HTTP and installed; the peak is that of the
kiosk's own process. The second pack then gets an update in which each hundredth entry is another.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tests.benchmarks.updates.ours import Federation
from tests.benchmarks.updates.peers import Transfer
from tests.benchmarks.updates.results import MEMORY_BYTES

WORK = Path("build/benchmarks/memory")
SEED = 20261126
LARGE_BYTES, PIECE_BYTES = 2_000_000_000, 1 << 20
ENTRIES, CHANGED = 200_000, 100
WORDS = ("member", "share", "field", "water", "maize", "seed", "loan", "meeting", "price", "road", "health", "school")


@click.command()
@click.option("--large-bytes", default=LARGE_BYTES, show_default=True, help="Size of the large entry.")
@click.option("--entries", default=ENTRIES, show_default=True, help="How many entries the other pack has.")
def main(large_bytes: int, entries: int) -> None:
    """Measure the peak memory of syncs of very large packs, and say whether it stays below the limit."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    peaks = [*_large(large_bytes), *_many(entries)]
    shutil.rmtree(WORK)
    sys.exit(0 if max(peaks) <= MEMORY_BYTES else 1)


def _large(size: int) -> Iterator[int]:
    folder = WORK / "large"
    folder.mkdir()
    seeded = random.Random(SEED)
    with (folder / "film.mp4").open("wb") as film:
        for start in range(0, size, PIECE_BYTES):
            film.write(seeded.randbytes(min(PIECE_BYTES, size - start)))
    federation = Federation(WORK / "large-federation")
    federation.release(folder, 1)
    yield _told(f"one entry of {size:,} bytes, first install", federation.sync("kiosk")[0])
    yield _told("the same, nothing new", federation.sync("kiosk")[0])
    shutil.rmtree(WORK / "large-federation")
    shutil.rmtree(folder)


def _many(entries: int) -> Iterator[int]:
    seeded = random.Random(SEED)
    folder = WORK / "many"
    for number in range(entries):
        _write(folder, number, seeded)
    federation = Federation(WORK / "many-federation")
    federation.release(folder, 1)
    yield _told(f"{entries:,} entries, first install", federation.sync("kiosk")[0])
    for number in range(0, entries, CHANGED):
        _write(folder, number, seeded)
    federation.release(folder, 2)
    yield _told(f"{entries:,} entries, update of every {CHANGED}th", federation.sync("kiosk")[0])
    yield _told(f"{entries:,} entries, nothing new", federation.sync("kiosk")[0])
    federation.check("kiosk", folder)


def _write(folder: Path, number: int, seeded: random.Random) -> None:
    path = folder / f"{number % 256:02x}" / f"entry-{number:06}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = " ".join(seeded.choices(WORDS, k=seeded.randint(20, 120)))
    path.write_text(f"<!DOCTYPE html><title>Entry {number}</title><p>{text}</p>\n")


def _told(what: str, took: Transfer) -> int:
    verdict = "PASS" if took.peak_bytes <= MEMORY_BYTES else "FAIL"
    click.echo(
        f"{verdict} line 4: {what}: {took.peak_bytes / 1e6:.1f} MB at most (limit {MEMORY_BYTES / 1e6:.0f}),"
        f" {took.cpu_seconds:.1f} s of processor, {took.total_bytes:,} bytes fetched"
    )
    return took.peak_bytes


if __name__ == "__main__":
    main()
