"""What a cut left of a book that nobody goes on with takes no room from what comes next, and is counted once."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest

from kiosk.publish.build import BuiltPack
from kiosk.store.state import State
from kiosk.sync import adoption, half_written
from kiosk.sync.objects import Drafts
from tests.sync.book_editions import contents, pages
from tests.sync.cuts import cut_in_book, cut_within, noted_room
from tests.sync.test_adoption import Hand, hand
from tests.sync.test_books import of_zim
from tests.sync.test_half_written import often

__all__ = ["hand", "often"]
NUMBER = 150
SLACK_BYTES = 60_000


class Usage(NamedTuple):
    """What `shutil.disk_usage` tells."""

    total: int
    used: int
    free: int


def on_card(state: State, *, blobs: bool = True) -> int:
    """Return what a sync has put on the card, without the database; without what it fetched, if that is asked."""
    found = {(path.stat().st_ino, path.stat().st_size) for path in state.folder.rglob("*/*") if path.is_file()}
    if not blobs:
        found -= {(path.stat().st_ino, path.stat().st_size) for path in state.parts.iterdir() if "-" not in path.name}
    return sum(size for _, size in found)


def small_card(patched: pytest.MonkeyPatch, hand: Hand, built: BuiltPack) -> None:
    """Have the card hold what is installed and the pack, and little more."""
    state = hand.village.state
    needed = built.head.installed_bytes + built.head.full.download_bytes + hand.village.config.sync.spare_bytes
    fetched = on_card(state) - on_card(state, blobs=False)
    size = needed + fetched + SLACK_BYTES
    patched.setattr(shutil, "disk_usage", lambda _: Usage(size, on_card(state), max(0, size - on_card(state))))


@pytest.mark.parametrize("at", ["keep_file", "settle"])
def test_a_book_that_was_on_its_way_when_its_edition_was_replaced_takes_no_room(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    hand.publisher.release(pages(NUMBER))
    cut_within(Drafts, at, hand.village.agent().run)
    zim, built = hand.publisher.release(pages(NUMBER, changed={7}))
    small_card(monkeypatch, hand, built)
    hand.village.agent().run()
    assert hand.publisher.has(zim, built)


@pytest.mark.parametrize("changed", [set[int](), {7}], ids=["same edition", "next edition"])
def test_a_book_that_was_being_brought_takes_no_room_from_its_pack(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, changed: set[int]
) -> None:
    zim, built = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    cut_in_book(hand.plug)
    assert on_card(hand.village.state) > SLACK_BYTES
    if changed:
        zim, built = hand.publisher.release(pages(NUMBER, changed=changed))
    small_card(monkeypatch, hand, built)
    hand.village.agent().run()
    assert hand.publisher.has(zim, built)


def test_a_book_that_was_being_brought_stays_where_there_is_room(hand: Hand) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    cut_in_book(hand.plug)
    cut_within(Drafts, "keep_file", hand.village.agent().run)
    assert list(hand.village.state.parts.glob(f"{half_written.ADOPTED}-*"))


def test_a_book_that_was_written_by_half_and_then_brought_is_counted_once(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "MOST_SHARE", 0)
    one, _, built = hand.publisher.release_two(pages(NUMBER), pages(40, changed={1, 2}))
    hand.look()
    cut_in_book(hand.village.agent().run)
    hand.put(one)
    assert hand.plug().books.taken == ("A manual",)
    told = noted_room(monkeypatch)
    hand.village.agent().run()
    rest = built.head.installed_bytes - of_zim(built)["size_bytes"]  # type: ignore[operator]
    assert rest - 1000 < told[0].new_bytes <= rest, "of the other book no more than a header was written"
    assert contents(hand.publisher.installed) == contents(one)
