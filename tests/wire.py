"""What goes over the wire to a browser: a relay in front of a server that counts requests and bytes, heads too."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

REQUEST = re.compile(rb"(?:GET|HEAD|POST) (\S+) HTTP/1\.[01]\r\n")


class Relay:
    """Passes on what comes for `port` of loopback, and counts the bytes that each request brought back."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self._workers = [threading.Thread(target=self._listen)]
        self._sent: dict[str, int] = {}
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._workers[0].start()

    def taken(self) -> dict[str, int]:
        """Return what was asked for since the last time, with the bytes of its answer; what twice, with the sum."""
        taken, self._sent = self._sent, {}
        return taken

    def stop(self) -> None:
        """End all connections."""
        for line in (self._listener, *self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
        for worker in self._workers:
            worker.join()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                phone, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._lines += [phone, server]
                asked = [""]  # a browser asks on one connection for one thing after the other
                for work in ((self._up, phone, server, asked), (self._down, server, phone, asked)):
                    self._workers.append(threading.Thread(target=work[0], args=work[1:]))
                    self._workers[-1].start()

    def _up(self, phone: socket.socket, server: socket.socket, asked: list[str]) -> None:
        for data in _read(phone):
            for match in REQUEST.finditer(data):
                asked[0] = match[1].decode()
                self._sent.setdefault(asked[0], 0)
            server.sendall(data)

    def _down(self, server: socket.socket, phone: socket.socket, asked: list[str]) -> None:
        for data in _read(server):
            self._sent[asked[0]] = self._sent.get(asked[0], 0) + len(data)
            phone.sendall(data)


def _read(line: socket.socket) -> Iterator[bytes]:
    with suppress(OSError):
        while data := line.recv(65536):
            yield data


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    """Run a relay until the block ends."""
    running = Relay(port)
    try:
        yield running
    finally:
        running.stop()
