"""Files: only entries, with their types, in ranges, and never anything a browser would run."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.portal import create_portal
from kiosk.store.state import State
from tests.portal.conftest import NOW, SVG

BOOK = "/files/village/handbook/en/handbook_en.zim"


def test_whole_with_type_and_tag(visitor: FlaskClient) -> None:
    answer = visitor.get(BOOK)
    assert answer.data == bytes(range(256)) * 8
    assert answer.mimetype == "application/x-zim"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()}"'
    assert answer.headers["Content-Disposition"] == "attachment; filename=handbook_en.zim"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()
    with visitor.get(BOOK, headers={"If-None-Match": answer.headers["ETag"]}) as again:
        assert again.status_code == 304
        assert again.data == b""


@pytest.mark.parametrize(
    ("wanted", "status", "size"),
    [("bytes=0-99", 206, 100), ("bytes=2000-", 206, 48), ("bytes=-10", 206, 10), ("bytes=9000-", 416, None)],
)
def test_ranges(visitor: FlaskClient, wanted: str, status: int, size: int | None) -> None:
    with visitor.get(BOOK, headers={"Range": wanted}) as answer:
        assert answer.status_code == status
        if size is not None:
            assert len(answer.data) == size


def test_head(visitor: FlaskClient) -> None:
    with visitor.head(BOOK) as answer:
        assert answer.headers["Content-Length"] == "2048"
        assert answer.data == b""


def test_picture_stands_alone(visitor: FlaskClient) -> None:
    with visitor.get("/files/village/cooperative/en/pictures/meeting.svg") as answer:
        assert answer.data == SVG
        assert answer.mimetype == "image/svg+xml"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def test_pdf_is_shown_in_place(visitor: FlaskClient) -> None:
    with visitor.get("/files/village/by-laws/en/by_laws.pdf") as answer:
        assert answer.mimetype == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith("inline")
        assert "sandbox" not in answer.headers["Content-Security-Policy"]


def test_html_is_never_html(visitor: FlaskClient) -> None:
    with visitor.get("/files/village/cooperative/en/lessons/1.html") as answer:
        assert answer.mimetype == "text/plain"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "village/handbook/en/nope", "village/handbook/de/handbook_en.zim", "village/nope/en/handbook_en.zim",
        "nope/handbook/en/handbook_en.zim", "village/handbook/en/../../../../../kiosk.sqlite3",
        "village/handbook/en/..%2f..%2f..%2f..%2f..%2fsecrets%2fportal-session",
        "village/handbook/en//etc/passwd", "village/handbook/en/%2e%2e/en/handbook_en.zim",
        "village/handbook/en/handbook_en.zim%00", "../secrets/en/portal-session",
    ],
)  # fmt: skip
def test_only_entries(visitor: FlaskClient, path: str) -> None:
    assert visitor.get(f"/files/{path}").status_code in (404, 308)
    assert visitor.get(f"/files/{path}", follow_redirects=True).status_code == 404


def test_a_lost_file_is_not_found(visitor: FlaskClient, portal: Flask) -> None:
    state: State = portal.extensions["kiosk-site"].state
    (state.generations / "1/village/handbook/en/handbook_en.zim").unlink()
    assert visitor.get(BOOK).status_code == 404


def test_nginx_is_told_which_file_to_send(portal: Flask, config: Config) -> None:
    behind = create_portal(replace(config, portal=replace(config.portal, file_server="/.state")), lambda: NOW)
    with behind.test_client() as visitor:
        answer = visitor.get("/files/village/cooperative/en/pictures/meeting.svg", headers={"Range": "bytes=0-9"})
        assert (answer.status_code, answer.data) == (200, b"")
        told = unquote(answer.headers["X-Accel-Redirect"])
        assert told.startswith("/.state/generations/")
        assert (config.state / told.removeprefix("/.state/")).read_bytes() == SVG
        assert answer.mimetype == "image/svg+xml"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "Content-Range" not in answer.headers
        assert "ETag" not in answer.headers, "nginx asks by its own"
        assert visitor.get("/files/village/cooperative/en/no").status_code == 404


def test_nobody_is_told_where_files_lie_without_nginx(visitor: FlaskClient) -> None:
    with visitor.get(BOOK) as answer:
        assert "X-Accel-Redirect" not in answer.headers
