"""A kiwix-serve that is down, breaks off, says nonsense, or has just been given another generation."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from kiosk.config import Config, Site
from kiosk.portal.reading import create_library, service, titles
from kiosk.portal.reading.service import ServiceDown
from tests.portal.bookcase import break_book
from tests.portal.conftest import UUID, Packer, village
from tests.portal.serving import free_port

BOOK = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:uuid:{uuid}</id><title>Manual</title>'
    '<link type="text/html" href="/content/manual"/></entry></feed>'
)
FIRST, SECOND = "6f1d19d0-633f-087b-fb55-7ac324ff9baf", "7a1d19d0-633f-087b-fb55-7ac324ff9baf"


class Answers(NamedTuple):
    """What a made-up kiwix-serve answers: its catalogue, and everything else."""

    said: dict[str, bytes]
    site: Site


@contextmanager
def answering(**said: bytes) -> Iterator[Answers]:
    """Answer with bytes as they are, `catalogue` or `other`."""
    answers = dict(said)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answers["catalogue" if b"/catalog/" in line else "other"])

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        worker.start()
        try:
            yield Answers(answers, Site("127.0.0.1", server.server_address[1], ""))
        finally:
            server.shutdown()
            worker.join()


def whole(kind: str, body: bytes, short_by: int = 0) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body) + short_by}\r\n\r\n"
    return head.encode() + body


def catalogue(uuid: str) -> bytes:
    return whole("application/atom+xml", BOOK.format(uuid=uuid).encode())


def test_down_is_said_in_the_visitors_language(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "START_SECONDS", 0.0)
    library = create_library(config, Site("127.0.0.1", free_port(), ""))
    for path in ("/content/manual/", "/search?book=manual", "/manual", "/catalog/v2/entries"):
        answer = library.test_client().get(path, headers={"Accept-Language": "fr"})
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "10"
        assert 'lang="fr"' in answer.text
    assert library.test_client().get("/").status_code == 302


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0\r\n", whole("text/xml", b"<feed"), whole("text/xml", b"", 9), b"HTTP/1.1 200 OK\r\n\r\n&"]
)
def test_nonsense_is_no_catalogue(config: Config, said: bytes) -> None:
    with answering(catalogue=said, other=said) as kiwix:
        answer = create_library(config, kiwix.site).test_client().get("/content/manual/")
    assert answer.status_code == 503


@pytest.mark.parametrize("kind", ["text/html", "text/css", "audio/mpeg"])
def test_what_breaks_off_is_not_taken_for_whole(config: Config, kind: str) -> None:
    with answering(catalogue=catalogue(FIRST), other=whole(kind, b"<p>Maize" * 1000, short_by=500)) as kiwix:
        phone = create_library(config, kiwix.site).test_client()
        with pytest.raises(ServiceDown):  # the server then cuts the line, and the phone sees it
            phone.get("/content/manual/page").get_data()


@pytest.mark.parametrize(
    "location", ["http://evil.example/", "//evil.example", "/other/page", "/content/other/x", "/content/manual"]
)
def test_a_redirect_out_of_the_book_is_not_followed(config: Config, location: str) -> None:
    said = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with answering(catalogue=catalogue(FIRST), other=said) as kiwix:
        answer = create_library(config, kiwix.site).test_client().get("/content/manual/page")
    assert answer.status_code == 404


def test_a_header_of_the_book_does_not_pass(config: Config) -> None:
    said = whole("text/html", b"<p>Maize").replace(
        b"\r\n", b"\r\nSet-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\n", 1
    )
    with answering(catalogue=catalogue(FIRST), other=said) as kiwix:
        answer = create_library(config, kiwix.site).test_client().get("/content/manual/page")
    assert "Maize" in answer.text
    assert not {"Set-Cookie", "Access-Control-Allow-Origin"} & set(answer.headers.keys())


def test_while_a_new_generation_is_taken_over_no_page_is_said_to_be_the_same(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(catalogue=catalogue(FIRST), other=whole("text/css", b"p{}" * 300)) as kiwix:
        library = create_library(config, kiwix.site)
        phone = library.test_client()
        old = phone.get("/content/manual/page").headers["ETag"]
        assert FIRST in old
        current = config.state / "current"
        current.unlink(missing_ok=True)
        current.symlink_to(Path("generations") / "7")
        kiwix.said["catalogue"] = catalogue(SECOND)
        again = phone.get("/content/manual/page", headers={"If-None-Match": old})
        assert (again.status_code, again.headers.get("ETag")) == (200, None)
        monkeypatch.setattr(titles, "UNSETTLED_SECONDS", -1.0)
        assert SECOND in phone.get("/content/manual/page", headers={"If-None-Match": old}).headers["ETag"]


def test_a_broken_book_is_said_where_it_is_searched(config: Config, packer: Packer) -> None:
    village(packer)
    packer.install()
    with answering(catalogue=catalogue(UUID), other=b"") as answers:
        visitor = create_library(config, answers.site).test_client()
        assert "can not be searched yet" in visitor.get("/search?book=manual&pattern=hen").text
        break_book(packer.state, "handbook_en")
        text = visitor.get("/search?book=manual&pattern=hen").text
    assert "This book is damaged: it can not be searched" in text
    assert "searched yet" not in text
