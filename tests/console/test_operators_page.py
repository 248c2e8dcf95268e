"""The operators' page: who may enter, with which rights, and what is told of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk import console
from kiosk.console import create_console
from kiosk.console.audit import word
from kiosk.store import audit, db, guesses, operators
from kiosk.store.operators import Rights
from tests.console.entering import HOST, OWN, enter
from tests.making import Village

TOKEN = re.compile(r'value="[\w.-]{60,}"')


@pytest.fixture
def app(village: Village) -> Flask:
    app = create_console(village.config, village.clock)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def manager(app: Flask, conn: db.Connection, village: Village) -> FlaskClient:
    return enter(app, conn, village, Rights.MANAGER)


def login(client: FlaskClient, name: str, password: str) -> TestResponse:
    return client.post("/login", **HOST, data={"name": name, "password": password})


def one_time(answer: TestResponse) -> str:
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", answer.text)
    assert found, answer.text
    return found[0]


def test_an_operator_is_added_with_a_password_shown_once(app: Flask, manager: FlaskClient, conn: db.Connection) -> None:
    password = one_time(manager.post("/operators", **HOST, data={"name": "amina", "rights": "editor"}))
    assert password not in manager.get("/operators", **HOST).text
    assert "has not chosen a password yet" in manager.get("/operators", **HOST).text
    amina = app.test_client()
    assert login(amina, "amina", password).location == "/"
    assert amina.get("/", **HOST).location == "/password"
    assert amina.get("/operators", **HOST).location == "/password"
    assert amina.post("/password", **HOST, data={"password": OWN, "again": OWN}).location == "/"
    assert amina.get("/operators", **HOST).status_code == 403
    assert [(act.who, act.kind, act.detail) for act in audit.last(conn, 2)] == [
        ("amina", "password.chosen", ""), ("manager", "operator.added.editor", "amina"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", " ", "x" * 41, "MANAGER", "a\x00b", "manager"])
def test_a_name_that_is_none_or_taken_is_refused(manager: FlaskClient, conn: db.Connection, name: str) -> None:
    answer = manager.post("/operators", **HOST, data={"name": name, "rights": "editor"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert len(operators.all_of(conn)) == 1


def test_rights_change_at_once(app: Flask, manager: FlaskClient, conn: db.Connection, village: Village) -> None:
    editor = enter(app, conn, village, Rights.EDITOR)
    assert editor.get("/operators", **HOST).status_code == 403
    assert manager.post("/operators/editor/rights", **HOST, data={"rights": "manager"}).location == "/operators"
    assert editor.get("/operators", **HOST).status_code == 200
    manager.post("/operators/editor/rights", **HOST, data={"rights": "editor"})
    assert editor.get("/operators", **HOST).status_code == 403


def test_who_is_shut_out_is_out_at_once(
    app: Flask, manager: FlaskClient, conn: db.Connection, village: Village
) -> None:
    editor = enter(app, conn, village, Rights.EDITOR)
    assert manager.post("/operators/editor/shut-out", **HOST).status_code == 303
    assert editor.get("/", **HOST).location == "/login"
    assert "not right" in login(app.test_client(), "editor", OWN).text
    assert manager.post("/operators/editor/let-in", **HOST).status_code == 303
    assert editor.get("/", **HOST).location == "/login"  # the old session stays dead
    assert login(editor, "editor", OWN).location == "/"


def test_a_new_one_time_password_ends_the_session(
    app: Flask, manager: FlaskClient, conn: db.Connection, village: Village
) -> None:
    editor = enter(app, conn, village, Rights.EDITOR)
    password = one_time(manager.post("/operators/editor/password", **HOST))
    assert editor.get("/", **HOST).location == "/login"
    assert login(editor, "editor", OWN).status_code == 422
    assert login(editor, "editor", password).location == "/"


def test_nobody_shuts_out_themselves_and_strangers_are_not_found(manager: FlaskClient) -> None:
    for act in ("rights", "shut-out", "let-in", "password"):
        assert manager.post(f"/operators/manager/{act}", **HOST, data={"rights": "editor"}).status_code == 403
        assert manager.post(f"/operators/nobody/{act}", **HOST, data={"rights": "editor"}).status_code == 404
    assert manager.get("/operators", **HOST).status_code == 200


def test_one_manager_is_always_left(conn: db.Connection, village: Village) -> None:
    operators.add(conn, "amina", Rights.MANAGER, village.clock())
    with pytest.raises(Exception, match="One manager must be left"), db.transaction(conn):
        operators.change_rights(conn, "amina", Rights.EDITOR)
    with pytest.raises(Exception, match="One manager must be left"), db.transaction(conn):
        operators.shut_out(conn, "amina", shut=True)
    assert operators.get(conn, "amina").rights == Rights.MANAGER


def test_a_login_does_not_tell_which_names_there_are(app: Flask, conn: db.Connection, village: Village) -> None:
    enter(app, conn, village, Rights.EDITOR)
    told = {}
    for name in ("editor", "nobody"):
        answers = [login(app.test_client(), name, "wrong") for _ in range(operators.FREE_FAILURES + 2)]
        told[name] = [(each.status_code, TOKEN.sub("", each.text).replace(name, "NAME")) for each in answers]
    assert told["editor"] == told["nobody"]
    assert "Too many wrong passwords" in told["nobody"][-1][1]


def test_failed_logins_are_told_and_no_stranger_s_name_is_kept(
    app: Flask, manager: FlaskClient, conn: db.Connection
) -> None:
    for name in ("manager", "manager", "my secret password"):
        login(app.test_client(), name, "wrong")
    page = manager.get("/operators", **HOST).text
    assert "2 failed logins" in page
    assert "1 failed login<" in page
    assert "my secret password" not in "".join(conn.iterdump())
    login(app.test_client(), "manager", OWN)
    assert [each.failures for each in guesses.failed(conn)] == [1, 2]  # the right one is none of them


def test_names_that_were_tried_take_no_room_for_ever(
    conn: db.Connection, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "MOST_NAMES", 3)
    for number in range(10):
        operators.count_guess(conn, f"name {number}", village.clock())
    assert conn.execute("SELECT count(*) FROM guesses").fetchone()[0] == 3


def test_acts_are_paged_and_can_be_narrowed_to_one(manager: FlaskClient, conn: db.Connection, village: Village) -> None:
    for number in range(60):
        audit.record(conn, "amina" if number % 2 else "manager", "odd.kind", f"<{number}>", village.clock())
    page = manager.get("/acts", **HOST).text
    assert "&lt;59&gt;" in page
    assert "&lt;9&gt;" not in page
    older = re.search(r"/acts\?before=\d+", page)
    assert older
    assert "&lt;9&gt;" in manager.get(older[0], **HOST).text
    assert "&lt;59&gt;" not in manager.get("/acts?who=manager", **HOST).text


def test_every_kind_of_act_has_a_word(app: Flask) -> None:
    written = re.compile(r'(?<!events\.)record\((?:[\w.]+(?:\(\))?,\s*)*"([a-z_]+\.[a-z_.]+)"')
    sources = [path.read_text() for path in Path(console.__file__).parent.glob("*.py")]
    kinds = {kind for text in sources for kind in written.findall(text)}
    assert {"password.chosen", "board.rules", "clock.set", "wifi.kept"} <= kinds
    with app.test_request_context(**HOST):
        assert [kind for kind in kinds if word(kind) == kind] == []


def test_old_acts_go(conn: db.Connection, village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "KEPT", 3)
    for number in range(9):
        audit.record(conn, "amina", "x", str(number), village.clock())
    assert [act.detail for act in audit.last(conn, 9)] == ["8", "7", "6"]
