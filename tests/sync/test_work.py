"""What takes long in a sync besides fetching is told: a book that is taken, written, made searchable."""

from __future__ import annotations

from itertools import groupby

import pytest

from kiosk.sync import brought, progress
from kiosk.sync.agent import Agent
from kiosk.sync.by_hand import Stick
from kiosk.sync.mirrors import FolderMirror
from kiosk.sync.progress import Entries
from tests.sync.book_editions import pages
from tests.sync.test_adoption import Hand, hand

__all__ = ["hand"]
Told = list[tuple[str, int, int]]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "TOLD_ENTRIES", 10)


def synced(hand: Hand) -> Told:
    """Sync, and return what was told."""
    told: Told = []
    hand.village.agent().run(work=lambda *each: told.append(each))
    return told


def what(told: Told) -> list[str]:
    """Return what was told of, and make sure that each went forward and not beyond its end."""
    for _, group in groupby(told, lambda each: each[0]):
        done = [(number, total) for _, number, total in group]
        assert done == sorted(done)
        assert all(0 <= number <= total for number, total in done)
    return [each for each, _ in groupby(told, lambda each: each[0])]


def test_a_first_install_and_an_update_tell_how_far_the_book_is_written(hand: Hand) -> None:
    for changed, least in ((set[int](), 6), ({7}, 3)):  # what did not change is taken over cluster by cluster
        hand.publisher.release(pages(60, changed=changed))
        told = synced(hand)
        assert what(told) == ["writing manual", "making the book 'A manual' searchable"]
        assert len([each for each in told if each[0] == "writing manual"]) >= least


def test_a_book_from_a_stick_tells_how_far_it_is_taken(hand: Hand) -> None:
    zim, _ = hand.publisher.release(pages(200))
    hand.look()
    hand.put(zim)
    told: Told = []
    mirror, stick = FolderMirror(hand.village.state.trust), Stick(brought.on(hand.stick), False)
    Agent(hand.village.config, [mirror], hand.village.clock, stick=stick).run(work=lambda *each: told.append(each))
    assert what(told)[0] == "taking books/anything.ZIM"
    taken = [done / total for each, done, total in told if each.startswith("taking")]
    assert taken[0] < 0.1
    assert taken[-1] > 0.9
    assert what(told)[-1] == "making the book 'A manual' searchable"


def test_entries_are_told_now_and_then_and_never_more_than_there_are() -> None:
    told: Told = []
    counted = Entries(lambda *each: told.append(each), "x", 25)
    for _ in range(30):
        counted()
    assert told == [("x", 1, 25), ("x", 10, 25), ("x", 20, 25), ("x", 25, 25)]
