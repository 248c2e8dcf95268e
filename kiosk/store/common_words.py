"""The words of a book that are on very many of its pages, with the pages that say most of each.

Owns: the table `common` of an index (store/book_index.py). SQLite ranks pages by looking at every one that has a word;
for these words that was done when the index was made, so that no question waits for it.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from kiosk.packs import numbers
from kiosk.store.db import Connection, transaction

SCHEMA = """\
CREATE TABLE common (
    word TEXT PRIMARY KEY, everywhere INTEGER NOT NULL, costly INTEGER NOT NULL, pages BLOB NOT NULL,
    scores BLOB NOT NULL
) STRICT
"""
LEAST_COMMON, COMMON_PART = 10, 10
"""A word is everywhere if it stands on so many pages, and on one in so many."""
COSTLY = 2_000
"""On so many pages a word is costly: SQLite ranks about a thousand pages in a millisecond of a PC."""
MOST_BEST = 500
"""Pages that are kept of a costly word: about as far as one may go on in what was found."""
WORDS_AT_ONCE = 20
"""Costly words whose pages are ranked in one transaction."""
RANKED = "SELECT rowid, bm25(words, 4.0, 1.0) AS score FROM words WHERE words MATCH ? ORDER BY score LIMIT ?"
"""Pages that have what is asked for, the best first; a word in the title of a page counts four times."""


@dataclass(frozen=True, slots=True)
class CommonWord:
    """Whether a word is everywhere, and whether it is costly: nothing should be ranked by it."""

    everywhere: bool
    costly: bool


def add(conn: Connection) -> None:
    """Find them in an index whose words are complete; goes on where it was cut."""
    conn.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab (main, words, row)")
    pages = conn.execute("SELECT count(*) FROM words_docsize").fetchone()[0]
    least = max(LEAST_COMMON, pages // COMMON_PART)
    rows = conn.execute(
        "SELECT term, doc >= ?, doc >= ? FROM temp.vocabulary WHERE doc >= ? AND term NOT IN (SELECT word FROM common)",
        (least, COSTLY, min(least, COSTLY)),
    ).fetchall()
    for start in range(0, len(rows), WORDS_AT_ONCE):
        with transaction(conn):
            for word, everywhere, costly in rows[start : start + WORDS_AT_ONCE]:
                best = conn.execute(RANKED, (f'"{word}"', MOST_BEST)).fetchall() if costly else []
                conn.execute("INSERT INTO common VALUES (?, ?, ?, ?, ?)", (word, everywhere, costly, *_packed(best)))


def among(conn: Connection, words: tuple[str, ...]) -> dict[str, CommonWord]:
    """Return those of these words that are common."""
    marks = ", ".join("?" * len(words))
    rows = conn.execute(f"SELECT word, everywhere, costly FROM common WHERE word IN ({marks})", words)  # noqa: S608
    return {word: CommonWord(bool(everywhere), bool(costly)) for word, everywhere, costly in rows}


def best(conn: Connection, word: str) -> dict[int, float]:
    """Return the best pages of a costly word with their scores, the best first."""
    pages, scores = conn.execute("SELECT pages, scores FROM common WHERE word = ?", (word,)).fetchone()
    return _unpacked(pages, scores)


def _packed(best: list[tuple[int, float]]) -> tuple[bytes, bytes]:
    pages, scores = array("I", (page for page, _ in best)), array("f", (score for _, score in best))
    return numbers.to_bytes(pages), numbers.to_bytes(scores)


def _unpacked(pages: bytes, scores: bytes) -> dict[int, float]:
    return dict(zip(numbers.read("I", pages), numbers.read("f", scores), strict=True))
