"""A book with a page of some megabytes, which is a cluster of its own: cut in the middle of it, it goes on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from kiosk.packs import route
from kiosk.packs.book_writer import BookWriter
from kiosk.packs.collection import Entry
from tests.sync.book_editions import pages
from tests.sync.cuts import Cut
from tests.sync.test_adoption import Hand
from tests.sync.test_books import Publisher, publisher

__all__ = ["publisher"]
MIB = 1024 * 1024
LARGE = 3 * MIB
PLACES = (1, 2 * MIB + 1, LARGE - 1)
"""How many bytes of the page were read for writing it when the power goes."""


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the publisher not look for the best coding of so much, which takes a minute and is not asked here."""
    monkeypatch.setattr(route, "BEST", 3)


def book(changed: str = "") -> dict[str, str]:
    words = random.Random(LARGE).randbytes(LARGE // 2).hex()
    return pages(30) | {"large.html": words[: LARGE // 2] + changed + words[LARGE // 2 + len(changed) :]}


def cut_in_page(patched: pytest.MonkeyPatch, at: int) -> None:
    """Have the power go when so many bytes of the large page were read for writing it."""
    add = BookWriter.add

    def torn(pieces: Iterable[bytes]) -> Iterator[bytes]:
        left = at
        for piece in pieces:
            yield piece[:left]
            if (left := left - len(piece)) <= 0:
                raise Cut

    def added(writer: BookWriter, entry: Entry, pieces: Iterable[bytes]) -> None:
        add(writer, entry, torn(pieces) if entry.size_bytes == LARGE else pieces)

    patched.setattr(BookWriter, "add", added)


def cut(act: Callable[[], object], at: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        cut_in_page(patched, at)
        with pytest.raises(Cut):
            act()


def test_a_sync_goes_on(publisher: Publisher) -> None:
    zim, built = publisher.release(book())
    for place in PLACES:
        cut(publisher.village.agent().run, place)
    assert publisher.came() == 0, "all of it was fetched before"
    assert publisher.has(zim, built)
    zim, built = publisher.release(book("another word"))
    for place in PLACES:
        cut(publisher.village.agent().run, place)
    publisher.village.agent().run()
    assert publisher.has(zim, built)
    assert built.head.full.route_bytes > MIB
    assert publisher.fetched() < 20_000, "a word, since the first install"


def test_a_book_from_a_stick_goes_on(tmp_path: Path) -> None:
    hand = Hand(tmp_path)
    zim, built = hand.publisher.release(book())
    hand.look()
    hand.put(zim)
    for place in PLACES:
        cut(hand.plug, place)
    assert hand.plug().books.taken == ("A manual",)
    assert hand.publisher.has(zim, built)
