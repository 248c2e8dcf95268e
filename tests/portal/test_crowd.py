"""Many phones at once, each with connections it keeps open."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from kiosk.cli.listening import MOST_OF_A_PHONE, bind
from kiosk.config import Config, Site
from kiosk.portal import create_portal
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


def test_one_phone_can_not_take_the_connections_of_all(config: Config, tmp_path: Path) -> None:
    with serving(config, tmp_path) as served, ExitStack() as open_ones:

        def take() -> bool:
            line = open_ones.enter_context(socket.create_connection(("127.0.0.1", served.port), 30, ("127.0.0.7", 0)))
            with suppress(OSError):  # cut off while it was speaking
                line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                return line.recv(100).startswith(b"HTTP/1.1 200")
            return False

        assert [take() for _ in range(MOST_OF_A_PHONE + 5)] == [True] * MOST_OF_A_PHONE + [False] * 5
        assert served.say(b"GET /healthz HTTP/1.0\r\n\r\n", "127.0.0.8").startswith(b"HTTP/1.0 200")


def test_a_letter_now_and_then_keeps_no_connection_open(config: Config) -> None:
    server = bind(create_portal(config), Site("127.0.0.1", 0, "http://127.0.0.1"), 1000)
    ended = threading.Event()
    worker = threading.Thread(target=server.run, args=[lambda: not ended.is_set()], daemon=True)
    worker.start()
    with closing(socket.create_connection(("127.0.0.1", server.waitress.effective_port), 30)) as line:
        line.sendall(b"GET / HTTP/1.1\r\n")
        wait_for(lambda: [each for each in server.waitress.active_channels.values() if each.request])
        (channel,) = server.waitress.active_channels.values()
        begun, parser = channel.last_activity, channel.request
        line.sendall(b"X: y")
        wait_for(lambda: parser.header_bytes_received > 16)
        assert channel.last_activity == begun
        line.sendall(b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 200")
    ended.set()
    worker.join(30)
    assert not worker.is_alive()
    server.waitress.close()


@pytest.mark.parametrize("address", ["http://[", "http://[::::]/", "http://[x]/"])
def test_an_address_that_is_none_is_refused(config: Config, tmp_path: Path, address: str) -> None:
    with serving(config, tmp_path) as served:
        assert served.say(f"GET {address} HTTP/1.0\r\n\r\n".encode()).startswith(b"HTTP/1.0 400")
        assert "exception" not in served.log.read_text()


def wait_for(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


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
