"""`kiosk board section`: the operator changes the parts of the board, and no thread is lost or shown to others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.store import db, moderation, threads
from kiosk.store.state import State
from tests.cli.commands import configure, run
from tests.making import START
from tests.portal.conftest import _catalogues, config, packer, portal, visitor
from tests.portal.test_board import GOOD, send

__all__ = ["_catalogues", "config", "packer", "portal", "visitor"]


@pytest.fixture
def kiosk(portal: Flask) -> Path:
    state: State = portal.extensions["kiosk-site"].state
    return configure(state.folder.parent / "kiosk.yaml", state.folder, state.folder.parent / "root.json")


@pytest.fixture
def conn(portal: Flask) -> Iterator[db.Connection]:
    with closing(db.connect(portal.extensions["kiosk-site"].state.database)) as conn:
        yield conn


def said(kiosk: Path, *words: str) -> int:
    return run("board", "section", *words, "--config", kiosk).returncode


def listed(kiosk: Path) -> list[str]:
    return [each["section"] for each in json.loads(run("board", "section", "list", "--json", "--config", kiosk).stdout)]


def test_a_section_is_added_and_written_in(kiosk: Path, visitor: FlaskClient) -> None:
    assert said(kiosk, "add", "seeds", "--title", "Seeds <and> tools", "--sells") == 0
    assert listed(kiosk) == ["market", "questions", "good-practice", "talk", "seeds"]
    assert "Seeds &lt;and&gt; tools" in visitor.get("/board").text
    assert 'name="price"' in visitor.get("/board/new?in=seeds").text
    assert send(visitor, "/board/new?in=seeds", **GOOD)[0] == 303
    assert "Maize seed" in visitor.get("/board/in/seeds").text
    assert run("board", "section", "list", "--config", kiosk).stdout.splitlines()[-1].endswith("1 threads, sells")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "Seeds", "--title", "x"), 8),
        (("add", "seeds"), 8),
        (("add", "seeds", "--title", "x" * 41), 8),
        (("add", "market"), 6),
        (("change", "seeds", "--title", "x"), 6),
        (("change", "market", "--place", "0"), 2),
        (("remove", "seeds"), 6),
    ],
)
def test_what_can_not_be_is_told_and_changes_nothing(kiosk: Path, words: tuple[str, ...], code: int) -> None:
    before = run("board", "section", "list", "--config", kiosk).stdout
    assert said(kiosk, *words) == code
    assert run("board", "section", "list", "--config", kiosk).stdout == before


def test_a_section_is_renamed_moved_and_given_its_words_back(kiosk: Path, visitor: FlaskClient) -> None:
    assert said(kiosk, "change", "questions", "--title", "Ask the adviser", "--place", "1") == 0
    assert listed(kiosk) == ["questions", "market", "good-practice", "talk"]
    assert "Ask the adviser" in visitor.get("/board").text
    assert said(kiosk, "change", "questions", "--title", "", "--place", "9") == 0
    assert listed(kiosk)[-1] == "questions"
    page = visitor.get("/board", headers={"Accept-Language": "fr"}).text
    assert "Ask the adviser" not in page
    assert "Questions" in page


def test_a_section_becomes_the_members_own(kiosk: Path, visitor: FlaskClient) -> None:
    send(visitor, "/board/new?in=market", **GOOD)
    assert said(kiosk, "change", "market", "--members-only") == 0
    assert visitor.get("/board/1").status_code == 303
    assert "Maize seed" not in visitor.get("/board").text
    assert said(kiosk, "remove", "market", "--into", "talk") == 6, "that would show it to everyone"
    assert visitor.get("/board/1").status_code == 303
    assert said(kiosk, "change", "market", "--for-everyone") == 0
    assert visitor.get("/board/1").status_code == 200


def test_what_is_in_a_section_that_goes_is_moved(kiosk: Path, visitor: FlaskClient, conn: db.Connection) -> None:
    with db.transaction(conn):
        hidden = threads.open_thread(conn, "Hidden", "A", "x", START, section="talk")
        moderation.hide(conn, hidden, moderation.Act("rehema", START))
    send(visitor, "/board/new?in=talk", **GOOD)
    assert said(kiosk, "remove", "talk") == 6
    assert said(kiosk, "remove", "talk", "--into", "talk") == 6
    assert said(kiosk, "remove", "talk", "--into", "questions") == 0
    assert "Maize seed" in visitor.get("/board/in/questions").text
    assert threads.get(conn, hidden, even_hidden=True).section == "questions"
    assert visitor.get("/board/in/talk").status_code == 404
    (action,) = re.findall(r'<form class="form"[^>]* action="([^"]+)"', visitor.get("/board/new").text)
    assert send(visitor, action, **GOOD)[0] == 303
    assert "2" in run("board", "section", "list", "--config", kiosk).stdout


def test_the_last_section_stays(kiosk: Path) -> None:
    for name in ("market", "questions", "good-practice"):
        assert said(kiosk, "remove", name) == 0
    assert said(kiosk, "remove", "talk") == 6
    assert listed(kiosk) == ["talk"]
