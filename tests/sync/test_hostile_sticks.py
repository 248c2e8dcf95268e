"""A stick whose files change, or say what would harm who reads it, costs a refusal and no more."""

from __future__ import annotations

import io
import shutil
from array import array
from dataclasses import replace
from typing import Any, BinaryIO

import pytest

from kiosk.packs.zim_reader import Zim
from kiosk.sync import adopting
from tests.sync.book_editions import pages
from tests.sync.test_adoption import NUMBER, Hand, hand
from tests.zims import Page, made

__all__ = ["hand"]


def test_a_file_that_swells_after_it_was_listed_does_not_fill_the_card(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    swollen = made(
        (*(Page("C", f"{n:04}", blob=0 if n else -1, data=bytes(10**7)) for n in range(NUMBER)),), (5,), main=0
    )
    fill, waited = adopting._fill, list[int]()

    def filled(source: Zim, places: array[int], waiting: BinaryIO, most_bytes: int) -> None:
        try:
            fill(Zim(io.BytesIO(swollen.whole()), source.name), places, waiting, most_bytes)
        finally:
            waited.append(waiting.seek(0, 2))

    monkeypatch.setattr(adopting, "_fill", filled)
    assert "it is not what it was when it was read first" in hand.plug().books.refused[0].message
    assert waited[0] < 10**7


def test_a_redirect_that_leads_elsewhere_once_it_was_listed_is_refused_with_what_helps(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    lay = adopting._laid

    def turned(source: Zim, *given: Any) -> str:
        entry = source.entry
        monkeypatch.setattr(source, "entry", lambda number: replace(entry(number), redirect=None))
        return lay(source, *given)

    monkeypatch.setattr(adopting, "_laid", turned)
    (found,) = hand.plug().books.refused
    assert found.message == "books/anything.ZIM: it is not what it was when it was read first"
    assert found.hint == adopting.AGAIN
    assert not [each for each in hand.village.state.parts.iterdir() if each.is_file()]


def test_a_whole_book_that_grows_after_it_was_measured_is_copied_no_further(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.publisher.release(pages(NUMBER))
    hand.village.agent().run()
    place = hand.put(hand.publisher.installed)
    shutil.rmtree(hand.village.state.folder)
    hand.look()
    measure = adopting._check_room

    def grown(*given: Any) -> None:
        with place.open("ab") as file:
            file.write(bytes(10**6))
        measure(*given)

    monkeypatch.setattr(adopting, "_check_room", grown)
    assert hand.plug().books.taken == ("A manual",)


def test_what_a_file_says_moves_no_cursor_where_it_is_told(hand: Hand) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    book = bytearray(made((Page("C", "a\x1b[2J\nb", b"x"),), (5,), main=0).whole())
    book[8:24] = zim.read_bytes()[8:24]
    hand.put(zim).write_bytes(book)
    (refused,) = hand.plug().books.refused
    assert refused.message.startswith("books/anything.ZIM: C/a?[2J?b: ")
