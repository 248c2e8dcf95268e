"""Finding pages in the index of one book (store/book_index.py).

True always: an index is only read, whoever has it open; what was typed reaches it as quoted words, and takes no longer
than it may. Pages are found in steps: those that are called so, those that have all words, those that have
them in another form, and those that have all but the words that are everywhere. A step is to be taken when
those before did not find enough. Nothing is ranked by a word that is costly (store/common_words.py).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice

from kiosk.errors import StoreError
from kiosk.store import common_words, search
from kiosk.store.common_words import CommonWord
from kiosk.store.db import Connection
from kiosk.store.search_words import match, stems

MOST_CALLED = 5
"""Pages that stand in front because they are called what was asked for."""
MOST_TRIED = 200
"""Pages of which it is asked whether they have several costly words."""

RANKED_AMONG = common_words.RANKED.replace(
    "ORDER BY", "AND +rowid IN (SELECT rowid FROM words WHERE words MATCH ?) ORDER BY"
)


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
    common = common_words.among(conn, asked)
    if step is not Step.WORDS:
        found = _of_forms(conn, step, asked, forms, common, most)
    elif all(word in common and common[word].costly for word in asked):
        found = _of_costly(conn, {word: common_words.best(conn, word) for word in asked}, most)
    else:
        costly = [word for word in asked if word in common and common[word].costly]
        found = _ranked(conn, _quoted(word for word in asked if word not in costly), _quoted(costly), most)
    return [Hit(page, step, score) for page, score in found]


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


def _of_forms(
    conn: Connection,
    step: Step,
    asked: tuple[str, ...],
    forms: tuple[str, ...],
    common: dict[str, CommonWord],
    most: int,
) -> Iterable[tuple[int, float]]:
    # Of a word that is everywhere no other form is sought: it says nothing, and costs the most.
    everywhere = [word for word in asked if word in common and common[word].everywhere]
    rare = [form for form in forms if not any(word.startswith(form) for word in everywhere)]
    if not rare or (step is Step.RARE and not everywhere):
        return ()
    costly = [word for word in common if common[word].costly]
    ranked = [match((form,)) for form in rare if not any(word.startswith(form) for word in costly)]
    also = [match((form,)) for form in rare if any(word.startswith(form) for word in costly)]
    if step is Step.FORMS:
        ranked += _quoted(word for word in everywhere if word not in costly)
        also += _quoted(word for word in everywhere if word in costly)
    return _ranked(conn, ranked, also, most)


def _quoted(words: Iterable[str]) -> list[str]:
    return [f'"{word}"' for word in words]


def _ranked(conn: Connection, ranked: list[str], also: list[str], most: int) -> Iterable[tuple[int, float]]:
    # Pages that have all of this, ranked by some of it; as they lie in the book if by none.
    question, whole = " AND ".join(ranked), " AND ".join(ranked + also)
    if not ranked:
        return conn.execute("SELECT rowid, 0.0 FROM words WHERE words MATCH ? LIMIT ?", (whole, most))
    if not also:
        return conn.execute(common_words.RANKED, (question, most))
    return conn.execute(RANKED_AMONG, (question, whole, most))


def _of_costly(conn: Connection, best: dict[str, dict[int, float]], most: int) -> Iterable[tuple[int, float]]:
    # Of one word they are known. Of several those of any are tried that are the best of one or more, then any.
    found: dict[int, float] = {}
    scores = Counter[int]()
    for each in best.values():
        scores.update(each)
    question = " AND ".join(_quoted(best))
    for page, score in islice(sorted(scores.items(), key=lambda item: item[1]), most if len(best) == 1 else MOST_TRIED):
        if len(found) < most and (all(page in each for each in best.values()) or _has(conn, page, question)):
            found[page] = score
    if len(found) < most:
        rows = conn.execute("SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (question, most))
        found = dict.fromkeys((page for (page,) in rows), 0.0) | found
    return islice(sorted(found.items(), key=lambda item: item[1]), most)


def _has(conn: Connection, page: int, question: str) -> bool:
    row = conn.execute("SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?", (question, page)).fetchone()
    return row is not None
