"""Counting by the real server: the bytes that left, and what is written when it is asked to end."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from kiosk.config import Config
from kiosk.store import db
from tests.portal.conftest import Packer, village
from tests.portal.serving import serving


def test_bytes_that_left_are_written_when_the_server_ends(config: Config, packer: Packer, tmp_path: Path) -> None:
    village(packer)
    packer.install()
    with serving(config, tmp_path) as served:
        ask = b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0\r\nConnection: close\r\n\r\n"
        got = sum(len(served.say(ask)) for _ in range(3))
    with closing(db.connect(packer.state.database)) as conn:
        found = {row["kind"]: row["number"] for row in conn.execute("SELECT * FROM counts")}
    assert found["pages"] == found["visits"] == 3
    assert got <= found["bytes"] <= got + 2000  # beside them, the questions whether it is up yet
