"""The board: writing, reading on, and what it refuses."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.store import db, threads
from kiosk.store.state import State
from tests.portal.conftest import NOW

GOOD = {"title": "Maize seed", "author": "Asha", "body": "Twenty bags.\nCome and see."}


def token(visitor: FlaskClient, path: str = "/board/new") -> str:
    match = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get(path).text)
    assert match
    return match[1]


def send(visitor: FlaskClient, path: str, **fields: str) -> tuple[int, str, str]:
    answer = visitor.post(path, data={**fields, "csrf_token": token(visitor)})
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def test_open_read_and_reply(visitor: FlaskClient) -> None:
    assert send(visitor, "/board/new", **GOOD)[:2] == (303, "/board/1")
    page = visitor.get("/board/1").text
    assert "Your message is on the board." in page
    assert "Twenty bags.<br>\nCome and see." in page
    assert 'value="Asha"' in page, "the name is remembered to fill in the field"
    assert "Your message is on the board." not in visitor.get("/board/1").text
    assert send(visitor, "/board/1", author="Juma", body="How much?")[:2] == (303, "/board/1#post-2")
    assert "How much?" in visitor.get("/board/1").text
    shelf = visitor.get("/board").text
    assert "Maize seed" in shelf
    assert "2 messages" in shelf
    assert "Maize seed" in visitor.get("/").text


@pytest.mark.parametrize("path", ["/board/new", "/board/1"])
def test_without_token_nothing_is_written(visitor: FlaskClient, portal: Flask, path: str) -> None:
    send(visitor, "/board/new", **GOOD)
    for fields in (GOOD, {**GOOD, "csrf_token": "forged"}):
        answer = visitor.post(path, data=fields)
        assert answer.status_code == 400
        assert "send the form again" in answer.text
    assert "1 message<" in visitor.get("/board").text


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("title", "  ", "Please fill in this field."),
        ("author", "", "Please fill in this field."),
        ("body", "x" * 4001, "This text is too long."),
    ],
)
def test_a_mistake_is_told_beside_its_field(visitor: FlaskClient, field: str, value: str, problem: str) -> None:
    status, _location, page = send(visitor, "/board/new", **{**GOOD, field: value})
    assert status == 422
    assert re.search(rf'id="p-{field}" role="alert">{problem}', page)
    for kept in set(GOOD) - {field}:
        assert GOOD[kept].split("\n")[0] in page
    assert "Nobody has written yet" in visitor.get("/board").text


def test_a_mistake_is_told_in_the_visitors_language(visitor: FlaskClient) -> None:
    form = {**GOOD, "body": "", "csrf_token": token(visitor)}
    answer = visitor.post("/board/new", data=form, headers={"Accept-Language": "sw"})
    assert "Tafadhali jaza sehemu hii." in answer.text


def test_reply_with_a_mistake_keeps_the_thread(visitor: FlaskClient) -> None:
    send(visitor, "/board/new", **GOOD)
    status, _location, page = send(visitor, "/board/1", author="Juma", body=" ")
    assert status == 422
    assert "Twenty bags." in page
    assert 'value="Juma"' in page


def test_what_is_typed_is_never_markup(visitor: FlaskClient) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
    send(visitor, "/board/new", title=attack, author=attack[:40], body=attack)
    for path in ("/", "/board", "/board/1"):
        page = visitor.get(path).text
        assert "<script" not in page
        assert "<img" not in page
        assert "{{7*7}}" in page
    wrong = send(visitor, "/board/new", title=attack, author=attack, body=attack)[2]
    assert "<script" not in wrong
    assert "<img" not in wrong


def test_reply_to_nothing(visitor: FlaskClient) -> None:
    assert send(visitor, "/board/7", author="Asha", body="Hello")[0] == 404
    assert send(visitor, "/board/" + "9" * 19, author="Asha", body="Hello")[0] == 404


def test_too_large(visitor: FlaskClient) -> None:
    answer = visitor.post("/board/new", data={"body": "x" * 1_100_000})
    assert answer.status_code == 413


def test_older_threads_and_longer_threads(visitor: FlaskClient, portal: Flask) -> None:
    state: State = portal.extensions["kiosk-site"].state
    conn = db.connect(state.database)
    with db.transaction(conn):
        for number in range(45):
            threads.open_thread(conn, f"Thread {number:02}", "Asha", "Hello", NOW)
        for number in range(60):
            threads.reply(conn, 1, "Juma", f"Reply {number:02}", NOW)
    conn.close()
    seen: list[str] = []
    path = "/board"
    while path:
        page = visitor.get(path).text
        seen += re.findall(r"Thread \d\d", page)
        match = re.search(r'href="(/board\?before=[^"]+)"', page)
        path = match[1] if match else ""
    assert len(seen) == len(set(seen)) == 45
    page = visitor.get("/board/1").text
    assert "Reply 48" in page
    assert "Reply 49" not in page
    match = re.search(r'href="(/board/1\?after=\d+)"', page)
    assert match
    assert "Reply 59" in visitor.get(match[1]).text
    _status, location, _page = send(visitor, "/board/1", author="Neema", body="The last word")
    assert "The last word" in visitor.get(location).text


@pytest.mark.parametrize("cursor", ["x", "9999", "2026-11-24T09:30:00Z~" + "9" * 30, "'; DROP TABLE threads; --"])
def test_a_strange_cursor_is_the_beginning(visitor: FlaskClient, cursor: str) -> None:
    send(visitor, "/board/new", **GOOD)
    assert "Maize seed" in visitor.get("/board", query_string={"before": cursor}).text
    assert visitor.get("/board/1", query_string={"after": cursor}).status_code == 200
