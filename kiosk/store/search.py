"""The search: what a generation, the board and the papers of this kiosk have on a question's words.

Reads the indexes; kiosk/store/search_index.py and the triggers of the schema fill them. True always: nothing is found
that the asker may not open now: it is asked of the table itself, not of the index; no question takes the database for
longer than its time, after which what was found so far must do.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from kiosk.errors import StoreError
from kiosk.store.db import Connection, from_text
from kiosk.store.search_index import inflated
from kiosk.store.search_words import match

LOOK_EVERY = 2_000
"""Steps of SQLite between two looks at the clock."""
MOST_UNRANKED = 400
"""Texts that are looked at when there was no time to rank all that have the words."""
MOST_FROM = 500
"""How far one may go on in what was found."""
POSTS_LOOKED_AT = 60
"""Posts that are read for a page of the board: many may be of one thread."""


class TooSlow(StoreError):
    """The question took too long: its words are everywhere. More words make it quick."""


@dataclass(frozen=True)
class Asked:
    """Who asks for what: the words (see `search_words.words`), the generation and day, languages with the dearest
    first, and whether members' things may be found.
    """

    words: tuple[str, ...]
    generation: int
    day: date
    languages: tuple[str, ...]
    member: bool


@dataclass(frozen=True)
class Found:
    """A text of a pack that has the words; `part` is the lesson's id, "" for the item itself."""

    section: str
    pack: str
    item: str
    language: str
    part: str
    title: str
    body: str


@dataclass(frozen=True)
class FoundPost:
    """A post that has the words, and the title of its thread."""

    post: int
    thread: int
    title: str
    author: str
    body: str
    written_at: datetime


@dataclass(frozen=True)
class FoundPaper:
    """A paper of this kiosk whose newest version has the words; its bytes by hash."""

    paper: int
    version: int
    language: str
    title: str
    members_only: bool
    sha256: str


@contextmanager
def limited(conn: Connection, seconds: float) -> Iterator[None]:
    """Let the block's questions take so long together.

    Raises:
        TooSlow: it was not enough.
    """
    end = time.monotonic() + seconds
    conn.set_progress_handler(lambda: time.monotonic() > end, LOOK_EVERY)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise TooSlow("the question took too long") from error
    finally:
        conn.set_progress_handler(None, 0)


RANKED = "SELECT rowid AS text, bm25(search_words, 8.0, 1.0) AS score FROM search_words WHERE search_words MATCH :match"
UNRANKED = "SELECT rowid AS text, 0 AS score FROM search_words WHERE search_words MATCH :match LIMIT :unranked"
# The window is computed over numbers alone: texts are only read of what is shown. A notice is found on its days.
OF_PACKS = """\
WITH hits AS MATERIALIZED ({hits}), placed AS (
    SELECT p.section, p.pack, p.item, p.language, p.part, p.text, row_number() OVER (
        PARTITION BY p.section ORDER BY coalesce((SELECT value FROM json_each(:order) WHERE key = p.language), 99),
        h.score, p.text, p.pack, p.item, p.language, p.part) AS place
    FROM hits h JOIN search_places p ON p.text = h.text AND p.generation = :generation
    WHERE (:section = '' OR p.section = :section) AND (p.section <> 'notices' OR EXISTS (
        SELECT 1 FROM items i WHERE i.generation = p.generation AND i.pack = p.pack AND i.item = p.item
        AND i.language = p.language AND :day BETWEEN i.attributes ->> 'starts' AND i.attributes ->> 'ends')))
SELECT placed.*, t.title, t.body FROM placed JOIN search_texts t USING (text)
WHERE place > :from AND place <= :from + :limit ORDER BY section, place"""


def in_packs(
    conn: Connection, asked: Asked, limit: int, *, section: str = "", start: int = 0, ranked: bool = True
) -> list[Found]:
    """Return up to `limit` texts of each section of the portal, or of one from place `start` on.

    The visitor's languages come first, then English, then any; in a language the best first, unless not `ranked`.
    """
    rows = conn.execute(
        OF_PACKS.format(hits=RANKED if ranked else UNRANKED),
        {
            "match": match(asked.words, exact_first=ranked),
            "order": json.dumps(_order(conn, asked)),
            "generation": asked.generation,
            "section": section,
            "day": asked.day.isoformat(),
            "from": min(start, MOST_FROM),
            "limit": limit,
            "unranked": MOST_UNRANKED,
        },
    )
    return [
        Found(r["section"], r["pack"], r["item"], r["language"], r["part"], r["title"], inflated(r["body"]))
        for r in rows
    ]


def _order(conn: Connection, asked: Asked) -> Mapping[str, int]:
    # Language -> its place. A variety such as fr-CA stands with its language.
    rows = conn.execute("SELECT DISTINCT language FROM items WHERE generation = ?", (asked.generation,))
    wanted = [*asked.languages, "en"]
    order = {}
    for (code,) in rows:
        near = (n for n, wish in enumerate(wanted) if code == wish or code.split("-")[0] == wish.split("-")[0])
        order[code] = next(near, len(wanted))
    return order


def on_board(conn: Connection, asked: Asked, limit: int, before: int | None = None) -> tuple[list[FoundPost], int]:
    """Return up to `limit` posts, one a thread, the newest first, and the cursor to go on from (0: that is all).

    `before` is such a cursor.
    """
    rows = conn.execute(
        "SELECT o.post, o.thread, o.title, o.author, o.body, o.written_at"
        " FROM search_posts s JOIN open_posts o ON o.post = s.rowid"
        " WHERE search_posts MATCH ? AND s.rowid < ? AND o.members_only <= ? ORDER BY s.rowid DESC LIMIT ?",
        (match(asked.words), before or 1 << 62, asked.member, POSTS_LOOKED_AT),
    )
    found: dict[int, FoundPost] = {}
    seen = cursor = 0
    for row in rows:
        if row["thread"] not in found and len(found) == limit:
            return list(found.values()), cursor
        seen, cursor = seen + 1, row["post"]
        found.setdefault(row["thread"], _post(row))
    return list(found.values()), cursor if seen == POSTS_LOOKED_AT else 0


def _post(row: sqlite3.Row) -> FoundPost:
    return FoundPost(row["post"], row["thread"], row["title"], row["author"], row["body"], from_text(row["written_at"]))


def in_papers(conn: Connection, asked: Asked, limit: int, *, titles_only: bool = False) -> list[FoundPaper]:
    """Return up to `limit` papers of this kiosk, the best first; with `titles_only` those that are called so."""
    question = match(asked.words, exact_first=True)
    rows = conn.execute(
        "SELECT p.paper, v.version, p.language, v.title, p.members_only, v.sha256"
        " FROM search_papers s JOIN papers p ON p.paper = s.rowid / 1000000"
        " JOIN paper_versions v ON v.paper = p.paper AND v.version = s.rowid % 1000000"
        " WHERE search_papers MATCH ? AND p.withdrawn_at IS NULL AND p.members_only <= ?"
        " AND NOT EXISTS (SELECT 1 FROM paper_versions n WHERE n.paper = p.paper AND n.version > v.version)"
        " ORDER BY bm25(search_papers, 8.0, 1.0), p.paper LIMIT ?",
        (f"title : ({question})" if titles_only else question, asked.member, limit),
    )
    return [
        FoundPaper(r["paper"], r["version"], r["language"], r["title"], bool(r["members_only"]), r["sha256"].hex())
        for r in rows
    ]


def titles(conn: Connection, asked: Asked, limit: int) -> list[Found]:
    """Return up to `limit` texts of packs in whose titles the words are, each title once, without their bodies."""
    rows = conn.execute(
        "WITH hits AS MATERIALIZED (SELECT rowid AS text FROM search_words WHERE search_words MATCH :match LIMIT 200)"
        " SELECT p.*, t.title FROM hits JOIN search_places p ON p.text = hits.text AND p.generation = :generation"
        " JOIN search_texts t ON t.text = hits.text WHERE p.section <> 'notices' GROUP BY t.title"
        " ORDER BY min(coalesce((SELECT value FROM json_each(:order) WHERE key = p.language), 99)), length(t.title)"
        " LIMIT :limit",
        {
            "match": f"title : ({match(asked.words)})",
            "order": json.dumps(_order(conn, asked)),
            "generation": asked.generation,
            "limit": limit,
        },
    )
    return [Found(r["section"], r["pack"], r["item"], r["language"], r["part"], r["title"], "") for r in rows]


def threads(conn: Connection, asked: Asked, limit: int) -> list[FoundPost]:
    """Return up to `limit` open threads with the words in their titles, the newest first."""
    rows = conn.execute(
        "SELECT o.post, o.thread, o.title, o.author, '' AS body, o.written_at"
        " FROM search_posts s JOIN open_posts o ON o.post = s.rowid"
        " WHERE search_posts MATCH ? AND o.members_only <= ? ORDER BY s.rowid DESC LIMIT ?",
        (f"title : ({match(asked.words)})", asked.member, limit),
    )
    return [_post(row) for row in rows]
