"""The board on the console: one list to look at, acts with who, when and why, rules and sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.console import create_console
from kiosk.portal import create_portal
from kiosk.store import audit, bans, board_settings, db, moderation, queue, sections, threads
from kiosk.store.operators import Rights
from tests.console.entering import HOST, enter, send, sign_in
from tests.making import Village


@pytest.fixture
def conn(village: Village) -> Iterator[db.Connection]:
    village.state.prepare()
    with closing(db.connect(village.state.database)) as conn:
        yield conn


@pytest.fixture
def console(village: Village, conn: db.Connection) -> FlaskClient:
    return enter(create_console(village.config, village.clock), conn, village, Rights.EDITOR)


def test_reports_and_first_posts_stand_in_one_list(console: FlaskClient, conn: db.Connection, village: Village) -> None:
    assert "Nothing was reported" in console.get("/board", **HOST).text
    now = village.clock()
    first = threads.first_post(conn, threads.open_thread(conn, "Goats", "Amina", "Two goats", now))
    moderation.report(conn, first, "fraud", "a" * 32, "b" * 32, now)
    waits = threads.first_post(conn, threads.open_thread(conn, "Hello", "Juma", "I am new here", now))
    queue.hold(conn, waits)
    page = console.get("/board", **HOST).text
    assert "It tries to cheat people: 1" in page
    assert "I am new here" in page
    assert "Waits for your look" in page

    send(console, "/board", f"/board/posts/{first}", act="hide", why="no goats")
    send(console, "/board", f"/board/posts/{waits}", act="restore")
    assert "Nothing was reported" in console.get("/board", **HOST).text
    assert threads.get_post(conn, waits).open
    assert threads.get(conn, 1, even_hidden=True).hidden
    acts = console.get("/board/acts", **HOST).text
    assert "no goats" in acts
    assert "editor" in acts
    assert "Two goats" in console.get("/board/threads/1", **HOST).text


def test_a_thread_is_closed_pinned_and_moved(console: FlaskClient, conn: db.Connection, village: Village) -> None:
    thread = threads.open_thread(conn, "Goats", "Amina", "Two goats", village.clock())
    page = f"/board/threads/{thread}"
    to_market = {"act": "move", "section": "market"}
    for fields in ({"act": "close"}, {"act": "pin"}, to_market, to_market):
        assert send(console, page, page, why="so be it", **fields).status_code == 303
    found = threads.get(conn, thread)
    assert (found.closed, found.pinned, found.section) == (True, True, "market")
    assert [kind for kind, *_ in moderation.acts(conn)] == ["move", "pin", "close"]
    assert {act.who for *_, act in moderation.acts(conn)} == {"editor"}
    for fields, code in (({"act": "burn"}, 400), ({"act": "move", "section": "nowhere"}, 404), ({}, 400)):
        assert send(console, page, page, **fields).status_code == code
    assert send(console, page, "/board/posts/99", act="hide").status_code == 404


def test_rules_and_sections_are_kept(console: FlaskClient, conn: db.Connection, village: Village) -> None:
    page = "/board/rules"
    rules = {"hidden_after": "5", "phone_an_hour": "9", "address_an_hour": "90", "attachments_mb": "0"}
    assert send(console, page, page, state="read-only", first_waits="yes", **rules).status_code == 303
    found = board_settings.read(conn)
    assert (found.state, found.first_waits, found.hidden_after) == ("read-only", True, 5)
    for wrong in ({"hidden_after": "-1"}, {"phone_an_hour": "0"}, {"state": "ajar"}):
        assert send(console, page, page, **{"state": "open", **rules, **wrong}).status_code == 422

    assert send(console, page, f"{page}/sections", title="Seeds & tools", members_only="yes").status_code == 303
    assert send(console, page, f"{page}/sections", title=" ").status_code == 422
    assert sections.get(conn, "seeds-tools").members_only
    threads.open_thread(conn, "Maize", "Amina", "Seed", village.clock(), section="seeds-tools")
    change = f"{page}/sections/seeds-tools"
    assert send(console, page, change, act="remove").status_code == 409
    assert send(console, page, change, act="remove", into="talk").status_code == 409
    assert send(console, page, change, act="change", title="Seeds", place="1").status_code == 303
    assert sections.all_of(conn, members=True)[0].title == "Seeds"
    assert send(console, page, change, act="remove", into="talk").status_code == 303
    assert threads.get(conn, 1).section == "talk"
    assert [(act.kind, act.detail) for act in audit.last(conn, 9)] == [
        ("section.removed", "Seeds"), ("section.changed", "Seeds"), ("section.added", "Seeds & tools"),
        ("board.rules", "read-only"),
    ]  # fmt: skip


def test_a_banned_phone_writes_nothing_for_some_days(
    console: FlaskClient, conn: db.Connection, village: Village
) -> None:
    portal = create_portal(village.config, village.clock).test_client()

    def write(title: str) -> TestResponse:
        token = re.search(r'name="csrf_token" value="([^"]+)"', portal.get("/board/new?in=talk").text)
        assert token
        fields = {"csrf_token": token[1], "title": title, "author": "Juma", "body": "Hear me"}
        return portal.post("/board/new?in=talk", data=fields)

    assert write("Insults").status_code == 303
    moderation.report(conn, 1, "rude", "a" * 32, "b" * 32, village.clock())
    village.clock.forward(hours=2)  # beyond the half hour: a reported post's phone stays known until it is judged
    portal.get("/board")
    sign_in(console, name="editor")
    for days in ("0", "91", "x"):
        send(console, "/board", "/board/posts/1/ban", days=days)
        assert not bans.all_of(conn, village.clock().date())
    assert send(console, "/board", "/board/posts/1/ban", days="3", why="rude again").status_code == 303
    assert write("More").status_code == 422
    assert [kind for kind, *_ in moderation.acts(conn)] == ["ban", "hide"]
    assert set(conn.execute("SELECT * FROM bans").fetchone().keys()) == {"ban", "phone", "ends"}
    village.clock.forward(days=3)
    assert write("Sorry").status_code == 303
    portal.get("/board")
    assert conn.execute("SELECT phone FROM posts WHERE post = 1").fetchone()[0] is None
    assert conn.execute("SELECT count(*) FROM bans").fetchone()[0] == 0  # what is over is forgotten
    sign_in(console, name="editor")
    send(console, "/board", "/board/posts/1/ban", days="3")
    assert not bans.all_of(conn, village.clock().date())


def test_a_ban_is_lifted(console: FlaskClient, conn: db.Connection, village: Village) -> None:
    now = village.clock()
    threads.open_thread(conn, "Insults", "Juma", "Hear me", now, sending=threads.Sending("c" * 32))
    send(console, "/board", "/board/posts/1/ban", days="3")
    assert bans.is_banned(conn, "c" * 32, now.date())
    assert send(console, "/board", "/board/bans/1").status_code == 303
    assert not bans.is_banned(conn, "c" * 32, now.date())
    assert [(act.who, act.kind, act.detail) for act in audit.last(conn, 9)] == [("editor", "ban.lifted", "2026-11-26")]
    assert send(console, "/board", "/board/bans/1").status_code == 404
