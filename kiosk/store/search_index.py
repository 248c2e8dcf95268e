"""The index of what packs brought: made with a generation, before it is served, and forgotten with it.

Owns: the tables `search_texts`, `search_places`, `search_built` and the index `search_words`. True always: a text is in
the index exactly when it has a row; what a served generation has in the index is never touched by making another's; a
build that was cut goes on, since texts that are here already are only named again.
"""

from __future__ import annotations

import hashlib
import html
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import nh3

from kiosk.packs.kinds import NOTICE_PAGE
from kiosk.store import courses, generations, items
from kiosk.store.db import Connection, transaction
from kiosk.store.items import Item
from kiosk.store.search_words import fold, tidy
from kiosk.store.state import State

MOST_TEXT = 500_000
"""Most characters of a text that can be found: some 200 pages."""
BATCH_TEXTS, BATCH_CHARACTERS = 200, 1_000_000
"""A transaction is closed when it holds so much, so that the board can be written meanwhile and memory stays small."""
SECTIONS = {"course": "courses", "book": "library", "document": "documents", "notice": "notices"}
_BLOCK = re.compile(
    r"(?=</?(?:p|h\d|[uod]l|li|d[td]|t[rdh]|table|br|hr|div|blockquote|pre|section|article)\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Text:
    """A text to be found and where it stands: `part` is a lesson's id, "" for the item itself."""

    item: Item
    section: str
    part: str
    title: str
    body: str


def build(conn: Connection, state: State, generation: int) -> None:
    """Index a generation whose rows and files are here; goes on where a build was cut. Nothing if it is done."""
    if is_built(conn, generation):
        return
    texts = _texts(conn, state, generation)
    while batch := _batch(texts):
        with transaction(conn):
            for text in batch:
                _place(conn, generation, text)
    with transaction(conn):
        conn.execute("INSERT INTO search_built VALUES (?)", (generation,))


def build_missing(conn: Connection, state: State) -> None:
    """Index the generations that have none yet: those from before there was an index."""
    for number in generations.numbers(conn):
        build(conn, state, number)


def is_built(conn: Connection, generation: int) -> bool:
    """Tell whether the index of a generation is whole."""
    return conn.execute("SELECT 1 FROM search_built WHERE generation = ?", (generation,)).fetchone() is not None


def has_unused(conn: Connection) -> bool:
    """Tell whether there are texts that no generation has."""
    return conn.execute(f"SELECT 1 FROM ({UNUSED})").fetchone() is not None  # noqa: S608 - our own words


def forget_unused(conn: Connection) -> None:
    """Take out what no generation has any more."""
    while rows := conn.execute(f"{UNUSED} LIMIT {BATCH_TEXTS}").fetchall():
        with transaction(conn):
            for row in rows:
                conn.execute(
                    "INSERT INTO search_words (search_words, rowid, title, body) VALUES ('delete', ?, ?, ?)",
                    (row["text"], fold(row["title"]), fold(inflated(row["body"]))),
                )
                conn.execute("DELETE FROM search_texts WHERE text = ?", (row["text"],))


UNUSED = "SELECT * FROM search_texts t WHERE NOT EXISTS (SELECT 1 FROM search_places p WHERE p.text = t.text)"


def inflated(body: bytes) -> str:
    """Return the text that a row of `search_texts` keeps."""
    return zlib.decompress(body).decode()


def plain(fragment: str) -> str:
    """Return the words of an HTML fragment, without its markup, scripts and styles."""
    return tidy(html.unescape(nh3.clean(_BLOCK.sub(" ", fragment), tags=set())))


def _batch(texts: Iterator[Text]) -> list[Text]:
    batch, characters = [], 0
    for text in texts:
        batch.append(text)
        characters += len(text.body)
        if len(batch) == BATCH_TEXTS or characters >= BATCH_CHARACTERS:
            break
    return batch


def _place(conn: Connection, generation: int, text: Text) -> None:
    title, body = tidy(text.title), text.body[:MOST_TEXT]
    digest = hashlib.sha256(f"{title}\0{body}".encode()).digest()
    row = conn.execute("SELECT text FROM search_texts WHERE digest = ?", (digest,)).fetchone()
    number = _insert(conn, digest, title, body) if row is None else row["text"]
    conn.execute(
        "INSERT OR REPLACE INTO search_places VALUES (?, ?, ?, ?, ?, ?, ?)",
        (generation, text.section, text.item.pack, text.item.item, text.item.language, text.part, number),
    )


def _insert(conn: Connection, digest: bytes, title: str, body: str) -> int:
    packed = zlib.compress(body.encode())
    cursor = conn.execute("INSERT INTO search_texts (digest, title, body) VALUES (?, ?, ?)", (digest, title, packed))
    number = int(cursor.lastrowid or 0)
    conn.execute("INSERT INTO search_words (rowid, title, body) VALUES (?, ?, ?)", (number, fold(title), fold(body)))
    return number


def _texts(conn: Connection, state: State, generation: int) -> Iterator[Text]:
    for kind, section in SECTIONS.items():
        for item in items.of_kind(conn, generation, kind):
            body = " ".join(filter(None, (tidy(item.summary), *_bodies(conn, state, generation, item, kind))))
            yield Text(item, section, "", item.title, body)
            if kind == "course":
                yield from _lessons(state, generation, item)


def _bodies(conn: Connection, state: State, generation: int, item: Item, kind: str) -> Iterator[str]:
    if kind == "notice":
        page = items.folder(state, generation, item) / NOTICE_PAGE
        yield plain(page.read_text(encoding="utf-8", errors="replace"))
    elif kind == "document":
        yield _words_of_paper(conn, item)


def _words_of_paper(conn: Connection, item: Item) -> str:
    # The forms of a paper, such as PDF and ODT, say the same: the longest is taken.
    row = conn.execute(
        "SELECT substr(f.text, 1, ?) AS text FROM entries e JOIN paper_facts f USING (sha256)"
        " WHERE e.collection = ? ORDER BY f.letters DESC, e.path LIMIT 1",
        (MOST_TEXT, item.collection),
    ).fetchone()
    return "" if row is None else tidy(row["text"])


def _lessons(state: State, generation: int, item: Item) -> Iterator[Text]:
    folder = items.folder(state, generation, item)
    for lesson in courses.outlines(item):
        page = (folder / lesson.page).read_text(encoding="utf-8", errors="replace")
        body = f"{tidy(lesson.summary)} {plain(page)}"
        yield Text(item, "courses", lesson.id, lesson.title, body)
