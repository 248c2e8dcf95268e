"""A whole sync over links that fail, metadata and all: what it costs beyond the need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kiosk.publish.build import build
from kiosk.sync.agent import Agent
from kiosk.sync.mirrors import HttpMirror
from tests.making import CHANNEL, Village, book_recipe, no_books, zim_bytes
from tests.sync.origin import HASTY, Origin, noise
from tests.sync.proxy import Fault, Proxy, proxy

PACK_BYTES = 5_000_000


@contextmanager
def federation(village: Village, **link: float) -> Iterator[Proxy]:
    """Serve the federation's repository over a link."""
    origin = Origin(village.folder / "server")
    origin.state.mkdir()
    origin.folder.symlink_to(village.repository.folder)
    with origin.serve() as url, proxy(url, drip_seconds=0.01, **link) as running:
        yield running


def release_a_book(village: Village, size: int = PACK_BYTES) -> None:
    """Release a pack whose bytes do not compress."""
    recipe = book_recipe(village.folder / "book", zim_bytes(noise(size)))
    village.repository.release([build(recipe, village.folder / "built", no_books)], CHANNEL)


def needed_bytes(village: Village, link: Proxy) -> int:
    """Return what lies in the repository of all that was asked for, each counted once."""
    files = {village.repository.folder / path.removeprefix("/") for path, _ in link.counts.requests}
    return sum(file.stat().st_size for file in files if file.is_file())


def sync(village: Village, link: Proxy) -> int:
    """Sync as often as it takes, as the timer does, and return how often that was."""
    for tries in range(1, 50):
        mirror = HttpMirror(link.url, patience=HASTY)
        outcome = Agent(village.config, [mirror], village.clock, wait=lambda seconds: None).run()
        if outcome.generation:
            return tries
    raise AssertionError("it never came")


def test_a_5_mb_pack_arrives_through_a_cut_every_10_seconds(village: Village) -> None:
    """The bytes of 10 seconds at 200 kbit/s between cuts, 80 times as fast; slowly: tests/benchmarks/link.py."""
    release_a_book(village)
    with federation(village, cut_every=250_000, rate_bits=16e6, delay_seconds=0.0075) as link:
        sync(village, link)
        assert link.cuts == 20
        needed = needed_bytes(village, link)
        assert needed > PACK_BYTES
        assert link.counts.body_bytes <= 1.02 * needed
        assert link.counts.body_bytes + link.counts.head_bytes <= 1.02 * needed


@pytest.mark.parametrize(
    "kind", ["reset", "truncate", "stall", "ignore_range", "login", "drip", "flip", "refuse", "wrong_range", "pack"]
)
def test_blobs_arrive_whatever_the_link_does(village: Village, kind: str) -> None:
    release_a_book(village, 2_000_000)
    with federation(village) as link:
        link.faults = [Fault(kind, at=100, path="/blobs/", times=2)]  # type: ignore[arg-type]
        sync(village, link)
    (book,) = (village.state.current.resolve() / "book").rglob("*.zim")
    assert book.stat().st_size > 2_000_000
