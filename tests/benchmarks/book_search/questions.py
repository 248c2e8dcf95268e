"""What is asked: forty questions that were judged beforehand (`questions.tsv`), and others of words from the pages."""

from __future__ import annotations

import random
import re
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from kiosk.packs.zim_reader import Zim
from kiosk.portal import book_search
from kiosk.portal.book_search import Page
from kiosk.store import book_index, books, db, page_text
from kiosk.store.books import Book
from kiosk.store.search import Asked
from kiosk.store.search_words import excerpt, marked, words
from kiosk.store.state import State

FILE = Path(__file__).with_name("questions.tsv")
SEED = 20261126
WORD = re.compile(r"[^\W\d_]{4,}")
NEAR = 8
"""Words of a question stand so near to each other on a page."""


@dataclass(frozen=True)
class Question:
    """A question, in a language, and the addresses (book/path) of which any answers it."""

    text: str
    language: str
    right: tuple[str, ...] = ()

    def place(self, found: list[str]) -> int:
        """Return the place of the first right page, 0 if there is none."""
        return next((number for number, address in enumerate(found, 1) if address in self.right), 0)


def judged() -> list[Question]:
    """Return the questions that were judged."""
    rows = (line.split("\t") for line in FILE.read_text().splitlines() if not line.startswith("#"))
    return [
        Question(text, language, tuple(f"{book}_{language}/{page}.html" for page in pages.split()))
        for language, text, book, pages in rows
    ]


def made(files: list[Path], count: int) -> list[Question]:
    """Return questions of one, two and three words that stand near each other on a page of these books."""
    seeded, found = random.Random(SEED), list[Question]()
    while len(found) < count:
        with seeded.choice(files).open("rb") as file:
            zim = Zim(file, "a book")
            page = zim.entry(seeded.randrange(len(zim)))
            if page.redirect is None and book_index.is_page(page):
                text = WORD.findall(page_text.plain(page_text.decoded(zim.pieces(page))))
                if len(text) > NEAR:
                    start = seeded.randrange(len(text) - NEAR)
                    some = seeded.sample(text[start : start + NEAR], 1 + len(found) % 3)
                    found.append(Question(" ".join(some), "en"))
    return found


def found(state: State, question: Question) -> list[str]:
    """Return the addresses (book/path) of the first ten pages that the kiosk finds in the question's language."""
    return [f"{page.book.name}/{page.path}" for page in _pages(state, question)]


def shown(state: State, question: Question) -> list[object]:
    """Return those pages as they are shown, with the question's words marked in their titles and texts."""
    return [
        (page.path, marked(page.title, page.marks), excerpt(page.text, page.marks)) for page in _pages(state, question)
    ]


@cache
def _shelf(state: State) -> list[Book]:
    with closing(db.connect(state.database)) as conn:
        return books.all_of(conn, 1)


def _pages(state: State, question: Question) -> list[Page]:
    asked = Asked(words(question.text), 1, date(2026, 11, 26), (question.language,), member=False)
    return book_search.find(_shelf(state), state, asked, limit=10, seconds=10).found


def page_bytes(file: Path) -> int:
    """Return how many bytes the pages of a book have."""
    with file.open("rb") as opened:
        return sum(each.size_bytes for each in Zim(opened, file.name).by_cluster() if book_index.is_page(each.entry))
