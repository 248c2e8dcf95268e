"""What a cut left of a book that nobody goes on with takes no room from what comes next, and is counted once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from kiosk.publish.build import BuiltPack
from kiosk.store.state import State
from kiosk.sync import adoption, half_written, room
from kiosk.sync.objects import Drafts
from kiosk.sync.offers import Offer
from tests.sync.book_editions import contents, pages, write_zim
from tests.sync.test_adoption import Hand
from tests.sync.test_books import of_zim, sha256
from tests.sync.test_cut_books import Cut
from tests.sync.test_half_written import cut_after, often

__all__ = ["often"]
NUMBER = 150
SLACK_BYTES = 60_000


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path)


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


def cut_within(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    def broken(*_: object) -> None:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(Drafts, name, broken)
        with pytest.raises(Cut):
            act()


def is_right(hand: Hand, zim: Path, built: BuiltPack) -> bool:
    installed = hand.publisher.installed
    return contents(installed) == contents(zim) and sha256(installed) == of_zim(built)["sha256"]


@pytest.mark.parametrize("at", ["keep_file", "settle"])
def test_a_book_that_was_on_its_way_when_its_edition_was_replaced_takes_no_room(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    hand.publisher.release(pages(NUMBER))
    cut_within(monkeypatch, at, hand.village.agent().run)
    zim, built = hand.publisher.release(pages(NUMBER, changed={7}))
    small_card(monkeypatch, hand, built)
    hand.village.agent().run()
    assert is_right(hand, zim, built)


@pytest.mark.parametrize("changed", [set[int](), {7}], ids=["same edition", "next edition"])
def test_a_book_that_was_being_brought_takes_no_room_from_its_pack(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, changed: set[int]
) -> None:
    zim, built = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    with monkeypatch.context() as patched:
        cut_after(patched, 3)
        with pytest.raises(Cut):
            hand.plug()
    assert on_card(hand.village.state) > SLACK_BYTES
    if changed:
        zim, built = hand.publisher.release(pages(NUMBER, changed=changed))
    small_card(monkeypatch, hand, built)
    hand.village.agent().run()
    assert is_right(hand, zim, built)


def test_a_book_that_was_being_brought_stays_where_there_is_room(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    with monkeypatch.context() as patched:
        cut_after(patched, 3)
        with pytest.raises(Cut):
            hand.plug()
    cut_within(monkeypatch, "keep_file", hand.village.agent().run)
    assert list(hand.village.state.parts.glob(f"{half_written.ADOPTED}-*"))


def test_a_book_that_was_written_by_half_and_then_brought_is_counted_once(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "MOST_SHARE", 0)
    one, other = (
        write_zim(hand.publisher.folder / name, hand.publisher.folder / f"{name}.zim", found)
        for name, found in (("one", pages(NUMBER)), ("other", pages(40, changed={1, 2})))
    )
    hand.publisher.editions = 1
    built = hand.publisher.release_zim(one, other)
    hand.look()
    with monkeypatch.context() as patched:
        cut_after(patched, 3)
        with pytest.raises(Cut):
            hand.village.agent().run()
    hand.put(one)
    assert hand.plug().books.taken == ("A manual",)
    needed, told = room.needed, list[int]()

    def asked(offer: Offer, *given: object) -> object:
        found = needed(offer, *given)  # type: ignore[arg-type]
        told.append(found.new_bytes)
        return found

    monkeypatch.setattr(room, "needed", asked)
    hand.village.agent().run()
    rest = built.head.installed_bytes - of_zim(built)["size_bytes"]  # type: ignore[operator]
    assert rest - 1000 < told[0] <= rest, "of the other book no more than a header was written"
    assert contents(hand.publisher.installed) == contents(one)
