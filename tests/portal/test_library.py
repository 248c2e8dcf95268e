"""The library page, with kiwix-serve up, down, broken, and without the book."""

from __future__ import annotations

import dataclasses
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient

from kiosk.config import Config, Site
from kiosk.portal import create_portal, kiwix
from tests.portal.conftest import NOW, UUID, Packer, village

CATALOGUE = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:uuid:{uuid}</id><title>Handbook</title>
<tags>x</tags><link rel="http://opds-spec.org/image/thumbnail" href="/x" type="image/png"/>
<link type="text/html" href="{path}" /></entry></feed>"""


@contextmanager
def library(body: str, status: int = 200) -> Iterator[Site]:
    """Answer like kiwix-serve would, on a free port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        worker.start()
        try:
            yield Site("127.0.0.1", server.server_address[1], "http://library.test:8080")
        finally:
            server.shutdown()
            worker.join()


def page(config: Config, packer: Packer, site: Site) -> tuple[str, str]:
    village(packer)
    packer.install()
    portal = create_portal(dataclasses.replace(config, library=site), lambda: NOW)
    answer = portal.test_client().get("/library")
    assert answer.status_code == 200
    return answer.text, answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/handbook_en", "/content/handbook_en"])
def test_up(config: Config, packer: Packer, path: str) -> None:
    with library(CATALOGUE.format(uuid=UUID, path=path)) as site:
        text, policy = page(config, packer, site)
    assert 'href="http://library.test:8080/content/handbook_en/"' in text, "whatever this kiwix-serve calls it"
    assert 'action="http://library.test:8080/search"' in text
    assert 'name="book" value="handbook_en"' in text
    assert "form-action 'self' http://library.test:8080;" in policy
    assert "service is not running" not in text


def test_the_chosen_language_goes_with_the_link_to_another_host(config: Config, packer: Packer) -> None:
    village(packer)
    packer.install()
    with library(CATALOGUE.format(uuid=UUID, path="/handbook_en")) as site:
        visitor = create_portal(dataclasses.replace(config, library=site), lambda: NOW).test_client()
        visitor.set_cookie("lang", "sw")
        text = visitor.get("/library").text
    assert 'href="http://library.test:8080/content/handbook_en/?lang=sw"' in text
    assert 'name="lang" value="sw"' in text


def test_down_the_shelf_is_shown_and_books_can_be_taken_home(visitor: FlaskClient) -> None:
    text = visitor.get("/library").text
    assert "The library service is not running on this kiosk" in text
    assert "Handbook" in text
    assert 'href="/files/village/handbook/en/handbook_en.zim"' in text
    assert "http://library.test" not in text


@pytest.mark.parametrize(("body", "status"), [("<feed", 200), ("", 200), ("busy", 503), ("&", 200)])
def test_a_broken_answer_is_no_answer(body: str, status: int) -> None:
    with library(body, status) as site:
        assert kiwix.open_books(site) is None


def test_a_book_the_library_does_not_know(config: Config, packer: Packer) -> None:
    with library('<feed xmlns="http://www.w3.org/2005/Atom"/>') as site:
        text, _policy = page(config, packer, site)
    assert "does not know this book yet" in text
    assert "service is not running" not in text


def test_an_address_that_leads_elsewhere_is_not_taken() -> None:
    found = kiwix.read_catalogue(CATALOGUE.format(uuid=UUID, path="javascript:alert(1)").encode())
    assert found == {}


@pytest.mark.parametrize(
    ("body", "status", "opens"),
    [
        (CATALOGUE.format(uuid=UUID, path="/content/handbook_en"), 200, True),
        ('<feed xmlns="http://www.w3.org/2005/Atom"/>', 200, True),
        ("<feed", 200, False),
        ("busy", 503, False),
    ],
)
def test_a_library_is_alive_that_opens_a_book_or_has_none(body: str, status: int, *, opens: bool) -> None:
    with library(body, status) as site:
        assert kiwix.opens_a_book(site) is opens


def test_a_library_is_not_alive_that_has_books_and_opens_none(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = CATALOGUE.format(uuid=UUID, path="/content/handbook_en").encode()
    monkeypatch.setattr(kiwix, "_ask", lambda _site, target, *_: catalogue if target == kiwix.A_BOOK else None)
    assert not kiwix.opens_a_book(Site("127.0.0.1", 9, "http://library.test"))
