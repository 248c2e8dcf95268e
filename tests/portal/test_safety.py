"""What holds for every answer of the portal: headers, no script, no style, nothing from elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.portal.conftest import UUID

VALUES = {
    "section": "market", "post": 1,
    "pack": "village", "item": "cooperative", "language": "en", "lesson": "what-it-is", "thread": 1,
    "path": "pictures/meeting.svg", "digest": "0", "name": "site.css", "token": "x", "tile": "courses",
    "category": "law", "paper": 1, "version": 1,
    "book": UUID,
}  # fmt: skip
NOTICE = {**VALUES, "item": "prices"}
ABSENT = re.compile(r"/documents/(?:1|words|picture)/|/board/(?:1|post|photo|voice)|/library/cover/|/notices/_here/")
"""Papers and notices that were added here, posts and what they carry, of which this kiosk has none, what was read in
papers: nothing yet, and the pictures of books that nobody serves.
"""
POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; media-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

SCRIPTED = ("/search",)
"""Pages that run a script, which is our own."""


def addresses(portal: Flask) -> list[str]:
    """Return an address for every rule of the portal that can be asked for."""
    with portal.test_request_context():
        rules = [rule for rule in portal.url_map.iter_rules() if "GET" in (rule.methods or ())]
        return [url_for(rule.endpoint, **values(rule)) for rule in rules]


def values(rule: Rule) -> dict[str, Any]:
    known = NOTICE if rule.endpoint.startswith("notices") else VALUES
    return {name: known[name] for name in rule.arguments}


def test_headers_on_every_address(portal: Flask, visitor: FlaskClient) -> None:
    found = addresses(portal)
    assert len(found) >= 14
    for address in [*found, "/nope"]:
        with visitor.get(address) as answer:
            headers = answer.headers
            other = {"/nope": 404, "/.well-known/captive-portal": 404}
            other |= {"/members": 303, "/recordings/courses/en": 404}
            assert answer.status_code == other.get(address, 404 if ABSENT.match(address) else 200), address
            assert headers["X-Content-Type-Options"] == "nosniff", address
            assert headers["Referrer-Policy"] == "same-origin", address
            assert ("script-src 'self'" in headers["Content-Security-Policy"]) == (address in SCRIPTED), address
            if address.startswith(("/files", "/library")):
                assert "default-src 'none'" in headers["Content-Security-Policy"], address
            elif address not in SCRIPTED:
                assert headers["Content-Security-Policy"] == POLICY, address


def test_no_page_holds_script_style_or_things_from_elsewhere(portal: Flask, visitor: FlaskClient) -> None:
    for address in [*addresses(portal), "/nope"]:
        with visitor.get(address) as answer:
            if answer.mimetype != "text/html":
                continue
            text = answer.get_data(as_text=True).lower()
            scripts = re.findall(r"<script[^>]*>", text)
            assert len(scripts) == (address in SCRIPTED), address
            assert all(re.fullmatch(r'<script src="/static/[0-9a-f]{12}/search\.js" defer>', each) for each in scripts)
            assert "<style" not in text, address
            assert not re.search(r"\s(style|on\w+)\s*=\s*[\"']", text), address
            assert "javascript:" not in text, address
            for source in re.findall(r'(?:src|href|action)="(https?:)?//[^"]*"', text):
                raise AssertionError((address, source))
            assert UUID not in text or address.startswith("/library")


@pytest.mark.parametrize("path", ["/", "/courses", "/files/village/handbook/en/handbook_en.zim"])
def test_other_methods_are_refused_with_what_is_allowed(visitor: FlaskClient, path: str) -> None:
    answer = visitor.delete(path)
    assert answer.status_code in (400, 405)  # without its token a form comes no further than that
    put = visitor.open(path, method="TRACE")
    assert put.status_code == 405
    assert "GET" in put.headers["Allow"]


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: FlaskClient) -> None:
    cookie = visitor.get("/board/new").headers["Set-Cookie"]
    assert cookie.startswith("portal_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "portal_session" not in str(visitor.get("/").headers.getlist("Set-Cookie"))
