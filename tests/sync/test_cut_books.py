"""A sync of a book that is cut goes on: nothing is fetched twice, and the card needs what was told beforehand."""

from __future__ import annotations

import pytest

from kiosk.sync.books import Books
from kiosk.sync.objects import Drafts
from tests.sync.book_editions import contents, pages
from tests.sync.cuts import cut_within, noted_most, noted_room
from tests.sync.test_books import Publisher, of_zim, publisher, sha256

__all__ = ["publisher"]
NUMBER = 120


def blobs(asked: list[str]) -> list[str]:
    return sorted(path for path in asked if path.startswith("blobs/"))


@pytest.mark.parametrize("edition", [1, 2], ids=["first install", "patch"])
@pytest.mark.parametrize("at", ["writing", "settling"])
def test_what_was_fetched_before_a_cut_is_not_fetched_again(publisher: Publisher, edition: int, at: str) -> None:
    zim, built = publisher.release(pages(NUMBER))
    if edition == 2:
        publisher.village.agent().run()
        zim, built = publisher.release(pages(NUMBER, changed={7}))
    mirror = publisher.village.mirror
    mirror.asked.clear()
    owner, name = (Books, "finish") if at == "writing" else (Drafts, "settle")
    cut_within(owner, name, publisher.village.agent().run)
    assert blobs(mirror.asked)
    mirror.asked.clear()
    publisher.village.agent().run()
    assert blobs(mirror.asked) == []
    assert contents(publisher.installed) == contents(zim)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]


@pytest.mark.parametrize("edition", [1, 2], ids=["first install", "patch"])
def test_a_sync_takes_the_room_that_was_told_and_little_more(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, edition: int
) -> None:
    publisher.release(pages(NUMBER))
    if edition == 2:
        publisher.village.agent().run()
        publisher.release(pages(NUMBER, changed={7}))
    publisher.village.state.prepare()
    told, most = noted_room(monkeypatch), noted_most(monkeypatch, publisher.village.state.folder)
    publisher.village.agent().run()
    assert told[0].card_bytes < most[0] + 200_000, "nothing was measured"
    assert most[0] < told[0].card_bytes + 1_500_000, "the database, its log and the listing, for a book of any size"
