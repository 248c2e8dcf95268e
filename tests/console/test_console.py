"""The console: who gets in, for how long, and that what it shows is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.store import db, events, operators
from tests.console.entering import HOST, OWN, enter, send, sign_in
from tests.making import Village

SPENT = {
    "reason": "day-spent", "again": "2026-11-25T00:00:00+00:00",
    "figures": {"used_bytes": 5_012_000, "limit_bytes": 5_000_000},
}  # fmt: skip


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def one_time(village: Village, conn: db.Connection) -> str:
    password = operators.issue_one_time_password(conn, "manager", village.clock())
    assert password
    return password


@pytest.fixture
def inside(app: Flask, conn: db.Connection, village: Village) -> FlaskClient:
    """A client in which a manager is signed in."""
    return enter(app, conn, village)


def routes(app: Flask) -> list[tuple[str, str]]:
    skipped = (
        "/login",
        "/languages",
        "/static",
        "/favicon.ico",
        "/healthz",
    )  # who can not sign in yet may choose a language
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
        if not rule.rule.startswith(skipped)
    ]


def test_no_page_opens_without_a_session(app: Flask, client: FlaskClient, one_time: str) -> None:
    assert len(routes(app)) >= 4
    app.config["WTF_CSRF_ENABLED"] = False  # a token alone must not open anything either
    for method, path in routes(app):
        answer = client.open(path, method=method, base_url=HOST["base_url"])
        assert (answer.status_code, answer.location) == ((303, "/login") if method == "GET" else (403, None)), path


def test_a_one_time_password_opens_only_the_choice_of_another(client: FlaskClient, one_time: str) -> None:
    assert sign_in(client, one_time).location == "/"
    assert client.get("/", **HOST).location == "/password"
    for chosen, again in ((one_time, one_time), ("short", "short"), (OWN, OWN + "!"), ("", "")):
        assert send(client, "/password", "/password", password=chosen, again=again).status_code == 422
        assert client.get("/", **HOST).location == "/password"
    assert send(client, "/password", "/password", password=OWN, again=OWN).location == "/"
    assert client.get("/", **HOST).status_code == 200
    assert sign_in(client.application.test_client(), one_time).status_code == 422


def test_another_password_takes_the_one_there_is(inside: FlaskClient) -> None:
    elsewhere = inside.application.test_client()
    assert sign_in(elsewhere).location == "/"
    new = {"password": "a basket of ripe mangoes", "again": "a basket of ripe mangoes"}
    for fields in (new, {**new, "present": "wrong"}):
        answer = send(inside, "/password", "/password", **fields)
        assert answer.status_code == 422
        assert "This is not your password." in answer.text
    assert send(inside, "/password", "/password", present=OWN, **new).location == "/"
    assert inside.get("/", **HOST).status_code == 200
    assert elsewhere.get("/", **HOST).location == "/login"
    assert sign_in(inside.application.test_client()).status_code == 422


def test_passwords_are_not_guessed_at_an_unlocked_phone(inside: FlaskClient) -> None:
    new = {"password": "a basket of ripe mangoes", "again": "a basket of ripe mangoes"}
    for _ in range(operators.FREE_FAILURES):
        assert send(inside, "/password", "/password", present="wrong", **new).status_code == 422
    assert "Too many wrong passwords" in send(inside, "/password", "/password", present=OWN, **new).text


def test_a_wrong_password_is_told_and_slowed(client: FlaskClient, one_time: str, village: Village) -> None:
    for _ in range(operators.FREE_FAILURES):
        answer = sign_in(client, "wrong")
        assert answer.status_code == 422
        assert "The name or the password is not right." in answer.text
    assert "Too many wrong passwords" in sign_in(client, one_time).text
    village.clock.forward(minutes=16)
    assert sign_in(client, one_time).location == "/"


def test_an_unknown_name_is_told_as_a_wrong_password_is(client: FlaskClient, one_time: str) -> None:
    answer = send(client, "/login", "/login", name="<b>nobody</b>", password="x")
    assert "The name or the password is not right." in answer.text
    assert "<b>nobody" not in answer.text


def test_a_session_dies_with_a_password_change(inside: FlaskClient, conn: db.Connection, village: Village) -> None:
    assert inside.get("/", **HOST).status_code == 200
    village.clock.forward(seconds=5)
    operators.choose_password(conn, "manager", "another field of beans", village.clock())
    assert inside.get("/", **HOST).location == "/login"


@pytest.mark.parametrize("minutes", [31, -60 * 24 * 365])
def test_a_session_ends_when_idle_or_when_the_clock_jumps(
    inside: FlaskClient, village: Village, minutes: float
) -> None:
    village.clock.forward(minutes=29)
    assert inside.get("/", **HOST).status_code == 200
    village.clock.forward(minutes=minutes)
    assert inside.get("/", **HOST).location == "/login"


def test_a_phone_writes_no_capital_into_the_name(client: FlaskClient) -> None:
    (name,) = re.findall(r'<input id="f-name"[^>]*>', client.get("/login", **HOST).text)
    assert 'autocapitalize="none"' in name


def test_signing_out_ends_the_session(inside: FlaskClient) -> None:
    assert inside.get("/logout", **HOST).status_code == 405
    assert inside.get("/", **HOST).status_code == 200
    kept = inside.get_cookie("console_session", domain="127.0.0.3")
    assert kept is not None
    assert send(inside, "/", "/logout").location == "/login"
    assert inside.get("/", **HOST).location == "/login"
    inside.set_cookie("console_session", kept.value, domain="127.0.0.3")  # somebody copied it from the phone
    assert inside.get("/", **HOST).location == "/login"


def test_a_form_without_its_token_is_refused(inside: FlaskClient) -> None:
    for path in ("/login", "/password", "/logout"):
        assert inside.post(path, **HOST, data={"password": "x" * 12, "again": "x" * 12}).status_code == 400
    assert inside.get("/", **HOST).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8000", "localhost"])
def test_another_host_gets_nothing(inside: FlaskClient, host: str) -> None:
    for path in ("/login", "/login?lang=fr", "/static/x/site.css", "/healthz"):
        answer = inside.get(path, base_url=f"http://{host}")
        assert answer.status_code == 400
        assert "Set-Cookie" not in answer.headers


def test_the_machine_may_ask_whether_it_answers(client: FlaskClient) -> None:
    assert client.get("/healthz", **HOST).text == "ok\n"


def test_the_board_can_be_written_while_a_password_is_checked(
    client: FlaskClient, one_time: str, conn: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn.execute("PRAGMA busy_timeout = 1")

    def slow(guess: operators.Guess, password: str) -> bool:
        with db.transaction(conn):  # as the portal would
            pass
        return password == one_time

    monkeypatch.setattr(operators, "fits", slow)
    assert sign_in(client, one_time).status_code == 303


def test_every_answer_is_strict_and_kept_by_nobody(inside: FlaskClient) -> None:
    for path in ("/", "/login", "/password", "/nothing"):
        answer = inside.get(path, **HOST, follow_redirects=True)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "<script" not in answer.text
        assert "style=" not in answer.text
    cookie = next(h for h in sign_in(inside, OWN).headers.getlist("Set-Cookie") if "console_session" in h)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


STATES: list[tuple[list[tuple[str, dict[str, Any]]], str, str]] = [
    ([], "There was none yet.", "In order</span> <span"),
    ([("sync.started", {})], "Running", "Failed"),
    ([("sync.started", {}), ("sync.paused", SPENT)], "5 MB of today’s 5 MB are used. It goes on at", "Failed"),
    ([("sync.paused", {"reason": "paused", "again": None})], "Syncs are paused.", "It goes on"),
    ([("sync.rolled_back", {"generation": 3})], "Generation 3 is served again.", "Running"),
    ([("sync.started", {}), ("sync.finished", {"changes": [], "fetched_bytes": 0})], "nothing new", "Failed"),
    (
        [("sync.started", {}), ("sync.finished", {"changes": [["a", 0, 1]], "fetched_bytes": 2_000_000})],
        "1 pack changed; 2 MB were fetched and verified.",
        "Failed",
    ),
    (
        [("sync.started", {}), ("sync.failed", {"message": "blobs/ab: <wrong>", "hint": "ask the federation"})],
        "blobs/ab: &lt;wrong&gt;",
        "nothing new",
    ),
]


@pytest.mark.parametrize(("happened", "told", "not_told"), STATES)
def test_the_last_sync_is_told_as_it_was(
    inside: FlaskClient, conn: db.Connection, village: Village, happened: list[Any], told: str, not_told: str
) -> None:
    for kind, detail in happened:
        events.record(conn, kind, village.clock(), **detail)
    page = inside.get("/", **HOST).text.partition('id="disk"')[0]
    assert told in page
    assert not_told not in page


def test_a_sync_that_was_cut_is_not_called_running_for_ever(
    inside: FlaskClient, conn: db.Connection, village: Village
) -> None:
    events.record(conn, "sync.started", village.clock())
    village.clock.forward(days=2)
    sign_in(inside, OWN)
    assert "It began and did not end." in inside.get("/", **HOST).text


def test_a_sync_that_was_cut_is_not_called_running_beside_the_one_that_went_on(
    inside: FlaskClient, conn: db.Connection, village: Village
) -> None:
    events.record(conn, "sync.started", village.clock())
    events.record(conn, "sync.started", village.clock())
    events.record(conn, "sync.finished", village.clock(), changes=[], fetched_bytes=0)
    page = inside.get("/", **HOST).text
    assert "It began and did not end." in page
    assert "It has begun and not ended yet." not in page


def test_what_is_installed_is_shown(inside: FlaskClient, village: Village) -> None:
    assert "Nothing is installed yet." in inside.get("/", **HOST).text
    village.release()
    village.agent().run()
    page = inside.get("/", **HOST).text
    for words in ("Generation 1", "Members", "Version 1", "Test federation", "CC-BY-SA-4.0", "1 pack changed"):
        assert words in page
    village.mirror.folder = Path("/nowhere")
    with pytest.raises(Exception, match="missing"):
        village.agent().run()
    page = inside.get("/", **HOST).text
    assert "Failed" in page
    assert "What was installed before goes on being served." in page


@pytest.mark.parametrize(("language", "word"), [("fr", "mot de passe"), ("sw", "nenosiri")])
def test_the_console_speaks_three_languages(client: FlaskClient, language: str, word: str) -> None:
    page = client.get("/login", **HOST, headers={"Accept-Language": language}).text
    assert word in page.lower()
