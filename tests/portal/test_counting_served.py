"""Counting by the real server: the bytes that left, and what is written when it is asked to end."""

from __future__ import annotations

import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from kiosk.config import Config
from kiosk.store import db
from tests.portal import bookcase
from tests.portal.conftest import Packer, village
from tests.portal.serving import serving


def test_bytes_that_left_are_written_when_the_server_ends(config: Config, packer: Packer, tmp_path: Path) -> None:
    village(packer)
    packer.install()
    with serving(config, tmp_path) as served:
        question = b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0\r\nConnection: close\r\n\r\n"
        got = sum(len(served.say(question)) for _ in range(3))
    with closing(db.connect(packer.state.database)) as conn:
        found = {row["kind"]: row["number"] for row in conn.execute("SELECT * FROM counts")}
    assert found["pages"] == found["visits"] == 3
    assert got <= found["bytes"] <= got + 2000  # beside them, the questions whether it is up yet


def ask(url: str, **headers: str) -> tuple[int, str, int]:
    """Return status, ETag and bytes of an answer to a browser."""
    agent = {"User-Agent": "Mozilla/5.0", "Accept": "text/html", "Referer": url}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=agent | headers), timeout=30) as answer:
            return answer.status, answer.headers.get("ETag", ""), len(answer.read())
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, "", 0


def test_pages_of_books_count_as_read_and_their_parts_do_not(config: Config, packer: Packer, tmp_path: Path) -> None:
    page = b"<html><head><title>Goats</title></head><body><p>%s</p></body></html>"
    book = bookcase.bind(
        tmp_path, "goats", {"index.html": page % b"Goats", "more.html": page % b"More", "a.css": b"p{}"}
    )
    bookcase.put(packer, book)
    bookcase.install(packer, {"goats/en/goats.zim": book})
    with bookcase.opened(config, tmp_path, book.uuid) as running:
        content = f"{running.library.url}/content/goats"
        for address in ("index.html", "more.html"):
            assert ask(f"{content}/{address}")[0] == 200
        assert ask(f"{content}/more.html", Accept="*/*", **{"X-Requested-With": "XMLHttpRequest"})[0] == 200
        assert ask(f"{content}/a.css", Accept="text/css,*/*;q=0.1")[0] == 200
        assert ask(f"{content}/none.html")[0] == 404
        assert ask(f"{content}/more.html", **{"User-Agent": "curl/8"})[0] == 200
    with closing(db.connect(packer.state.database)) as conn:
        found = {(row["kind"], row["what"]): row["number"] for row in conn.execute("SELECT * FROM counts")}
    assert found["pages", "library"] == found["read", "book:goats"] == 2
    assert ("visits", "") not in found
    assert found["bytes", ""] > 500
