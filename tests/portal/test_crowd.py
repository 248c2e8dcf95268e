"""Many phones at once, each with connections it keeps open."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

from kiosk.config import Config
from tests.portal.conftest import Packer, village
from tests.portal.serving import serving

PHONES, CONNECTIONS_OF_A_PHONE = 50, 6


def test_who_comes_last_is_answered_while_fifty_phones_keep_their_connections(config: Config, tmp_path: Path) -> None:
    with serving(config, tmp_path) as served, ExitStack() as open_ones:
        for _ in range(PHONES * CONNECTIONS_OF_A_PHONE):
            line = open_ones.enter_context(socket.create_connection(("127.0.0.1", served.port), 30))
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 200")
        assert served.say(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200")


def test_phones_that_have_paused_a_film_keep_nobody_waiting(config: Config, packer: Packer, tmp_path: Path) -> None:
    village(packer)
    packer.install()
    film = packer.state.generations / "1/village/handbook/en/handbook_en.zim"
    with film.open("r+b") as file:
        file.truncate(64_000_000)  # more than a server holds in memory for one phone
    ask = "GET /files/village/handbook/en/handbook_en.zim HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes={}\r\n\r\n"
    with serving(config, tmp_path) as served, ExitStack() as open_ones:
        for _ in range(8):
            line = open_ones.enter_context(socket.create_connection(("127.0.0.1", served.port), 30))
            line.sendall(ask.format("0-").encode())
            assert line.recv(100).startswith(b"HTTP/1.1 206")
        assert served.say(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200")
        for asked, wanted in (("5-9", bytes(range(5, 10))), ("2040-2049", bytes(range(248, 256)) + b"\0\0")):
            said = served.say(ask.format(asked).encode() + b"GET /healthz HTTP/1.0\r\n\r\n")
            head, _, rest = said.partition(b"\r\n\r\n")
            assert f"Content-Length: {len(wanted)}".encode() in head
            assert rest.startswith(wanted + b"HTTP/1.0 200")
