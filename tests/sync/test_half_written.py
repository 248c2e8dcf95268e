"""The writing of a book goes on where it was cut, and what a card lost in a cut is noticed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.errors import StoreError
from kiosk.packs import zim_packing, zim_writer
from kiosk.packs.zim_clusters import ZSTD
from kiosk.packs.zim_reader import Zim
from kiosk.sync import half_written
from kiosk.sync.objects import Drafts
from tests.sync.book_editions import pages
from tests.sync.cuts import Cut, cut_after, cut_in_book, cut_within, noted_room
from tests.sync.test_adoption import Hand
from tests.sync.test_books import Publisher, publisher

__all__ = ["publisher"]
NUMBER = 400


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every cluster put on the card by itself: the books of these tests are small."""
    monkeypatch.setattr(half_written, "CHECKPOINT_BYTES", 1)


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that fills with the sizes of the clusters that are compressed."""
    found: list[int] = []
    compress = zim_packing.compressed

    def noted(pieces: object, total: int) -> object:
        found.append(total)
        return compress(pieces, total)  # type: ignore[arg-type]

    monkeypatch.setattr(zim_writer, "compressed", noted)
    return found


def cuts(act: Callable[[], object]) -> int:
    """Act until it comes to its end, with a cut one cluster later each time; return how many cuts there were."""
    for clusters in range(1, 1000):
        with pytest.MonkeyPatch.context() as broken:
            cut_after(broken, clusters)
            try:
                act()
            except Cut:
                continue
            return clusters - 1
    raise AssertionError("it never ends")


def half(publisher: Publisher, suffix: str) -> Path:
    (found,) = publisher.village.state.parts.glob(f"*{suffix}")
    return found


def compressed_clusters(zim: Path) -> set[bytes]:
    with zim.open("rb") as file:
        book = Zim(file, zim.name)
        raw = (b"".join(book.raw_cluster(number)) for number in range(book.header.clusters))
        return {each for each in raw if each[:1] == bytes([ZSTD])}


@pytest.mark.parametrize("edition", [1, 2], ids=["first install", "patch"])
def test_a_book_that_is_cut_after_each_cluster_is_compressed_once(
    publisher: Publisher, packed: list[int], edition: int
) -> None:
    zim, built = publisher.release(pages(NUMBER))
    before = set[bytes]()
    if edition == 2:
        publisher.village.agent().run()
        before = compressed_clusters(publisher.installed)
        zim, built = publisher.release(pages(NUMBER, changed={7, 200, 333}))
    packed.clear()
    assert cuts(publisher.village.agent().run) > 5
    assert publisher.has(zim, built)
    new = compressed_clusters(publisher.installed) - before
    assert len(packed) == len(new) > edition - 1
    assert not list(publisher.village.state.parts.iterdir())


def test_a_book_that_is_cut_after_each_cluster_is_adopted_once(tmp_path: Path, packed: list[int]) -> None:
    hand = Hand(tmp_path)
    zim, built = hand.publisher.release(pages(NUMBER))
    hand.put(zim)
    hand.look()
    packed.clear()
    assert cuts(hand.plug) > 5
    assert hand.publisher.has(zim, built)
    assert len(packed) == len(compressed_clusters(hand.publisher.installed))


def test_what_a_card_lost_of_what_it_held_is_noticed_and_written_anew(publisher: Publisher) -> None:
    zim, built = publisher.release(pages(NUMBER))
    cut_in_book(publisher.village.agent().run)
    draft = half(publisher, half_written.WRITTEN)
    with draft.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(bytes(100))
    with pytest.raises(StoreError, match="what was written before the last cut is damaged"):
        publisher.village.agent().run()
    assert not draft.exists()
    publisher.village.agent().run()
    assert publisher.has(zim, built)


@pytest.mark.parametrize("torn", [b"", b"abc", bytes(24), b"\xff" * 16], ids=["nothing", "three bytes", "zeros", "far"])
def test_a_list_of_places_that_a_cut_tore_is_believed_as_far_as_it_can_be(
    publisher: Publisher, packed: list[int], torn: bytes
) -> None:
    zim, built = publisher.release(pages(NUMBER))
    cut_in_book(publisher.village.agent().run)
    starts = half(publisher, half_written.STARTS)
    starts.write_bytes(starts.read_bytes() + torn)
    packed.clear()
    publisher.village.agent().run()
    assert publisher.has(zim, built)
    assert len(packed) < len(compressed_clusters(publisher.installed))


@pytest.mark.parametrize("lost", [half_written.STARTS, half_written.WRITTEN])
def test_a_draft_without_its_other_half_is_begun_anew(publisher: Publisher, lost: str) -> None:
    zim, built = publisher.release(pages(NUMBER))
    cut_in_book(publisher.village.agent().run)
    half(publisher, lost).unlink()
    publisher.village.agent().run()
    assert publisher.has(zim, built)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_book_that_was_whole_before_a_cut_is_not_written_again(
    publisher: Publisher, packed: list[int], damaged: bool
) -> None:
    zim, built = publisher.release(pages(NUMBER))
    cut_within(Drafts, "settle", publisher.village.agent().run)
    whole = half(publisher, half_written.WHOLE)
    if damaged:
        whole.chmod(0o644)
        with whole.open("r+b") as file:
            file.write(b"no")
    packed.clear()
    publisher.village.agent().run()
    assert publisher.has(zim, built)
    assert bool(packed) == damaged


def test_what_is_written_needs_no_room_again_and_goes_when_nobody_waits_for_it(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.release(pages(NUMBER))
    told = noted_room(monkeypatch)
    cut_in_book(publisher.village.agent().run)
    size = half(publisher, half_written.WRITTEN).stat().st_size
    cut_in_book(publisher.village.agent().run, 4)
    assert told[0].new_bytes - told[1].new_bytes == size > 100_000
    zim, built = publisher.release(pages(NUMBER, changed={7}))
    publisher.village.agent().run()
    assert told[2].new_bytes > told[1].new_bytes
    assert publisher.has(zim, built)
