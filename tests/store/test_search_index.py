"""The index of the search: it holds what a generation, the board and the papers hold, whatever is cut on the way."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from kiosk.packs.papers import Reading
from kiosk.store import db, facts, generations, search, search_index, threads
from kiosk.store.search import Asked
from kiosk.store.search_words import words
from kiosk.store.state import State
from kiosk.sync import install
from tests.portal.conftest import NOW, Packer

DAY = date(2026, 11, 24)
BUILDER = """\
import sys
from pathlib import Path
from kiosk.store import db, search_index
from kiosk.store.state import State
place = search_index._place
def told(*arguments):
    place(*arguments)
    print("placed", flush=True)
search_index._place, search_index.BATCH_TEXTS = told, 3
state = State(Path(sys.argv[1]))
search_index.build(db.connect(state.database), state, 1)
print("built", flush=True)
"""


@pytest.fixture
def packer(tmp_path: Path) -> Packer:
    state = State(tmp_path / "state")
    state.prepare()
    return Packer(state)


@pytest.fixture
def conn(packer: Packer) -> Iterator[db.Connection]:
    with closing(db.connect(packer.state.database)) as conn:
        yield conn


def add_course(packer: Packer, *texts: str) -> None:
    """Add a course with a lesson of each text."""
    lessons = [
        {"id": f"l{n}", "title": f"Lesson {n}", "summary": "", "minutes": 1, "page": f"lessons/{n}.html"}
        for n in range(len(texts))
    ]
    files = {f"lessons__{n}_dot_html": f"<p>{text}</p>".encode() for n, text in enumerate(texts)}
    attributes = {"subject": "farming", "level": "beginner", "lessons": lessons}
    packer.add("course", "farm", "en", "Farming", attributes, **files)


def found(conn: db.Connection, question: str, generation: int = 1) -> list[str]:
    """Return the lessons that a generation has on a question."""
    asked = Asked(words(question), generation, DAY, ("en",), False)
    return [text.part for text in search.in_packs(conn, asked, 100)]


def indexed(conn: db.Connection) -> list[tuple[str, str, int]]:
    """Return every word in the index of packs, with where it stands in which text."""
    conn.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.seen USING fts5vocab (main, search_words, instance)")
    rows = conn.execute(
        "SELECT term, hex(digest), col, offset FROM temp.seen LEFT JOIN search_texts ON text = doc ORDER BY 1, 2, 3, 4"
    )
    return [tuple(row) for row in rows]


def test_a_generation_is_searched_by_its_own_texts(packer: Packer, conn: db.Connection) -> None:
    add_course(packer, "maize and beans", "goats")
    packer.install(1)
    search_index.build(conn, packer.state, 1)
    packer.items.clear()
    add_course(packer, "maize and beans", "sheep")
    packer.install(2)
    assert found(conn, "maize", 2) == []
    search_index.build(conn, packer.state, 2)
    assert found(conn, "maize") == found(conn, "maize", 2) == ["l0"]
    assert (found(conn, "goats"), found(conn, "goats", 2)) == (["l1"], [])
    assert (found(conn, "sheep"), found(conn, "sheep", 2)) == ([], ["l1"])
    assert conn.execute("SELECT count(*) FROM search_texts").fetchone()[0] == 4, "what both have is kept once"


def test_what_no_generation_has_is_taken_out(packer: Packer, conn: db.Connection) -> None:
    add_course(packer, "goats")
    packer.install(1)
    search_index.build(conn, packer.state, 1)
    packer.items.clear()
    add_course(packer, "sheep")
    packer.install(2)
    search_index.build(conn, packer.state, 2)
    assert not search_index.has_unused(conn)
    with db.transaction(conn):
        generations.forget(conn, 1)
    assert search_index.has_unused(conn)
    search_index.forget_unused(conn)
    assert not search_index.has_unused(conn)
    assert not [row for row in indexed(conn) if row[0] == "goats" or row[1] is None]
    assert found(conn, "sheep", 2) == ["l0"]


@pytest.mark.parametrize("placed", [1, 3, 7, 11])
def test_a_build_that_is_killed_goes_on(packer: Packer, conn: db.Connection, placed: int) -> None:
    add_course(packer, *(f"maize number{n}" for n in range(10)))
    packer.install(1)
    command = [sys.executable, "-c", BUILDER, str(packer.state.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as builder:
        assert builder.stdout
        for _line in range(placed):
            assert builder.stdout.readline() == "placed\n"
        os.kill(builder.pid, signal.SIGKILL)
    assert not search_index.is_built(conn, 1)
    search_index.build_missing(conn, packer.state)
    assert search_index.is_built(conn, 1)
    assert len(found(conn, "maize")) == 10
    after = indexed(conn)
    conn.execute("DELETE FROM search_places")
    conn.execute("DELETE FROM search_built")
    search_index.forget_unused(conn)
    assert indexed(conn) == []
    search_index.build(conn, packer.state, 1)
    assert indexed(conn) == after


def test_what_a_cut_build_left_goes_with_its_generation(packer: Packer, conn: db.Connection) -> None:
    add_course(packer, "goats")
    packer.install(1)
    search_index.build(conn, packer.state, 1)
    packer.items.clear()
    add_course(packer, "sheep")
    packer.install(2)
    packer.state.current.unlink()
    packer.state.current.symlink_to(Path("generations/1"))
    search_index.build(conn, packer.state, 2)  # and the power goes before it is served
    install.clear(packer.state, conn)
    assert found(conn, "sheep", 2) == []
    assert search_index.has_unused(conn), "a new try need not index it again"
    install.prune(packer.state, conn)
    assert not search_index.has_unused(conn)


def test_a_paper_that_is_read_later_is_indexed_again(packer: Packer, conn: db.Connection) -> None:
    packer.add("document", "law", "en", "Law", {"category": "law"}, law_dot_pdf=b"%PDF law")
    packer.install(1)
    search_index.build(conn, packer.state, 1)
    asked = Asked(words("assembly"), 1, DAY, ("en",), False)
    assert search.in_packs(conn, asked, 9) == []
    with db.transaction(conn):
        sha256 = packer.entries[packer.items[0].content_root][0].sha256
        facts.record(conn, packer.state, sha256, Reading(1, "The assembly decides."), NOW)
    search_index.build_missing(conn, packer.state)
    assert [text.item for text in search.in_packs(conn, asked, 9)] == ["law"]
    search_index.forget_unused(conn)
    assert conn.execute("SELECT count(*) FROM search_texts").fetchone()[0] == 1


def test_a_post_that_was_not_kept_is_not_found(packer: Packer, conn: db.Connection) -> None:
    asked = Asked(words("goat"), 0, DAY, ("en",), False)
    conn.execute("BEGIN")
    threads.open_thread(conn, "A goat", "Amina", "For sale", NOW)
    assert search.on_board(conn, asked, 9)[0]
    conn.rollback()
    assert search.on_board(conn, asked, 9) == ([], 0)
    assert conn.execute("SELECT count(*) FROM search_openings").fetchone()[0] == 0


def test_what_was_there_before_the_search_is_indexed(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "db", isolation_level=None)
    schema = Path(db.__file__).parent / "schema"
    for script in sorted(schema.glob("000[1-7]_*.sql")):
        old.executescript(script.read_text())
    old.execute("PRAGMA user_version = 7")
    old.execute("INSERT INTO threads (title, opened_at, last_post_at) VALUES ('Élevage', '2026', '2026')")
    for body in ("chèvres", "moutons"):
        old.execute(
            "INSERT INTO posts (thread, author, body, written_at) VALUES (1, 'A', ?, '2026-01-01T00:00:00Z')", (body,)
        )
    old.close()
    with closing(db.connect(tmp_path / "db")) as conn:
        for question, post in (("elevage", 1), ("chevres", 1), ("moutons", 2)):
            asked = Asked(words(question), 0, DAY, ("fr",), False)
            assert [each.post for each in search.on_board(conn, asked, 9)[0]] == [post]


def test_a_paper_that_was_read_leaves_other_generations_as_they_are(packer: Packer, conn: db.Connection) -> None:
    add_course(packer, "goats")
    packer.install(1)
    packer.add("document", "law", "en", "Law", {"category": "law"}, law_dot_pdf=b"%PDF law")
    packer.install(2)
    search_index.build_missing(conn, packer.state)
    sha256 = packer.entries[packer.items[1].content_root][0].sha256
    with db.transaction(conn):
        facts.record(conn, packer.state, sha256, Reading(1, "The assembly decides."), NOW)
    assert (search_index.is_built(conn, 1), search_index.is_built(conn, 2)) == (True, False)
