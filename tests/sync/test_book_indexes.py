"""What a sync makes of books: their words are found once they are served, and no sync fails for a book."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from kiosk.host import bounded
from kiosk.publish.build import build
from kiosk.store import book_index, book_search, books, db, open_indexes
from kiosk.store.book_search import Step
from kiosk.store.search_words import words
from kiosk.sync import book_indexes, rollback
from tests.making import CHANNEL, Village, book_recipe, no_books
from tests.zims import Page, made, with_checksum


def edition(word: str) -> bytes:
    """Return the bytes of a book with a page on a word."""
    return made((Page("C", "a.html", f"<p>All about {word}.".encode(), title="A"),), (5,), main=0).whole()


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(tmp_path)


def release(village: Village, version: int, data: bytes) -> None:
    folder = book_recipe(village.folder / "book", data)
    value = yaml.safe_load((folder / "pack.yaml").read_text())
    (folder / "pack.yaml").write_text(yaml.safe_dump({**value, "version": version}))
    village.repository.release([build(folder, village.folder / "built", no_books)], CHANNEL)


def has(village: Village, question: str) -> bool | None:
    """Tell whether the book that is served has a word; None where it is not indexed."""
    with closing(db.connect(village.state.database)) as conn:
        book = books.all_of(conn, village.state.current_number())[0]
    with open_indexes.opened(book_index.path_of(village.state, book.sha256)) as index:
        return None if index is None else bool(book_search.pages(index.conn, Step.WORDS, words(question), "en", 9))


def indexes(village: Village) -> set[str]:
    return {path.name for path in village.state.indexes.iterdir()}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The books that were indexed, in their order, by the place of the index."""
    made: list[str] = []
    inner = bounded.run

    def told(command: list[str | Path], limits: bounded.Limits) -> tuple[int, bytes]:
        made.append(Path(command[-2]).name)
        return inner(command, limits)

    monkeypatch.setattr(bounded, "run", told)
    return made


def test_what_was_synced_is_found_and_going_back_needs_nothing(village: Village, run: list[str]) -> None:
    release(village, 1, edition("goats"))
    village.agent().run()
    assert (has(village, "goats"), has(village, "sheep")) == (True, False)
    village.agent().run()
    release(village, 2, edition("sheep"))
    village.agent().run()
    assert (has(village, "goats"), has(village, "sheep")) == (False, True)
    with closing(db.connect(village.state.database)) as conn:
        rollback.roll_back(conn, village.state, rollback.target(conn, village.state), village.clock)
    assert (has(village, "goats"), has(village, "sheep")) == (True, False)
    assert len(run) == len(set(run)) == 2, "each book is indexed once"


def test_indexes_go_with_the_generations_that_had_them(village: Village, run: list[str]) -> None:
    for version, word in enumerate(("goats", "sheep", "hens"), 1):
        release(village, version, edition(word))
        village.agent().run()
    assert indexes(village) == set(run[1:])
    assert has(village, "hens")


@pytest.mark.parametrize("spoilt", [b"MZ", random.Random(1).randbytes(3000)])
def test_a_book_that_can_not_be_read_is_served_all_the_same(village: Village, spoilt: bytes) -> None:
    whole = bytearray(edition("goats"))
    whole[80:-16] = (spoilt * len(whole))[: len(whole) - 96]
    release(village, 1, with_checksum(bytes(whole)))
    assert village.agent().run().generation == 1
    assert has(village, "goats") is None
    assert village.agent().run().generation == 1


def test_without_room_it_is_served_and_indexed_by_a_later_sync(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(village, 1, edition("goats"))
    with monkeypatch.context() as full:
        full.setattr(book_indexes, "LIMITS", bounded.Limits(60, 60, 500_000_000, 20_000))  # no file may be larger
        assert village.agent().run().generation == 1
    assert has(village, "goats") is None
    with monkeypatch.context() as none:
        none.setattr(bounded, "run", lambda *_: (_ for _ in ()).throw(OSError("no memory")))
        village.agent().run()
    assert has(village, "goats") is None
    village.agent().run()
    assert has(village, "goats")


def test_a_kiosk_from_before_indexes_its_books_without_a_link(village: Village) -> None:
    release(village, 1, edition("goats"))
    village.agent().run()
    for path in village.state.indexes.iterdir():
        path.rename(path.with_name(f"{path.name.partition('-')[0]}-1"))
    village.mirror.folder = village.folder / "nowhere"
    with pytest.raises(Exception, match="missing"):
        village.agent().run()
    assert has(village, "goats")
