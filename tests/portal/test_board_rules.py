"""The board as visitors meet it: sections, one's own posts, reports, floods, and when it is not open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.store import board_settings, db, moderation
from kiosk.store.board_settings import BoardIs
from kiosk.store.moderation import Act
from tests.portal.conftest import NOW
from tests.portal.membership import join, sign_in, state_of
from tests.portal.test_board import GOOD, send, token

OPERATOR = Act("rehema", NOW, "because")
FORM = re.compile(r'name="send" value="([^"]+)"')


@pytest.fixture
def conn(portal: Flask) -> Iterator[db.Connection]:
    with closing(db.connect(portal.extensions["kiosk-site"].state.database)) as conn:
        yield conn


@pytest.fixture
def other(portal: Flask) -> FlaskClient:
    return portal.test_client()


def at(portal: Flask, address: str) -> FlaskClient:
    """Return a phone that asks from an address."""
    phone = portal.test_client()
    phone.environ_base["REMOTE_ADDR"] = address
    return phone


def keep(conn: db.Connection, **wanted: object) -> None:
    with db.transaction(conn):
        board_settings.save(conn, replace(board_settings.read(conn), **wanted))  # type: ignore[arg-type]


def test_an_offer_in_the_market(visitor: FlaskClient) -> None:
    form = visitor.get("/board/new?in=market").text
    assert 'name="price"' in form
    assert 'name="price"' not in visitor.get("/board/new?in=talk").text
    offer = {**GOOD, "price": "500 a bag", "place": "Mill", "ends": "2026-12-01"}
    assert send(visitor, "/board/new?in=market", **offer)[0] == 303
    for path in ("/board", "/board/in/market", "/board/1"):
        page = visitor.get(path).text
        assert "500 a bag" in page
        assert "Until 1 December 2026" in page
    assert "Maize seed" not in visitor.get("/board/in/talk").text
    status, _, page = send(visitor, "/board/new?in=market", **{**offer, "ends": "soon"})
    assert status == 422
    assert "like this: 2026-12-31" in page
    assert visitor.get("/board/in/nothing").status_code == 404


def test_a_double_tap_makes_one_post(visitor: FlaskClient) -> None:
    match = FORM.search(visitor.get("/board/new").text)
    assert match
    for _ in range(2):
        assert send(visitor, "/board/new", **GOOD, send=match[1])[:2] == (303, "/board/1")
    assert "Maize seed" in visitor.get("/board").text
    assert visitor.get("/board/2").status_code == 404


def test_one_changes_and_removes_ones_own_and_nobody_elses(visitor: FlaskClient, other: FlaskClient) -> None:
    send(visitor, "/board/new", **GOOD)
    send(other, "/board/1", author="Juma", body="How much?")
    assert "/board/post/1/change" in visitor.get("/board/1").text
    assert "/board/post/2/change" not in visitor.get("/board/1").text
    assert other.get("/board/post/1/change").status_code == 404
    assert send(other, "/board/post/1/change", author="Juma", body="Mine now")[0] == 404
    assert send(other, "/board/post/1/remove", remove="post")[0] == 404
    assert "Mine now" not in visitor.get("/board/1").text
    assert send(visitor, "/board/post/1/change", author="Asha", body=" ")[0] == 422
    assert send(visitor, "/board/post/1/change", author="Asha", body="Ten bags")[0] == 303
    page = other.get("/board/1").text
    assert "Ten bags" in page
    assert "Twenty bags" not in page
    assert "changed" in page
    assert send(visitor, "/board/post/1/remove")[0] == 422  # cut short on the way: nothing is taken away
    assert send(visitor, "/board/post/1/remove", remove="post")[:2] == (303, "/board/1#post-1")
    page = other.get("/board/1").text
    assert "Ten bags" not in page
    assert "This message was taken away." in page
    assert send(other, "/board/post/2/remove", remove="post")[:2] == (303, "/board")
    assert other.get("/board/1").status_code == 404


def test_who_only_reads_gets_no_number(visitor: FlaskClient) -> None:
    visitor.get("/board")
    visitor.get("/board/new")
    with visitor.session_transaction() as session:
        assert "phone" not in session
    send(visitor, "/board/new", **GOOD)
    with visitor.session_transaction() as session:
        assert session["phone"]


def test_the_store_sees_neither_phone_nor_address(visitor: FlaskClient, conn: db.Connection) -> None:
    send(visitor, "/board/new", **GOOD)
    with visitor.session_transaction() as session:
        number = session["phone"]
    dump = "\n".join(conn.iterdump())
    assert number not in dump
    assert "127.0.0.1" not in dump


def test_reports_hide_until_an_operator_looks(portal: Flask, visitor: FlaskClient, conn: db.Connection) -> None:
    send(visitor, "/board/new", **GOOD)
    send(visitor, "/board/1", author="Juma", body="You are all fools")
    assert send(visitor, "/board/post/2/report", reason="bogus")[0] == 422
    phones = [at(portal, f"10.42.0.{number}") for number in range(11, 14)]
    for _ in range(2):  # one phone counts once
        assert send(phones[0], "/board/post/2/report", reason="rude")[0] == 303
    send(phones[1], "/board/post/2/report", reason="fraud")
    assert "You are all fools" in visitor.get("/board/1").text
    send(phones[2], "/board/post/2/report", reason="rude")
    assert "You are all fools" not in visitor.get("/board/1").text
    assert visitor.get("/board/post/2/report").status_code == 404
    (found,) = moderation.reports(conn)
    assert (found.post, found.hidden, found.reasons) == (2, True, {"rude": 2, "fraud": 1})
    with db.transaction(conn):
        moderation.restore(conn, 2, OPERATOR)
    assert moderation.reports(conn) == []
    assert (
        conn.execute("SELECT count(*) FROM reports WHERE phone IS NOT NULL OR address IS NOT NULL").fetchone()[0] == 0
    )
    for phone in phones:
        send(phone, "/board/post/2/report", reason="rude")
    assert "You are all fools" in visitor.get("/board/1").text, "what an operator judged stays"
    assert [(kind, act.who) for kind, _, _, act in moderation.acts(conn)] == [
        ("restore", "rehema"),
        ("hide", "reports"),
    ]


def test_a_phone_that_forgets_who_it_was_is_one_phone_still(portal: Flask, visitor: FlaskClient) -> None:
    send(visitor, "/board/new", **GOOD)
    for _ in range(5):
        assert send(at(portal, "10.42.0.11"), "/board/post/1/report", reason="rude")[0] == 303
    assert visitor.get("/board/1").status_code == 200
    send(at(portal, "10.42.0.12"), "/board/post/1/report", reason="rude")
    assert visitor.get("/board/1").status_code == 200
    send(at(portal, "10.42.0.13"), "/board/post/1/report", reason="rude")
    assert visitor.get("/board/1").status_code == 404


def test_a_hidden_first_post_takes_its_thread_along(visitor: FlaskClient, conn: db.Connection) -> None:
    send(visitor, "/board/new", **GOOD)
    send(visitor, "/board/1", author="Juma", body="How much?")
    with db.transaction(conn):
        moderation.hide(conn, 1, OPERATOR)
    assert visitor.get("/board/1").status_code == 404
    assert "Maize seed" not in visitor.get("/board").text
    assert conn.execute("SELECT count(*) FROM open_posts").fetchone()[0] == 0
    with db.transaction(conn):
        moderation.restore(conn, 1, OPERATOR)
    assert "2 messages" in visitor.get("/board").text


def test_pinned_first_closed_take_no_answer_and_moved_go(visitor: FlaskClient, conn: db.Connection) -> None:
    send(visitor, "/board/new", **GOOD)
    send(visitor, "/board/new", **{**GOOD, "title": "Goats"})
    with db.transaction(conn):
        moderation.pin(conn, 1, OPERATOR)
        moderation.close(conn, 1, OPERATOR)
        moderation.move(conn, 1, "questions", OPERATOR)
    page = visitor.get("/board").text
    assert page.index("Maize seed") < page.index("Goats")
    assert "Maize seed" in visitor.get("/board/in/questions").text
    status, _, page = send(visitor, "/board/1", author="Juma", body="Late")
    assert status == 409
    assert "closed: it can be read, but nobody can answer" in page


def test_a_flood_from_one_phone_is_stopped_and_told_how_long(visitor: FlaskClient, other: FlaskClient) -> None:
    csrf = token(visitor)
    answers = [visitor.post("/board/new", data={**GOOD, "csrf_token": csrf}) for _ in range(30)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429] * 25
    assert "in 3 minutes" in answers[-1].text
    assert "Twenty bags." in answers[-1].text, "what was typed is not lost"
    assert answers[-1].headers["Retry-After"] == "180"
    assert send(other, "/board/new", **GOOD)[0] == 303, "others at the same address may write"


def test_phones_that_forget_themselves_are_bounded_by_their_address(portal: Flask, conn: db.Connection) -> None:
    keep(conn, address_an_hour=40)
    codes = [send(portal.test_client(), "/board/new", **GOOD)[0] for _ in range(15)]
    assert codes == [303] * 10 + [429] * 5


@pytest.mark.parametrize(("state", "reading"), [(BoardIs.READ_ONLY, 200), (BoardIs.OFF, 403)])
def test_a_board_that_is_not_open(visitor: FlaskClient, conn: db.Connection, state: BoardIs, reading: int) -> None:
    send(visitor, "/board/new", **GOOD)
    csrf = token(visitor)
    keep(conn, state=state)
    assert [visitor.get(path).status_code for path in ("/board", "/board/1")] == [reading] * 2
    for path in ("/board/new", "/board/1", "/board/post/1/change", "/board/post/1/report"):
        assert visitor.post(path, data={**GOOD, "csrf_token": csrf}).status_code == 403
    assert visitor.get("/board/new").status_code == 403
    home = visitor.get("/").text
    assert ("Maize seed" in home) == (reading == 200)
    assert "Write on the board" not in home


@pytest.mark.parametrize("path", ["/board/in/market", "/board/new?in=market", "/board/1", "/board/post/1/report"])
def test_what_is_for_members_is_closed_to_others(
    portal: Flask, visitor: FlaskClient, conn: db.Connection, path: str
) -> None:
    send(visitor, "/board/new?in=market", **GOOD)
    conn.execute("UPDATE sections SET members_only = 1 WHERE section = 'market'")
    assert visitor.get(path).status_code == 303
    assert "Maize seed" not in visitor.get("/board").text
    assert "Maize seed" not in visitor.get("/").text
    assert sign_in(visitor, join(state_of(portal))).status_code == 303
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    shelf = visitor.get("/board")
    assert "Maize seed" in shelf.text
    assert shelf.headers["Cache-Control"] == "no-store"


def test_pages_of_a_single_post_belong_to_the_board(visitor: FlaskClient) -> None:
    send(visitor, "/board/new", **GOOD)
    for path in ("/board/post/1/report", "/board/post/1/change"):
        assert re.search(r'href="/board" aria-current', visitor.get(path).text), path
