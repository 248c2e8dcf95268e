"""The queue for a phone's first message: nobody reads it before an operator, and what passed once need not again."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.store import db, moderation, queue
from tests.cli.commands import configure, run
from tests.portal.test_attachments import conn, keep, links, picture, post, state
from tests.portal.test_board import GOOD, send
from tests.portal.test_board_rules import OPERATOR, other

__all__ = ["conn", "other", "state"]
LOOKS = "Someone of the telecenter looks at it first."


def judge(conn: db.Connection, number: int, *, good: bool) -> None:
    with db.transaction(conn):
        (moderation.restore if good else moderation.hide)(conn, number, OPERATOR)


def test_a_first_message_waits_and_the_second_does_not(
    visitor: FlaskClient, other: FlaskClient, conn: db.Connection
) -> None:
    keep(conn, first_waits=True)
    status, location, _ = post(visitor, "/board/new?in=market", ("photo", picture()), **GOOD)
    assert (status, location) == (303, "/board/in/market")
    page = visitor.get(location).text
    assert LOOKS in page
    assert "Maize seed" not in page
    for path in ("/board/1", "/board/post/1/report", "/board/post/1/change"):
        assert visitor.get(path).status_code == 404
    assert conn.execute("SELECT count(*) FROM open_posts").fetchone()[0] == 0
    assert [(each.post, each.title) for each in queue.waiting(conn)] == [(1, "Maize seed")]
    judge(conn, 1, good=True)
    assert queue.waiting(conn) == []
    assert "Maize seed" in other.get("/board").text
    assert len(links(other)) == 2
    assert send(visitor, "/board/1", author="Asha", body="Still there")[1] == "/board/1#post-2"
    assert send(other, "/board/1", author="Juma", body="How much?")[0] == 303
    page = other.get("/board/1").text
    assert "Still there" in page
    assert "How much?" not in page
    assert LOOKS in page


def test_who_was_refused_waits_again(visitor: FlaskClient, conn: db.Connection) -> None:
    keep(conn, first_waits=True)
    for number in (1, 2):
        send(visitor, "/board/new", **GOOD)
        assert [each.post for each in queue.waiting(conn)] == [number]
        judge(conn, number, good=False)
        assert queue.waiting(conn) == []
    assert "Nobody has written yet" in visitor.get("/board").text


def test_a_double_tap_waits_once(visitor: FlaskClient, conn: db.Connection) -> None:
    keep(conn, first_waits=True)
    for _ in range(2):
        assert send(visitor, "/board/new", **GOOD, send="s" * 22)[:2] == (303, "/board/in/talk")
    assert len(queue.waiting(conn)) == 1


def test_who_wrote_before_the_operator_wished_it_is_known(visitor: FlaskClient, conn: db.Connection) -> None:
    send(visitor, "/board/new", **GOOD)
    keep(conn, first_waits=True)
    assert send(visitor, "/board/new", **GOOD)[1] == "/board/2"


def test_members_need_not_wait(visitor: FlaskClient, conn: db.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(conn, first_waits=True)
    monkeypatch.setattr("kiosk.portal.membership.signed_in", lambda: 7)
    assert send(visitor, "/board/new", **GOOD)[1] == "/board/1"


def test_the_operator_sees_what_waits(visitor: FlaskClient, portal: Flask, conn: db.Connection) -> None:
    folder = portal.extensions["kiosk-site"].state.folder
    kiosk = configure(folder.parent / "kiosk.yaml", folder, folder.parent / "root.json")
    assert "nothing waits" in run("board", "queue", "--config", kiosk).stdout
    assert "first-waits      True" in run("board", "set", "--first-waits", "--config", kiosk).stdout
    post(visitor, "/board/new", ("photo", picture()), **GOOD)
    (found,) = json.loads(run("board", "queue", "--json", "--config", kiosk).stdout)
    assert (found["post"], found["title"], len(found["files"])) == (1, "Maize seed", 2)
    shown = run("board", "queue", "--config", kiosk).stdout
    assert "post 1 in thread 1: 'Maize seed', 'Asha': 'Twenty bags" in shown
    assert all(path in shown for path in found["files"])
    run("board", "restore", "1", "--config", kiosk)
    assert "Maize seed" in visitor.get("/board").text
