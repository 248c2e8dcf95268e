"""Words that are on very many pages: found as if they were ranked, without being ranked."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kiosk.store import book_index, book_search, common_words, open_indexes
from kiosk.store.book_search import Hit, Step
from kiosk.store.search_words import words
from tests.store.test_book_index import bound, html

PAGES = 300


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book in which some words are on nearly all pages, some on many, and some on few."""
    seeded = random.Random(7)
    pages = []
    for number in range(PAGES):
        text = ["webster"] * seeded.randrange(4) + ["used"] * seeded.randrange(3) + ["horse"] * (number % 30 == 0)
        text += [f"filler{seeded.randrange(900)}" for _ in range(seeded.randrange(80))]
        pages.append(html(f"{number:03}.html", " ".join(text), f"Page {number}"))
    return bound(tmp_path_factory.mktemp("book"), *pages)


def hits(index: Path, step: Step, question: str, most: int) -> list[Hit]:
    with open_indexes.opened(index) as opened:
        assert opened
        return book_search.pages(opened.conn, step, words(question), "en", most)


@pytest.fixture
def both(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two indexes of it: one with costly words, and one without."""
    plain, costly = tmp_path / "plain", tmp_path / "costly"
    book_index.build(book, plain)
    monkeypatch.setattr(common_words, "COSTLY", 50)
    book_index.build(book, costly)
    return costly, plain


@pytest.mark.parametrize("most", [1, 10, 400])
def test_of_one_word_the_order_is_the_same(both: tuple[Path, Path], most: int) -> None:
    for question in ("webster", "used"):
        costly, plain = (hits(index, Step.WORDS, question, most) for index in both)
        assert [round(hit.score, 4) for hit in costly] == [round(hit.score, 4) for hit in plain]
        assert sorted(hit.page for hit in costly) == sorted(hit.page for hit in plain) or most < len(plain)


@pytest.mark.parametrize("best", [500, 3, 1])
def test_of_several_words_all_pages_are_found(
    both: tuple[Path, Path], book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: int
) -> None:
    monkeypatch.setattr(common_words, "MOST_BEST", best)
    few = tmp_path / "few"
    book_index.build(book, few)
    for question in ("webster used", "webster horse", "used webster horse", "used horse", "webster"):
        costly, plain = (hits(index, Step.WORDS, question, PAGES) for index in (few, both[1]))
        assert sorted(hit.page for hit in costly) == sorted(hit.page for hit in plain)
        assert len(costly) == len({hit.page for hit in costly}) > 0


def test_in_other_forms_all_pages_are_found(both: tuple[Path, Path]) -> None:
    for question in ("websters horses", "horses used", "webster horses", "the horse webster"):
        for step in (Step.FORMS, Step.RARE):
            costly, plain = ({hit.page for hit in hits(index, step, question, PAGES)} for index in both)
            assert costly == plain, (question, step)


def test_a_rare_word_beside_a_costly_one_is_what_ranks(both: tuple[Path, Path]) -> None:
    costly = hits(both[0], Step.WORDS, "horse webster", 9)
    alone = [hit.page for hit in hits(both[0], Step.WORDS, "horse", 99)]
    assert [hit.page for hit in costly] == [page for page in alone if page in {hit.page for hit in costly}]
