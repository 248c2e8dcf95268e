"""Bodies larger than the portal takes, really sent to a portal that runs: little memory, no disk, a clear answer that
gives the words back.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from kiosk.config import Config
from kiosk.portal import create_portal
from tests.portal.serving import Served, serving

TWO_GB = 2 * 1024**3
PIECE = bytes(1 << 20)
MOST_MEMORY_GROWTH = 8_000_000
HEAD = (
    "POST /board/new HTTP/1.1\r\nHost: kiosk.test\r\nAccept-Language: fr\r\nConnection: close\r\n"
    "Content-Type: multipart/form-data; boundary=x\r\n"
)
PROLOGUE = (
    b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\nTwenty bags\r\n'
    b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
)


@pytest.fixture
def portal(config: Config, tmp_path: Path) -> Iterator[Served]:
    """A portal whose temporary files can be seen."""
    (tmp_path / "tmp").mkdir()
    with serving(config, tmp_path, tmp=tmp_path / "tmp") as served:
        yield served


@pytest.fixture
def taken(config: Config) -> int:
    """The largest body that the portal takes, in bytes."""
    return int(create_portal(config).config["MAX_CONTENT_LENGTH"])


class Watch:
    """The most memory and disk that the portal had while something was sent."""

    def __init__(self, portal: Served, temporary: Path) -> None:
        self.process = psutil.Process(portal.process.pid)
        self.temporary = str(temporary)
        self.before = self.process.memory_info().rss
        self.memory = self.disk = 0

    def look(self) -> None:
        self.memory = max(self.memory, self.process.memory_info().rss - self.before)
        self.disk = max(self.disk, sum(self._held()))

    def _held(self) -> Iterator[int]:
        # Temporary files have no name: only the process knows them.
        for path in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(OSError):
                if str(path.readlink()).startswith(self.temporary):
                    yield path.stat().st_size


def plain(line: socket.socket, look: Callable[[], None]) -> None:
    """Send a form with a file of 2 GB, its length told."""
    size = len(PROLOGUE) + TWO_GB
    line.sendall(f"{HEAD}Content-Length: {size}\r\n\r\n".encode() + PROLOGUE)
    for number in range(TWO_GB // len(PIECE)):
        line.sendall(PIECE)
        if number % 64 == 0:
            look()


def chunked(line: socket.socket, look: Callable[[], None]) -> None:
    """Send a form with a file of 2 GB, its length not told."""
    line.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
    line.sendall(b"%x\r\n" % len(PROLOGUE) + PROLOGUE + b"\r\n")
    for number in range(TWO_GB // len(PIECE)):
        line.sendall(b"%x\r\n" % len(PIECE) + PIECE + b"\r\n")
        if number % 64 == 0:
            look()
    line.sendall(b"0\r\n\r\n")


@pytest.mark.parametrize("send", [plain, chunked])
def test_two_gigabytes_are_answered_in_words_and_kept_nowhere(
    portal: Served, tmp_path: Path, taken: int, send: Callable[[socket.socket, Callable[[], None]], None]
) -> None:
    watch = Watch(portal, tmp_path / "tmp")
    with closing(socket.create_connection(("127.0.0.1", portal.port), 60)) as line:
        send(line, watch.look)
        answer = b"".join(iter(lambda: line.recv(65536), b"")).decode()
    watch.look()
    assert answer.startswith("HTTP/1.1 413 ")
    assert '<html lang="fr"' in answer
    assert "trop grand" in answer
    assert "Twenty bags" in answer, "what was typed is not lost"
    assert watch.memory < MOST_MEMORY_GROWTH
    assert watch.disk <= taken + len(PIECE)
    assert portal.say(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200")


def test_who_asks_first_is_spared_the_sending(portal: Served) -> None:
    request = f"{HEAD}Content-Length: {TWO_GB}\r\nExpect: 100-continue\r\n\r\n".encode()
    answer = portal.say(request)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer
    assert b'<html lang="fr"' in answer


def test_the_connection_lives_on_after_a_body_that_was_too_large(portal: Served, taken: int) -> None:
    head = HEAD.replace("Connection: close\r\n", "")
    body = PROLOGUE + bytes(3 * taken)
    first = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    second = b"GET /healthz HTTP/1.1\r\nHost: kiosk.test\r\nConnection: close\r\n\r\n"
    answers = portal.say(first + second)
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"413", b"200"]


def test_a_body_that_never_comes_holds_nobody_up(portal: Served) -> None:
    lines = []
    for _ in range(20):
        line = socket.create_connection(("127.0.0.1", portal.port), 30)
        line.sendall(f"{HEAD}Content-Length: {TWO_GB}\r\n\r\n".encode() + PROLOGUE)
        lines.append(line)
    assert portal.say(b"GET / HTTP/1.0\r\nHost: kiosk.test\r\n\r\n").startswith(b"HTTP/1.0 200")
    for line in lines:
        line.close()


def test_a_body_that_the_portal_takes_is_seen_on_disk(portal: Served, tmp_path: Path) -> None:
    watch = Watch(portal, tmp_path / "tmp")
    with closing(socket.create_connection(("127.0.0.1", portal.port), 60)) as line:
        line.sendall(f"{HEAD}Content-Length: 900000\r\n\r\n".encode() + PROLOGUE + bytes(800_000))
        until = time.monotonic() + 30
        while not watch.disk and time.monotonic() < until:
            watch.look()
    assert watch.disk > 0, "so the watch sees what there is"


def test_a_length_that_is_told_twice_ends_the_connection(portal: Served) -> None:
    """What follows may be meant for somebody else, by a proxy that believes the other length: it is not answered."""
    both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    request = f"POST /board/new HTTP/1.1\r\nHost: kiosk.test\r\n{both}GET /healthz HTTP/1.1\r\nHost: kiosk.test\r\n\r\n"
    answer = portal.say(request.encode())
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()
