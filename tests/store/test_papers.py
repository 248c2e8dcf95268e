"""Papers that were added here: versions stay, withdrawn ones come back, and a cut leaves nothing that does not go."""

from __future__ import annotations

import fcntl
import hashlib
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.errors import Conflict, InvalidInput, NoSpace, NotFound
from kiosk.packs.papers import Reading
from kiosk.store import db, facts, papers
from kiosk.store.state import State
from tests import papers as made

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state")
    state.prepare()
    return state


@pytest.fixture
def conn(state: State) -> Iterator[db.Connection]:
    with closing(db.connect(state.database)) as conn:
        yield conn


def add(conn: db.Connection, state: State, data: bytes, title: str = "Minutes", *, members_only: bool = False) -> int:
    with papers.drafted(state, io.BytesIO(data), len(data), 0) as draft, db.transaction(conn):
        return papers.add(conn, state, draft, title, "reports", "en", NOW, members_only=members_only)


def add_version(conn: db.Connection, state: State, paper: int, data: bytes, title: str = "", hours: int = 1) -> int:
    with papers.drafted(state, io.BytesIO(data), len(data), 0) as draft, db.transaction(conn):
        return papers.add_version(conn, state, paper, draft, title, NOW + timedelta(hours=hours))


def test_a_paper_is_on_the_card_under_its_hash(conn: db.Connection, state: State) -> None:
    data = made.pdf()
    found = papers.get(conn, add(conn, state, data, "  Minutes\n of   May "))
    assert (found.newest.title, found.newest.type, found.newest.size_bytes) == (
        "Minutes of May",
        "application/pdf",
        len(data),
    )
    assert state.document_path(hashlib.sha256(data).hexdigest()).read_bytes() == data
    assert len([path for path in state.documents.rglob("*") if path.is_file()]) == 1


def test_versions_stay_and_the_newest_comes_first(conn: db.Connection, state: State) -> None:
    paper = add(conn, state, b"first")
    assert add_version(conn, state, paper, b"second") == 2
    assert add_version(conn, state, paper, b"first", "Minutes, as they were") == 3
    found = papers.get(conn, paper)
    assert [(v.version, v.title) for v in found.versions] == [
        (3, "Minutes, as they were"),
        (2, "Minutes"),
        (1, "Minutes"),
    ]
    for words in ("UPDATE paper_versions SET title = 'x'", "DELETE FROM paper_versions"):
        with pytest.raises(sqlite3.IntegrityError, match="versions of papers stay"):
            conn.execute(words)


def test_the_same_bytes_are_no_new_version(conn: db.Connection, state: State) -> None:
    paper = add(conn, state, b"first")
    with pytest.raises(Conflict, match="as version 1"):
        add_version(conn, state, paper, b"first")
    with pytest.raises(NotFound):
        add_version(conn, state, paper + 1, b"second")


def test_withdrawn_and_restored(conn: db.Connection, state: State) -> None:
    paper, other = add(conn, state, b"one"), add(conn, state, b"two", members_only=True)
    assert [each.paper for each in papers.shown(conn, to_members=False)] == [paper]
    assert {each.paper for each in papers.shown(conn, to_members=True)} == {paper, other}
    papers.withdraw(conn, paper, NOW)
    papers.withdraw(conn, paper, NOW + timedelta(days=1))
    assert papers.shown(conn, to_members=False) == []
    assert papers.get(conn, paper).withdrawn_at == NOW
    assert [each.paper for each in papers.all_of(conn)] == [paper, other]
    papers.restore(conn, paper)
    assert [each.paper for each in papers.shown(conn, to_members=False)] == [paper]
    with pytest.raises(NotFound):
        papers.withdraw(conn, 99, NOW)
    with pytest.raises(NotFound):
        papers.restore(conn, 99)


def test_a_new_version_brings_a_paper_to_the_front(conn: db.Connection, state: State) -> None:
    first, second = add(conn, state, b"one"), add(conn, state, b"two")
    add_version(conn, state, first, b"three")
    assert [each.paper for each in papers.shown(conn, to_members=False)] == [first, second]


@pytest.mark.parametrize(
    ("data", "title", "field"),
    [
        (b"<html>", "x", "file"), (b"", "x", "file"), (bytes(100), "x", "file"), (b"text", " \n", "title"),
        (b"text", "x" * 201, "title"),
    ],
)  # fmt: skip
def test_what_can_not_be_taken_leaves_nothing(
    conn: db.Connection, state: State, data: bytes, title: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(conn, state, data, title)
    assert caught.value.field == field
    assert papers.all_of(conn) == []
    assert not list(state.documents.glob(f"{papers.DRAFT}*"))


def test_category_and_language_are_checked(conn: db.Connection, state: State) -> None:
    for category, language in (("gossip", "en"), ("law", "English")):
        with papers.drafted(state, io.BytesIO(b"text"), 4, 0) as draft, pytest.raises(InvalidInput):
            papers.add(conn, state, draft, "x", category, language, NOW, members_only=False)


def test_too_large_and_no_room(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoSpace), papers.drafted(state, io.BytesIO(b"text"), 4, 10**15):
        pass
    monkeypatch.setattr(papers, "MOST_BYTES", 3)
    with pytest.raises(InvalidInput, match="too large"), papers.drafted(state, io.BytesIO(b"text"), 4, 0):
        pass
    assert list(state.documents.iterdir()) == []


def test_what_a_cut_left_goes_and_what_is_being_written_stays(conn: db.Connection, state: State) -> None:
    paper = add(conn, state, b"kept")
    orphan = state.document_path("ab" * 32)
    orphan.parent.mkdir()
    orphan.write_bytes(b"no row names this")
    (state.documents / f"{papers.DRAFT}left").write_bytes(b"half")
    with (state.documents / f"{papers.DRAFT}mine").open("wb") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)
        papers.prune(conn, state)
        assert {path.name for path in state.documents.rglob("*") if path.is_file()} == {
            f"{papers.DRAFT}mine",
            papers.get(conn, paper).newest.sha256,
        }


def test_facts_are_kept_once_and_go_when_nothing_has_their_bytes(conn: db.Connection, state: State) -> None:
    add(conn, state, b"kept")
    kept, gone = hashlib.sha256(b"kept").hexdigest(), hashlib.sha256(b"gone").hexdigest()
    with db.transaction(conn):
        facts.record(conn, state, kept, Reading(3, "words", b"\xff\xd8\xff"), NOW)
        facts.record(conn, state, kept, Reading(4, "others", b""), NOW)
        facts.record(conn, state, gone, Reading(1, "", b"\xff\xd8\xff"), NOW)
    assert facts.of(conn, kept) == facts.Facts(3, 5, f"{kept}.jpg", NOW)
    assert facts.text(conn, kept) == "words"
    (state.pictures / "left by a cut.jpg").write_bytes(b"")
    facts.prune(conn, state)
    assert facts.of(conn, gone) is None
    assert [path.name for path in state.pictures.iterdir()] == [f"{kept}.jpg"]
