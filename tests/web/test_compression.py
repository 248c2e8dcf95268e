"""What is sent compressed, and to whom."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask, Response, send_file
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf

from kiosk.web import compression

GZIP = {"Accept-Encoding": "gzip, deflate, br"}
DRAWING = "<svg xmlns='http://www.w3.org/2000/svg'>" + "<path d='M0 0h9v9z'/>" * 200 + "</svg>"


@pytest.fixture
def visitor(site: Flask, tmp_path: Path) -> FlaskClient:
    """A visitor of a site with pages, long and short, and files."""
    (tmp_path / "drawing.svg").write_text(DRAWING)

    @site.get("/text/<int:length>/<path:kind>")
    def text(length: int, kind: str) -> Response:
        return Response("x" * length, mimetype=kind)

    @site.get("/drawing/<tag>")
    def drawing(tag: str) -> Response:
        return send_file(tmp_path / "drawing.svg", conditional=True, etag=tag)

    @site.get("/own")
    def own() -> Response:
        return Response("x" * 5000, mimetype="text/html", headers={"Cache-Control": "no-store"})

    return site.test_client()


def test_a_page_is_compressed_for_those_who_read_it(visitor: FlaskClient) -> None:
    small = visitor.get("/text/5000/text/html", headers=GZIP)
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == b"x" * 5000
    assert int(small.headers["Content-Length"]) == len(small.data) < 200
    assert {"Accept-Encoding", "Accept-Language", "Cookie"} <= set(small.vary)


@pytest.mark.parametrize("header", ["", "identity", "gzip;q=0", "br"])
def test_an_old_browser_is_sent_plain_text(visitor: FlaskClient, header: str) -> None:
    plain = visitor.get("/text/5000/text/html", headers={"Accept-Encoding": header})
    assert "Content-Encoding" not in plain.headers
    assert plain.data == b"x" * 5000
    assert "Accept-Encoding" in plain.vary


@pytest.mark.parametrize("what", ["100/text/html", "5000/image/png", "5000/application/pdf"])
def test_what_would_gain_nothing_is_left_alone(visitor: FlaskClient, what: str) -> None:
    assert "Content-Encoding" not in visitor.get(f"/text/{what}", headers=GZIP).headers


def test_an_error_page_is_compressed_too(visitor: FlaskClient) -> None:
    assert visitor.get("/nope", headers=GZIP).headers["Content-Encoding"] == "gzip"


def test_what_is_for_one_person_is_not_compressed(visitor: FlaskClient) -> None:
    answer = visitor.get("/own", headers=GZIP)
    assert answer.data == b"x" * 5000
    assert "Content-Encoding" not in answer.headers


def test_the_token_of_a_form_is_another_each_second(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    # Why pages with forms may be compressed: what would have to be guessed does not stay.
    @site.get("/form")
    def form() -> str:
        return str(generate_csrf())

    visitor = site.test_client()
    signatures = set()
    for second in (1_800_000_000, 1_800_000_001):
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda now=second: now)
        signatures.add(visitor.get("/form").text.rpartition(".")[2])
    assert len(signatures) == 2


def test_a_drawing_is_compressed_once_and_keeps_its_name(visitor: FlaskClient) -> None:
    first = visitor.get("/drawing/abc", headers=GZIP, buffered=True)
    assert gzip.decompress(first.data) == DRAWING.encode()
    assert first.headers["ETag"] == 'W/"abc"'
    assert visitor.get("/drawing/abc", headers=GZIP, buffered=True).data == first.data
    assert visitor.get("/drawing/abc", headers=GZIP | {"If-None-Match": 'W/"abc"'}, buffered=True).status_code == 304
    plain = visitor.get("/drawing/abc", buffered=True)
    assert (plain.headers["ETag"], plain.text) == ('"abc"', DRAWING)
    part = visitor.get("/drawing/abc", headers=GZIP | {"Range": "bytes=0-3"}, buffered=True)
    assert (part.status_code, part.text) == (206, "<svg")


def test_kept_files_make_room_for_others() -> None:
    kept = compression.Kept()
    for number in range(compression.KEPT_FILES + 1):
        kept.get(str(number), lambda: b"x" * 900)
    assert gzip.decompress(kept.get("64", lambda: b"")) == b"x" * 900
    assert gzip.decompress(kept.get("0", lambda: b"again")) == b"again"


def test_the_style_sheet_is_compressed_ahead(visitor: FlaskClient) -> None:
    match = re.search(r'"(/static/[0-9a-f]{12}/site\.css)"', visitor.get("/nope").text)
    assert match
    small = visitor.get(match[1], headers=GZIP)
    assert gzip.decompress(small.data) == visitor.get(match[1]).data
    assert "Accept-Encoding" in small.vary
    assert visitor.get(match[1], headers={"If-None-Match": small.headers["ETag"]}).status_code == 304


def test_the_icon_is_part_of_the_page(visitor: FlaskClient) -> None:
    assert '<link rel="icon" href="data:image/svg+xml,' in visitor.get("/nope").text
    icon = visitor.get("/favicon.ico")
    assert (icon.mimetype, icon.headers["Cache-Control"][:16]) == ("image/svg+xml", "public, max-age=")
