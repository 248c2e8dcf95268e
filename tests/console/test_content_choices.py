"""Content in the console: a choice that contradicts itself is asked about, and a sync by itself is a last one too."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from kiosk.store import db, events, settings
from tests.console.operating import Operator
from tests.making import Village
from tests.sync.test_courtesy import paper

FILES = ["a.zim", "b.zim", "c.zim"]
TICKED = re.compile(r'type="(?:checkbox|radio)" name="(?:pack|which)" value="(\w+)" checked')


@pytest.fixture
def operator(village: Village, app: Flask, conn: db.Connection) -> Operator:
    return Operator(app, conn, village.clock, village.config.console.url)


def test_ticks_that_were_taken_away_are_not_forgotten_in_silence(
    operator: Operator, conn: db.Connection, village: Village
) -> None:
    for pack in ("aa", "bb", "cc"):
        paper(village, pack)
    village.agent().run()
    answer = operator.press("/content", "/content/choice", which="all", pack=["aa", "bb"])
    assert answer.status_code == 422
    assert "Not all packs are ticked." in answer.text
    assert set(TICKED.findall(answer.text)) == {"some", "aa", "bb"}  # as it was sent, to be pressed again
    assert settings.sync(conn).packs is None
    assert operator.press("/content", "/content/choice", which="all", pack=["aa", "bb", "cc"]).status_code == 200
    assert operator.press("/content", "/content/choice", which="some", pack=["aa"]).status_code == 200
    assert operator.press("/content", "/content/choice", which="all", pack=["aa"]).status_code == 200  # back to all
    assert settings.sync(conn).packs is None


def test_a_pack_that_went_away_keeps_its_title(operator: Operator, conn: db.Connection, village: Village) -> None:
    paper(village, "aa")  # its title is "Members"
    paper(village, "bb")
    village.agent().run()
    operator.press("/content", "/content/choice", which="some", pack=["bb"])
    village.agent().run()
    assert "Members: goes away" in operator.read("/content/progress")
    page = operator.read("/content")
    assert "not installed" in page
    assert "<bdi>Members</bdi>" in page


def test_a_sync_that_nobody_asked_for_is_the_last_one_too(operator: Operator, village: Village) -> None:
    assert "There was none yet." in operator.read("/content/progress")
    paper(village, "aa")
    village.agent().run()
    assert "Finished: verified and visible." in operator.read("/content/progress")


def test_a_book_from_a_stick_is_told_in_the_history(operator: Operator, conn: db.Connection, village: Village) -> None:
    paper(village, "aa")
    village.agent().run()
    told = {"generation": 1, "fetched_bytes": 0, "changes": [], "books": ["Maize"], "refused": ["x.zim: it is broken"]}
    with db.transaction(conn):
        events.record(conn, "sync.finished", village.clock(), by_hand=True, **told)
    for page in ("/content", "/content/progress"):
        shown = operator.read(page)
        assert "The book “Maize” was taken from the stick." in shown
        assert "Not taken from the stick: x.zim: it is broken" in shown


def test_each_book_that_was_refused_is_told_by_itself_in_the_operators_language(
    operator: Operator, conn: db.Connection, village: Village
) -> None:
    paper(village, "aa")
    village.agent().run()
    english = {"message": "english words", "hint": "an english hint"}
    with db.transaction(conn):
        events.record(conn, "book.refused", village.clock(), file="before.zim", pack="", reason="broken", **english)
        events.record(conn, "sync.started", village.clock())
        events.record(conn, "book.refused", village.clock(), file="a.zim", pack="", reason="not-wanted", **english)
        events.record(conn, "book.refused", village.clock(), file="b.zim", pack="p", reason="no-room", **english)
        events.record(conn, "book.refused", village.clock(), file="c.zim", pack="", reason="not-learned", **english)
        told = {"generation": 1, "fetched_bytes": 0, "changes": [], "books": [], "refused": ["english words"] * 3}
        events.record(conn, "sync.finished", village.clock(), by_hand=True, **told)
    operator.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "fr"
    for page in ("/content", "/content/progress", "/"):
        shown = operator.read(page)
        items = re.findall(r"<li><bdi>(.*?)</bdi>(.*?)</li>", shown)
        assert [file for text, _ in items for file in FILES if file in text] == FILES, page
        assert "Faites de la place" in items[1][1]
        assert "Récupérez le paquet par la liaison" in items[2][1]
        assert "english" not in shown
        assert "before.zim" not in shown
