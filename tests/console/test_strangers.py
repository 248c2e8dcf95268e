"""What somebody whom the console does not know can have it keep: no more than a form of words."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from kiosk.cli.listening import FROM_A_STRANGER
from tests.console.cutting import Console, Phone, scene
from tests.making import Village

PIECE = bytes(1 << 20)
PIECES = 40


@pytest.fixture
def place(village: Village) -> Iterator[tuple[Console, Phone]]:
    with scene(village) as (console, _, phone):
        phone.port = console.port
        yield console, phone


def held(console: Console) -> int:
    """Return how many bytes the console has in files that have no name: only the process knows them."""
    assert console.process
    total = 0
    for path in Path(f"/proc/{console.process.pid}/fd").iterdir():
        with suppress(OSError):
            if str(path.readlink()).endswith("(deleted)"):
                total += path.stat().st_size
    return total


def spooled(console: Console, phone: Phone, cookie: str) -> tuple[int, bytes]:
    """Send 40 MB where only managers may; return the most that was kept of it, and the first line of the answer."""
    head = (
        f"POST /backup/restore HTTP/1.1\r\nHost: {phone.host}\r\nCookie: {cookie}\r\nConnection: close\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {PIECES * len(PIECE)}\r\n\r\n"
    )
    most = 0
    with closing(socket.create_connection(("127.0.0.1", console.port), 60)) as line:
        line.sendall(head.encode())
        for _ in range(PIECES):
            line.sendall(PIECE)
            most = max(most, held(console))
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    return most, answer.partition(b"\r\n")[0]


def forged(value: str) -> str:
    """Return a cookie whose signature is another: its first sign, since not all bits of the last one count."""
    signed, _, signature = value.rpartition(".")
    return f"{signed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def test_a_stranger_fills_no_card(place: tuple[Console, Phone]) -> None:
    console, phone = place
    most, _ = spooled(console, phone, phone.cookie)
    assert most > 10 * FROM_A_STRANGER, "an operator's files are kept: else this test would hold nothing"
    name, _, value = phone.cookie.partition("=")
    for cookie in ("", f"{name}=x", f"{name}={forged(value)}"):
        most, answer = spooled(console, phone, cookie)
        assert most <= 2 * FROM_A_STRANGER, cookie
        assert answer.split()[1] in (b"400", b"403", b"413"), answer
