"""Uploads over a link that is cut, to a console that is killed: real processes of the production server, over loopback.

All bytes of files that go through the proxy towards the console are counted, also those that never arrive.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import re
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from kiosk.store import db, operators, papers
from kiosk.store.uploads import PIECE_BYTES
from tests.console.entering import OWN
from tests.console.sending import digest_of
from tests.making import Village
from tests.portal.serving import write_config

UP_SECONDS = 60
BUFFER_BYTES = 65_536


class Console:
    """`kiosk serve console`, started and killed."""

    def __init__(self, village: Village) -> None:
        self.folder = village.folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        here = f"http://127.0.0.1:{self.port}"
        config = replace(village.config, console=replace(village.config.console, port=self.port, url=here))
        self.config = self.folder / "kiosk.yaml"
        write_config(config, self.config, 1)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "kiosk", "serve", "console", "--no-helper", "--config", str(self.config)]
        with (self.folder / "console.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + UP_SECONDS
        while time.monotonic() < until:
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            with suppress(OSError, http.client.HTTPException), closing(link):
                link.request("GET", "/healthz")
                if link.getresponse().status == 200:
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / "console.log").read_text())

    def kill(self) -> None:
        """End it as a power cut would end the process."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)


class Proxy:
    """Passes bytes on to the console, counts them, and cuts the link when so many have gone."""

    def __init__(self, to: int) -> None:
        self.to, self.sent = to, 0
        self._cut_at: int | None = None
        self.cut = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._worker = threading.Thread(target=self._run)
        self._worker.start()

    def cut_at(self, sent: int) -> None:
        """Cut the link when so many bytes have gone in all."""
        self.cut.clear()
        self._cut_at = sent

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._worker.join(30)

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with closing(client), suppress(OSError), socket.create_connection(("127.0.0.1", self.to)) as console:
                self._pass_on(client, console)

    def _pass_on(self, client: socket.socket, console: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, console)
            ready.register(console, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    piece = source.recv(BUFFER_BYTES)
                    if not piece:
                        return
                    if source is client:
                        self.sent += len(piece)
                        if self._cut_at is not None and self.sent >= self._cut_at:
                            self._cut_at = None
                            self.cut.set()
                            return
                    key.data.sendall(piece)


class Phone:
    """Does what the page's script does, on connections of its own through the proxy."""

    def __init__(self, port: int, host: str) -> None:
        self.port, self.host, self.cookie, self.token = port, host, "", ""

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes]:
        """Return status and body of an answer. Raises OSError or HTTPException when the link is cut."""
        headers = {"Host": self.host, "Cookie": self.cookie, "X-CSRFToken": self.token}
        if kind:
            headers["Content-Type"] = kind
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as link:
            link.request(method, path, body or None, headers)
            answer = link.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie" and value.startswith("console_session"):
                    self.cookie = value.partition(";")[0]
            return answer.status, answer.read()

    def form(self, path: str, **fields: str) -> tuple[int, bytes]:
        """Send a form."""
        return self.ask("POST", path, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def enter(self, name: str) -> None:
        """Sign in."""
        for path in ("/login", "/documents"):
            _, page = self.ask("GET", path)
            found = re.search(rb'name="csrf_token" value="([^"]+)"', page)
            assert found
            self.token = found[1].decode()
            if path == "/login":
                assert self.form("/login", name=name, password=OWN)[0] == 303


def send(phone: Phone, file: Path, digest: str, again: threading.Semaphore) -> None:
    """Send a file as the script does, on after each cut, each time it may."""
    while True:
        try:
            _go_on(phone, file, digest)
        except (OSError, http.client.HTTPException):
            again.acquire(timeout=UP_SECONDS)
        else:
            return


def _go_on(phone: Phone, file: Path, digest: str) -> None:
    size = file.stat().st_size
    said = {"name": file.name, "size": str(size), "digest": digest, "category": "reports", "language": "en"}
    status, body = phone.form("/uploads", **said)
    assert status == 200, body
    told = json.loads(body)
    here = told["here"]
    with file.open("rb") as source:
        while here < size:
            source.seek(here)
            status, body = phone.ask("PATCH", f"/uploads/{told['upload']}?at={here}", source.read(PIECE_BYTES))
            assert status in (200, 409), body
            here = json.loads(body)["here"]
    status, body = phone.ask("POST", f"/uploads/{told['upload']}/finish")
    assert status == 200, body


@contextmanager
def scene(village: Village) -> Iterator[tuple[Console, Proxy, Phone]]:
    """A console, the link to it, and a phone in which an operator is signed in."""
    village.state.prepare()
    console = Console(village)
    with closing(db.connect(village.state.database)) as conn:
        operators.add(conn, "amina", operators.Rights.EDITOR, village.clock())
        operators.choose_password(conn, "amina", OWN, village.clock())
    console.start()
    proxy = Proxy(console.port)
    try:
        phone = Phone(proxy.port, f"127.0.0.1:{console.port}")
        phone.enter("amina")
        yield console, proxy, phone
    finally:
        console.kill()
        proxy.close()


def cut_often(village: Village, size_bytes: int, cuts: int) -> float:
    """Send a file of so many bytes while link and console are cut in turn; return sent bytes / bytes of the file.

    Raises AssertionError if it does not arrive as it was, once.
    """
    file = village.folder / "recording.mp4"
    digest = _write(file, size_bytes)
    again = threading.Semaphore(0)
    with scene(village) as (console, proxy, phone), file.open("rb") as source:
        told = digest_of(source)
        before = proxy.sent
        worker = threading.Thread(target=send, args=(phone, file, told, again))
        worker.start()
        for number in range(1, cuts + 1):
            # Just before a piece is whole: nothing can cost more.
            at = (number * size_bytes // (cuts + 1)) // PIECE_BYTES * PIECE_BYTES + PIECE_BYTES * 9 // 10
            proxy.cut_at(before + at)
            assert proxy.cut.wait(600)
            if number % 2 == 0:
                console.kill()
                console.start()
            again.release()
        worker.join(600)
        assert not worker.is_alive()
        cost = (proxy.sent - before) / size_bytes
    with closing(db.connect(village.state.database)) as conn:
        (paper,) = papers.all_of(conn)
    assert paper.newest.sha256 == digest
    with village.state.document_path(digest).open("rb") as kept:
        assert hashlib.file_digest(kept, "sha256").hexdigest() == digest
    assert not list(village.state.uploads.iterdir())
    return cost


def _write(file: Path, size_bytes: int) -> str:
    seeded, digest = random.Random(20261125), hashlib.sha256()
    with file.open("wb") as out:
        left = size_bytes
        start = b"\0\0\0\x18ftypisom" if size_bytes > 100 else b""
        while left > 0:
            piece = (start + seeded.randbytes(PIECE_BYTES))[: min(left, PIECE_BYTES)]
            start = b""
            out.write(piece)
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()
