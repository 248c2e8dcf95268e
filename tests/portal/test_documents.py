"""The shelf of papers and what stands on it: packs' papers and the telecenter's own, versions, members, reading."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.errors import NoSpace
from kiosk.packs.papers import Reading
from kiosk.portal.papers import PAGE_LETTERS, cut
from kiosk.store import db, facts, members, papers
from kiosk.store.state import State
from tests import papers as made
from tests.portal.conftest import NOW, Packer
from tests.portal.membership import Holder, join, sign_in, state_of

JPEG = b"\xff\xd8\xff\xe0 a small picture"
Add = Callable[..., int]


@pytest.fixture
def conn(portal: Flask) -> Iterator[db.Connection]:
    with closing(db.connect(portal.extensions["kiosk-site"].state.database)) as conn:
        yield conn


@pytest.fixture
def add(portal: Flask, conn: db.Connection) -> Add:
    """Add a paper, or with `paper` a version of one, of which `reading` is known."""
    state: State = portal.extensions["kiosk-site"].state

    def adding(
        data: bytes, title: str = "Minutes of May", *, paper: int = 0, members_only: bool = False,
        at: datetime = NOW, category: str = "reports", reading: Reading | None = None,
    ) -> int:  # fmt: skip
        with papers.drafted(state, io.BytesIO(data), len(data), 0) as draft, db.transaction(conn):
            if reading:
                facts.record(conn, state, draft.sha256, reading, at)
            if paper:
                return papers.add_version(conn, state, paper, draft, title, at)
            return papers.add(conn, state, draft, title, category, "sw", at, members_only=members_only)

    return adding


def body(visitor: FlaskClient, address: str) -> bytes:
    with visitor.get(address) as answer:
        return answer.get_data()


@pytest.fixture
def holder(portal: Flask, visitor: FlaskClient) -> Holder:
    """A member who is signed in on the visitor's phone."""
    holder = join(state_of(portal))
    assert sign_in(visitor, holder).status_code == 303
    return holder


def test_what_was_added_stands_beside_what_packs_brought(visitor: FlaskClient, add: Add) -> None:
    paper = add(made.pdf(2), reading=Reading(2, "Words of it", JPEG))
    page = visitor.get("/documents").text
    assert "Model by-laws" in page
    assert page.index("Minutes of May") > page.index("Reports</h2>")
    for told in ("Kiswahili", "24 November 2026", "2 pages", f'href="/documents/{paper}/1"', "<bdi>PDF</bdi>"):
        assert told in page
    assert f'src="/documents/{paper}/1/picture"' in page


def test_what_is_known_of_a_packs_paper_is_shown(visitor: FlaskClient, portal: Flask, conn: db.Connection) -> None:
    state: State = portal.extensions["kiosk-site"].state
    sha256 = hashlib.sha256(b"%PDF-1.4 by-laws").hexdigest()
    with db.transaction(conn):
        facts.record(conn, state, sha256, Reading(12, "One member, one vote.", JPEG), NOW - timedelta(days=3))
    page = visitor.get("/documents").text
    assert "12 pages" in page
    assert "21 November 2026" in page
    address = "village/by-laws/en/by_laws.pdf"
    assert f'src="/documents/picture/{address}"' in page
    with visitor.get(f"/documents/picture/{address}") as picture:
        assert picture.data == JPEG
        assert picture.mimetype == "image/jpeg"
    assert "One member, one vote." in visitor.get(f"/documents/words/{address}").text
    assert visitor.get("/documents/picture/village/by-laws/en/by_laws.odt").status_code == 404
    assert visitor.get("/documents/words/village/cooperative/en/lessons/1.html").status_code == 404


def test_the_newest_version_is_in_front_and_the_older_ones_behind(visitor: FlaskClient, add: Add) -> None:
    paper = add(b"Draft")
    add(b"As agreed", "Minutes of May, as agreed", paper=paper, at=NOW + timedelta(days=2))
    page = visitor.get("/documents").text
    assert page.index("Minutes of May, as agreed") < page.index("Older versions") < page.index("Minutes of May</h4>")
    assert body(visitor, f"/documents/{paper}/2") == b"As agreed"
    assert body(visitor, f"/documents/{paper}/1") == b"Draft"
    for address in (f"/documents/{paper}/3", f"/documents/{paper + 1}/1", f"/documents/{paper}/0", "/documents/x/1"):
        assert visitor.get(address).status_code == 404


def test_withdrawn_it_is_gone_and_restored_it_is_back(visitor: FlaskClient, add: Add, conn: db.Connection) -> None:
    paper = add(b"Draft")
    papers.withdraw(conn, paper, NOW)
    assert "Minutes of May" not in visitor.get("/documents").text
    assert visitor.get(f"/documents/{paper}/1").status_code == 404
    papers.restore(conn, paper)
    assert body(visitor, f"/documents/{paper}/1") == b"Draft"


def test_files_come_in_ranges_and_are_asked_about(visitor: FlaskClient, add: Add) -> None:
    paper = add(made.pdf())
    with visitor.get(f"/documents/{paper}/1", headers={"Range": "bytes=0-7"}) as part:
        assert part.status_code == 206
        assert part.data == made.pdf()[:8]
        assert part.headers["Cache-Control"] == "no-cache"
        assert part.headers["Content-Disposition"].startswith("inline; filename=minutes-of-may.pdf")
        assert "sandbox" not in part.headers["Content-Security-Policy"]
    with visitor.get(f"/documents/{paper}/1", headers={"If-None-Match": part.headers["ETag"]}) as again:
        assert again.status_code == 304


def test_office_papers_are_kept_and_text_is_shown(visitor: FlaskClient, add: Add) -> None:
    odt, text = add(made.odt()), add("Maïs <b>40</b>".encode())
    with visitor.get(f"/documents/{odt}/1") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.mimetype == made.ODT
    with visitor.get(f"/documents/{text}/1") as answer:
        assert answer.content_type == "text/plain; charset=utf-8"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_members_papers_are_not_told_of_to_others(visitor: FlaskClient, add: Add) -> None:
    paper = add(b"Secret accounts", "Accounts", members_only=True, reading=Reading(1, "Secret accounts", JPEG))
    page = visitor.get("/documents")
    assert "Accounts" not in page.text
    for address in ("", "/words", "/picture"):
        answer = visitor.get(f"/documents/{paper}/1{address}")
        assert answer.status_code in (303, 403)
        assert b"Secret" not in answer.data


@pytest.mark.usefixtures("holder")
def test_members_papers_are_shown_to_members_and_kept_by_no_browser(visitor: FlaskClient, add: Add) -> None:
    paper = add(b"Secret accounts", "Accounts", members_only=True, reading=Reading(1, "Secret accounts", JPEG))
    page = visitor.get("/documents")
    assert "Accounts" in page.text
    assert "For members only" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    for address in ("", "/words", "/picture"):
        with visitor.get(f"/documents/{paper}/1{address}") as answer:
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "no-store"


def test_each_reading_of_a_members_paper_is_recorded_and_shown_to_the_member(
    visitor: FlaskClient, add: Add, holder: Holder, conn: db.Connection
) -> None:
    paper = add(b"Secret accounts", "Accounts", members_only=True, reading=Reading(1, "Secret accounts", JPEG))
    everyones = add(b"Prices", "Prices", reading=Reading(1, "Prices", JPEG))
    for address in (f"/documents/{paper}/1/picture", f"/documents/{everyones}/1", f"/documents/{everyones}/1/words"):
        body(visitor, address)
    with visitor.head(f"/documents/{paper}/1") as answer:
        assert answer.status_code == 200
    assert members.read_by(conn, holder.member) == []
    body(visitor, f"/documents/{paper}/1/words")
    assert [(read.paper, read.version, read.times) for read in members.read_by(conn, holder.member)] == [(paper, 1, 1)]
    assert "Accounts" in visitor.get("/members").text
    add(b"More accounts", "Accounts", paper=paper)
    body(visitor, f"/documents/{paper}/2")
    assert {read.version for read in members.read_by(conn, holder.member)} == {1, 2}


@pytest.mark.usefixtures("holder")
def test_a_full_card_keeps_no_member_from_reading(
    visitor: FlaskClient, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = add(b"Secret accounts", "Accounts", members_only=True)

    def full(*_: object) -> None:
        raise NoSpace("the card is full")

    monkeypatch.setattr(members, "record_reading", full)
    assert body(visitor, f"/documents/{paper}/1") == b"Secret accounts"


def test_words_are_read_in_parts_on_any_phone(visitor: FlaskClient, add: Add) -> None:
    words = "\n".join(f"Line {number} <script>alert(1)</script>" for number in range(900))
    paper = add(made.pdf(), reading=Reading(30, words))
    first = visitor.get(f"/documents/{paper}/1/words").text
    assert "Line 0 &lt;script&gt;" in first
    assert "<script" not in first
    assert 'href="?page=2"' in first
    assert "Line 899" in visitor.get(f"/documents/{paper}/1/words?page=4").text
    assert visitor.get(f"/documents/{paper}/1/words?page=99").status_code == 404
    assert visitor.get(f"/documents/{paper}/1/words?page=x").status_code == 200


def test_a_paper_without_words_has_no_page_of_words(visitor: FlaskClient, add: Add) -> None:
    paper = add(made.pdf())
    assert "/words" not in visitor.get("/documents").text
    assert visitor.get(f"/documents/{paper}/1/words").status_code == 404
    assert visitor.get(f"/documents/{paper}/1/picture").status_code == 404


@pytest.mark.parametrize("text", ["", " ", "x" * 20_000, "word " * 6_000, "line\n" * 6_000, "व" * 9_001])
def test_cut_loses_nothing_and_keeps_to_its_size(text: str) -> None:
    pieces = cut(text)
    assert all(0 < len(piece) <= PAGE_LETTERS for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_of_many_papers_each_category_shows_its_newest(visitor: FlaskClient, add: Add) -> None:
    for number in range(30):
        add(b"Paper %d" % number, f"Report {number:02}", at=NOW + timedelta(minutes=number))
    page = visitor.get("/documents").text
    assert "Report 29" in page
    assert "Report 26" not in page
    assert "All 30 papers" in page
    first = visitor.get("/documents/in/reports").text
    assert "Report 18" in first
    assert "Report 17" not in first
    assert 'href="/documents/in/reports?from=12"' in first
    last = visitor.get("/documents/in/reports?from=24").text
    assert "Report 05" in last
    assert "Report 00" in last
    assert visitor.get("/documents/in/gossip").status_code == 404


def test_an_empty_kiosk_has_a_shelf_too(empty: FlaskClient) -> None:
    assert "There are no papers here yet" in empty.get("/documents").text
    assert empty.get("/documents/in/law").status_code == 200


def test_titles_are_text(config: Config, packer: Packer, visitor: FlaskClient, add: Add) -> None:
    add(b"x", "<script>alert(1)</script>")
    assert "<script" not in visitor.get("/documents").text
