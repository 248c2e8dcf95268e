"""The texts in a book's index: each comes back as it was, and what the card spoilt is refused in bounded memory."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from kiosk.errors import StoreError
from kiosk.packs.route import zstd
from kiosk.store import book_texts
from kiosk.store.book_texts import BLOCK_BYTES, MOST_KEPT, Reader, Text, Writer
from kiosk.store.db import Connection


@pytest.fixture
def conn() -> Iterator[Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        for statement in book_texts.SCHEMA.split(";\n"):
            conn.execute(statement)
        yield conn


def kept(conn: Connection, texts: dict[int, Text], at_once: int = 10**9) -> None:
    for start in range(0, len(texts), at_once):
        writer = Writer(conn)
        for page, text in list(texts.items())[start : start + at_once]:
            writer.add(page, text)
        writer.close()


def fields(count: int, seed: int = 1) -> dict[int, Text]:
    """Return texts of many lengths in an order of pages that is not that of their numbers."""
    seeded = random.Random(seed)
    some = [f"word{n}" for n in range(300)] + ["élève", "किताब", "القرية", "\U0001f410"]
    return {
        page: Text(f"A/{page}.html", f"Field {page}", " ".join(seeded.choices(some, k=seeded.choice((0, 3, 90, 4000)))))
        for page in seeded.sample(range(10**6), count)
    }


@pytest.mark.parametrize("at_once", [1, 7, 10**9])
def test_texts_come_back_as_they_were(conn: Connection, at_once: int) -> None:
    texts = fields(120)
    kept(conn, texts, at_once)
    reader = Reader(conn)
    assert {page: reader.text(page) for page in texts} == texts
    assert reader.text(-1) is None


def test_texts_that_are_alike_take_little_room(conn: Connection) -> None:
    texts = fields(2000)
    kept(conn, texts)
    size = sum(len(text.body.encode()) for text in texts.values())
    taken = conn.execute("SELECT sum(length(bytes)) FROM blocks").fetchone()[0]
    assert taken < size / 2
    assert 0 < len(conn.execute("SELECT bytes FROM dictionary").fetchone()[0]) <= book_texts.MOST_DICTIONARY_BYTES
    assert conn.execute("SELECT count(*) FROM dictionary").fetchone()[0] == 1


def test_strange_texts(conn: Connection) -> None:
    long = "far " * MOST_KEPT
    kept(conn, {1: Text("a\0b", "\ud800", "c\0"), 2: Text("", "", ""), 3: Text("x", "y", long), 4: Text("z", "", "Z")})
    reader = Reader(conn)
    assert reader.text(1) == Text("a b", "?", "c ")
    assert reader.text(2) == Text("", "", "")
    assert reader.text(3) == Text("x", "y", long[:MOST_KEPT])
    assert reader.text(4) == Text("z", "", "Z")


def test_a_long_text_of_long_letters_is_whole(conn: Connection) -> None:
    kept(conn, {1: Text("x", "y", "\U0001f410" * MOST_KEPT)})
    found = Reader(conn).text(1)
    assert found
    assert len(found.body) == MOST_KEPT


@pytest.mark.parametrize("spoilt", [b"", b"(\xb5/\xfd", random.Random(3).randbytes(300), zstd.compress(b"no end")])
def test_what_the_card_spoilt_is_refused(conn: Connection, spoilt: bytes) -> None:
    kept(conn, fields(30))
    conn.execute("UPDATE blocks SET bytes = ?", (spoilt,))
    page = conn.execute("SELECT page FROM texts WHERE place > 9000").fetchone()[0]
    with pytest.raises(StoreError, match="can not be read"):
        Reader(conn).text(page)


def test_no_more_is_unpacked_than_a_page_may_have(conn: Connection) -> None:
    kept(conn, {1: Text("x", "y", "z")})
    bomb = zstd.compress(b"a" * 100_000_000)
    conn.execute("UPDATE blocks SET bytes = ?", (bomb,))
    conn.executemany("INSERT INTO blocks VALUES (?, ?)", ((number, bomb) for number in range(1, 1000)))
    given = list(Reader(conn)._blocks(0))
    assert {len(block) for block in given} == {BLOCK_BYTES}
    assert len(given) == book_texts.MOST_BLOCKS
