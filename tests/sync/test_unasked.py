"""A book on a stick that no pack waits for is told for what it is, with what helps."""

from __future__ import annotations

import json
from pathlib import Path

from kiosk.store.refused_books import Reason
from kiosk.sync.unasked import NOTHING, UNKNOWN, UNLEARNED
from tests.cli.commands import configure, run
from tests.making import zim_bytes
from tests.sync.book_editions import pages, write_zim
from tests.sync.test_adoption import Hand, hand

__all__ = ["hand"]
NUMBER = 30


def refused(hand: Hand) -> tuple[str, str]:
    """Put the stick in, and return what is told of its one book, which is what is kept as an event, too."""
    (found,) = hand.plug().books.refused
    event = hand.told("book.refused")[0]
    assert (event["message"], event["hint"]) == (found.message, found.hint)
    return found.message, found.hint


def other(hand: Hand) -> Path:
    return write_zim(hand.publisher.folder / "x", hand.publisher.folder / "x.zim", pages(4))


def test_a_book_that_is_installed_needs_nothing(hand: Hand) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.village.agent().run()
    hand.put(zim)
    told, hint = refused(hand)
    assert told == "books/anything.ZIM: 'A manual' is installed already, with the pack manual 1"
    assert hint == NOTHING


def test_another_edition_of_what_is_installed_is_told_so(hand: Hand) -> None:
    hand.publisher.release(pages(NUMBER))
    hand.village.agent().run()
    hand.put(other(hand))
    told, hint = refused(hand)
    assert "another edition of 'A manual' than that of the pack manual 1, which is installed" in told
    assert "bring the very edition" in hint


def test_another_edition_of_what_is_waited_for_is_told_so(hand: Hand) -> None:
    hand.publisher.release(pages(200))
    hand.look()
    hand.put(other(hand))
    told, hint = refused(hand)
    assert "another edition of 'A manual' than that of the pack manual 1, which is waited for" in told
    assert hint == "bring the very edition that the pack has, or fetch the pack"


def test_a_book_that_nobody_knows_is_told_so_also_where_it_can_not_be_read(hand: Hand) -> None:
    hand.publisher.release(pages(NUMBER))
    hand.village.agent().run()
    (hand.stick / "wiki.zim").write_bytes(zim_bytes())
    assert refused(hand) == ("wiki.zim: no pack that this kiosk has or waits for has this book", UNKNOWN)


def test_that_a_pack_may_have_it_whose_books_are_not_known_is_told(hand: Hand) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    assert not hand.village.state.brought.exists()  # it is so small that its books are not asked for
    hand.put(zim)
    told = "books/anything.ZIM: this kiosk does not know yet which books are in manual; no other pack has this book"
    assert refused(hand) == (told, UNLEARNED)
    assert hand.told("book.refused")[0]["reason"] == Reason.UNLEARNED


def test_what_helps_is_shown_by_the_command_and_as_json(hand: Hand) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.village.agent().run()
    hand.put(zim)
    village = hand.village
    path = configure(village.folder / "kiosk.yaml", village.state.folder, village.config.sync.trusted_root)
    shown = run("sync", "import", hand.stick, "--config", path).stdout
    assert f"'A manual' is installed already, with the pack manual 1\n  what to do: {NOTHING}\n" in shown
    value = json.loads(run("sync", "import", hand.stick, "--config", path, "--json").stdout)
    (found,) = value["refused"]
    assert found["message"].startswith("books/anything.ZIM: 'A manual' is installed already")
    assert found["remedy"] == NOTHING
