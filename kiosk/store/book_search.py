"""Finding pages in the index of one book (store/book_index.py).

True always: an index is only read, whoever has it open; what was typed reaches it as quoted words, and takes no longer
than it may. Pages are found in steps: those that are called so, those that have all words, those that have
them in another form, and those that have all but the words that are everywhere. A step is to be taken when
those before did not find enough.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from kiosk.errors import StoreError
from kiosk.store import search
from kiosk.store.db import Connection
from kiosk.store.search_words import match, stems

MOST_CALLED = 5
"""Pages that stand in front because they are called what was asked for."""
CACHE_KB, OPEN_SECONDS = 512, 1.0


class Step(IntEnum):
    """Why a page was found, the best reason first."""

    CALLED = 0
    WORDS = 1
    FORMS = 2
    RARE = 3


@dataclass(frozen=True)
class Hit:
    """A page that was found, by the number of its entry; of two with the same `step` that of the lower score is better,
    in the same book.
    """

    page: int
    step: Step
    score: float


@contextmanager
def opened(index: Path) -> Iterator[Connection | None]:
    """Open an index for the block; gives None where there is none yet.

    Raises:
        StoreError: the card gave it back broken.
    """
    if not index.exists():
        yield None
        return
    with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
        with limited(conn, OPEN_SECONDS):
            conn.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        yield conn


@contextmanager
def limited(conn: Connection, seconds: float) -> Iterator[None]:
    """Let the block's questions to an index take so long together.

    Raises:
        TooSlow: it was not enough.
        StoreError: the card gave the index back broken.
    """
    try:
        with search.limited(conn, seconds):
            yield
    except sqlite3.Error as error:
        raise StoreError(f"the index of a book can not be read: {error}", "is the card in order?") from error


def pages(conn: Connection, step: Step, asked: tuple[str, ...], language: str, most: int) -> list[Hit]:
    """Return up to `most` pages of a book that are found in one step, the best first; some may be those of another.

    Args:
        conn: its index.
        step: which.
        asked: what `search_words.words` returned, not empty.
        language: of the book.
        most: how many.
    """
    forms = stems(asked, language)
    if step is Step.CALLED:
        called = _called(conn, forms, min(most, MOST_CALLED))
        return [Hit(page, step, letters) for _, page, letters in called]
    question = _question(conn, step, asked, forms)
    return [Hit(page, step, score) for page, score in _ranked(conn, question, most)] if question else []


def names(conn: Connection, asked: tuple[str, ...], most: int) -> list[int]:
    """Return up to `most` entries whose titles have words that begin so, by number, the shortest titles first."""
    return [entry for entry, _, _ in _called(conn, asked, most)]


def _called(conn: Connection, beginnings: tuple[str, ...], most: int) -> Iterator[tuple[int, int, int]]:
    # Rows come in their order by themselves: the shortest titles first, and no more are looked at than are wanted.
    yield from conn.execute(
        "SELECT entry, page, letters FROM names WHERE place IN ("
        "SELECT rowid FROM titles WHERE titles MATCH ? ORDER BY rowid LIMIT ?) ORDER BY place",
        (match(beginnings), most),
    )


def _question(conn: Connection, step: Step, asked: tuple[str, ...], forms: tuple[str, ...]) -> str:
    if step is Step.WORDS:
        return " AND ".join(f'"{word}"' for word in asked)
    # Of a word that is everywhere no other form is sought: it says nothing, and costs the most.
    common = [word for word in asked if _is_common(conn, word)]
    rare = tuple(form for form in forms if not any(word.startswith(form) for word in common))
    if step is Step.FORMS:
        return " AND ".join((match(rare), *(f'"{word}"' for word in common))) if rare else ""
    return match(rare) if rare and common else ""


def _is_common(conn: Connection, word: str) -> bool:
    return conn.execute("SELECT 1 FROM common WHERE word = ?", (word,)).fetchone() is not None


def _ranked(conn: Connection, question: str, most: int) -> Iterator[tuple[int, float]]:
    # A word in the title of a page counts four times.
    yield from conn.execute(
        "SELECT rowid, bm25(words, 4.0, 1.0) AS score FROM words WHERE words MATCH ? ORDER BY score LIMIT ?",
        (question, most),
    )
