"""About what the search in new books takes is told before they are fetched."""

from __future__ import annotations

import json

from kiosk.store import book_index
from kiosk.sync import adoption, book_indexes
from tests.cli.commands import configure, run
from tests.making import Village
from tests.sync.book_editions import pages
from tests.sync.test_adoption import Hand, hand
from tests.sync.test_books import of_zim

__all__ = ["hand"]


def test_the_indexes_of_new_books_take_twice_the_books_and_those_that_are_there_nothing(hand: Hand) -> None:
    _, built = hand.publisher.release(pages(200))
    state, steps = hand.village.state, hand.village.agent().offer().plan.steps
    assert adoption.manifest_of(state, built.head) is not None
    told = book_indexes.room_bytes(state, steps)
    assert told == 2 * built.head.installed_bytes >= 2 * int(str(of_zim(built)["size_bytes"]))
    there = book_index.path_of(state, built.manifest.items[0].installed_as)
    there.parent.mkdir(exist_ok=True)
    there.touch()
    assert book_indexes.room_bytes(state, steps) == 0


def test_a_pack_of_which_no_more_is_known_counts_whole(hand: Hand) -> None:
    _, built = hand.publisher.release(pages(2))
    steps = hand.village.agent().offer().plan.steps
    assert adoption.manifest_of(hand.village.state, built.head) is None
    assert book_indexes.room_bytes(hand.village.state, steps) == 2 * built.head.installed_bytes


def test_a_pack_without_books_has_no_indexes(village: Village) -> None:
    village.release()
    assert book_indexes.room_bytes(village.state, village.agent().offer().plan.steps) == 0


def test_the_plan_tells_it_apart_from_the_room_needed(hand: Hand) -> None:
    hand.publisher.release(pages(20))
    village = hand.village
    path = configure(
        village.folder / "kiosk.yaml", village.state.folder, village.config.sync.trusted_root, village.mirror.folder
    )
    shown = run("sync", "plan", "--config", path).stdout
    assert "more on the card for the search in its books" in shown
    told = json.loads(run("sync", "plan", "--config", path, "--json").stdout)
    assert told["index_bytes"] == 2 * told["steps"][0]["installed_bytes"]
    assert told["card_bytes"] == told["steps"][0]["installed_bytes"] + told["download_bytes"]
