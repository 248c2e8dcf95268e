"""Films in books: whole, in ranges, and watched by more phones than there are threads."""

from __future__ import annotations

import http.client
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from kiosk.cli.serve import LIBRARY_THREADS
from kiosk.config import Site
from kiosk.portal.reading.passage import PIECE_BYTES, Passage
from kiosk.portal.reading.service import ServiceDown
from kiosk.store.state import State
from tests.portal import bookcase
from tests.portal.conftest import Packer, configuration
from tests.portal.test_reading_trouble import answering

FILM = random.Random(7).randbytes(32_000_000)  # more than all buffers on the way hold
PAGE = b"<!doctype html><html><head><title>Hens</title></head><body><p>Hens</p></body></html>"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where a library with a film listens."""
    folder = tmp_path_factory.mktemp("kiosk")
    config = configuration(folder)
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    book = bookcase.bind(folder, "hens", {"index.html": PAGE, "film.mp4": FILM})
    bookcase.put(packer, book)
    bookcase.install(packer, {"hens/en/hens.zim": book})
    with bookcase.opened(config, folder, book.uuid) as served:
        yield served.library.port


@pytest.fixture(scope="module")
def film(port: int) -> str:
    """The address of the film: kiwix-serve may put a namespace in."""
    path = "/content/hens/"
    while location := get(port, path)[0].headers.get("Location", ""):
        path = location
    return path.removesuffix("index.html") + "film.mp4"


def get(port: int, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Return an answer and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


def test_a_film_is_sent_whole_and_in_ranges(port: int, film: str) -> None:
    whole, data = get(port, film)
    assert whole.headers["Content-Length"] == str(len(FILM))
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert data == FILM
    for first, last in ((1_000_000, 9_999_999), (31_000_000, len(FILM) - 1), (0, PIECE_BYTES)):
        part, data = get(port, film, Range=f"bytes={first}-{last}")
        assert part.status == 206
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(FILM)}"
        assert data == FILM[first : last + 1]
    assert get(port, film, Range="bytes=20000000-")[1] == FILM[20_000_000:]


def test_phones_that_have_stopped_a_film_keep_nobody_from_reading(port: int, film: str) -> None:
    with ExitStack() as open_lines:
        for _ in range(3 * LIBRARY_THREADS):
            line = open_lines.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", port))
            line.sendall(f"GET {film} HTTP/1.1\r\nHost: books.test\r\nRange: bytes=0-\r\n\r\n".encode())
            assert line.recv(12) == b"HTTP/1.1 206"
        answer, page = get(port, film.replace("film.mp4", "index.html"))
        assert answer.status == 200
        assert b"kiosk-bar" in page


def test_a_film_that_is_another_one_now_is_cut_off() -> None:
    head = "HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nContent-Range: bytes 5-7/{}\r\n\r\nabc"
    with answering(catalogue=b"", other=head.format(9).encode()) as kiwix:
        passage = Passage(Site("127.0.0.1", kiwix.site.port, ""), "/film", 5, 3, "9")
        assert passage.read(2) == b"ab"
        assert passage.seek(0) == 0
        assert passage.read() == b"abc"
        assert passage.read() == b""
        kiwix.said["other"] = head.format(10).encode()
        with pytest.raises(ServiceDown):
            Passage(Site("127.0.0.1", kiwix.site.port, ""), "/film", 5, 3, "9").read()
