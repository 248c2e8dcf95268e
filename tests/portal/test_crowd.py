"""Many phones at once, each with connections it keeps open."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

from kiosk.config import Config
from tests.portal.serving import serving

PHONES, CONNECTIONS_OF_A_PHONE = 50, 6


def test_who_comes_last_is_answered_while_fifty_phones_keep_their_connections(config: Config, tmp_path: Path) -> None:
    with serving(config, tmp_path) as served, ExitStack() as open_ones:
        for _ in range(PHONES * CONNECTIONS_OF_A_PHONE):
            line = open_ones.enter_context(socket.create_connection(("127.0.0.1", served.port), 30))
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 200")
        assert served.say(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200")
