"""A book as today's tools make it, whose clusters ask for a window of 128 MiB, is taken in the memory there is."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from kiosk.packs.zim_reader import Zim
from kiosk.store.refused_books import Reason
from kiosk.sync import adopting
from tests.sync.book_editions import contents, pages, write_zim
from tests.sync.test_adoption import NUMBER, Hand, hand
from tests.zims import PACKERS, ZSTD, Page, greedy, made

__all__ = ["hand"]


@pytest.fixture
def zim(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(PACKERS, ZSTD, greedy)
    sound = write_zim(hand.publisher.folder / "pages", hand.publisher.folder / "sound.zim", pages(NUMBER))
    with sound.open("rb") as file:
        book = Zim(file, "sound.zim")
        found = tuple(
            Page(each.namespace, each.path, book.read(each), each.type, each.title, each.redirect)
            for each in book.entries()
        )
        main = book.header.main
    assert main is not None
    out = hand.publisher.folder / "greedy.zim"
    out.write_bytes(made(found, (ZSTD,), main=main).whole())
    return out


def test_it_is_taken_from_a_stick_in_less_than_it_asks_for(
    hand: Hand, zim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adopting, "MOST_MEMORY_BYTES", 64 << 20)
    hand.publisher.editions = 1
    hand.publisher.release_zim(zim)
    hand.look()
    hand.put(zim)
    gc.collect()
    outcome = hand.plug()
    assert (outcome.books.taken, outcome.books.refused) == (("A manual",), ())
    assert contents(hand.publisher.installed) == contents(zim)


def test_it_is_known_by_its_name_where_it_is_another_edition(hand: Hand, zim: Path) -> None:
    hand.publisher.release(pages(NUMBER))
    hand.village.agent().run()
    hand.put(zim)
    gc.collect()
    (found,) = hand.plug().books.refused
    assert found.reason is Reason.OTHER_EDITION
    assert "another edition of 'A manual'" in found.message
