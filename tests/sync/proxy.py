"""A link that fails, for tests and benchmarks: a small HTTP proxy on loopback, in front of any server.

It paces (bits a second), delays (round trip), cuts every N bytes, and spoils single answers in the ways links, portals
and servers do. It counts the bytes of bodies and of heads that it sent, so that a test can say what was needed and
what was paid. It speaks to the server behind it on a connection of its own for each request.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

LOGIN_PAGE = b"<!doctype html><html><title>Welcome</title><body>" + b"Please log in. " * 200 + b"</body></html>"
PIECE_BYTES = 4096
SEND_BUFFER_BYTES = 16 * 1024
"""Small, so that what was sent has nearly all arrived: bytes in flight are paid for too."""

Kind = Literal[
    "reset", "truncate", "stall", "ignore_range", "login", "login_without_length", "drip", "drip_head", "flip",
    "endless", "refuse", "wrong_range", "redirect", "pack",
]  # fmt: skip


@dataclass
class Fault:
    """One way to spoil answers: for the next `times` requests whose path contains `path`.

    reset: RST at byte `at` of the body. truncate: closed there. stall: silent from there. drip: a byte now and then
    from there; drip_head: so from the first byte of the head. flip: the byte at `at` is changed. ignore_range: 200 and
    the whole file. login: a page of HTML; login_without_length: one that does not say so. endless: the body never ends.
    refuse: HTTP 503. wrong_range: a Content-Range that was not asked for. redirect: to `target`. pack: says it is gzip.
    """

    kind: Kind
    at: int = 0
    path: str = ""
    times: int = 1
    target: str = ""


@dataclass
class Counts:
    """Bytes sent to clients, in bodies and in heads, received from them, and the requests (path, Range)."""

    body_bytes: int = 0
    head_bytes: int = 0
    received_bytes: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)


class _CutError(Exception):
    """The link is cut: the client's connection is to be reset."""


class Proxy:
    """A proxy in front of `server` (a URL) with its link's rate, round trip, and cut after every so many bytes."""

    def __init__(
        self, server: str, *, rate_bits: float = 0, delay_seconds: float = 0, cut_every: int = 0,
        cut_seconds: float = 0, drip_seconds: float = 0.05,
    ) -> None:  # fmt: skip
        self._server = urlsplit(server).netloc
        self._rate, self._delay, self._cut_every, self._drip = rate_bits, delay_seconds, cut_every, drip_seconds
        self._cut_seconds, self._next_cut = cut_seconds, time.monotonic() + cut_seconds
        self.faults: list[Fault] = []
        self.counts = Counts()
        self.cuts = 0
        self._since_cut = 0
        self._free_at = 0.0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._workers = [threading.Thread(target=self._listen)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        self._workers[0].start()

    def stop(self) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for worker in self._workers:
            worker.join()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            worker = threading.Thread(target=self._serve, args=(client,))
            self._workers.append(worker)
            worker.start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(0.2)
        self._stopped.wait(self._delay)  # the hand-shake
        with client:
            try:
                while request := self._request(client):
                    self._stopped.wait(self._delay)
                    self._answer(client, *request)
            except _CutError:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass  # the client has gone

    def _request(self, client: socket.socket) -> tuple[str, str] | None:
        data = b""
        while b"\r\n\r\n" not in data:
            if self._stopped.is_set():
                return None
            with suppress(TimeoutError):
                piece = client.recv(65536)
                if not piece:
                    return None
                data += piece
        with self._lock:
            self.counts.received_bytes += len(data)
        first, *lines = data.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        request = first.split()[1], headers.get("range", "")
        self.counts.requests.append(request)
        return request

    def _fault(self, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.path in path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def _answer(self, client: socket.socket, path: str, wanted: str) -> None:
        fault = self._fault(path)
        kind = fault.kind if fault else None
        upstream = http.client.HTTPConnection(self._server, timeout=30)
        try:
            asked = {"Range": wanted} if wanted and kind != "ignore_range" else {}
            upstream.request("GET", path, headers=asked)
            answer = upstream.getresponse()
            head, body = _spoiled_head(fault, answer, path)
            self._send_head(client, head, slowly=kind == "drip_head")
            self._send_body(client, fault, body or _pieces(answer), endless=kind == "endless")
        finally:
            upstream.close()
        if kind in ("login_without_length", "truncate"):
            raise OSError("closed")

    def _send_head(self, client: socket.socket, head: bytes, *, slowly: bool) -> None:
        for piece in (head[i : i + 1] for i in range(len(head))) if slowly else (head,):
            self._send(client, piece)
            with self._lock:
                self.counts.head_bytes += len(piece)
            if slowly and self._stopped.wait(self._drip):
                raise OSError("stopped")

    def _send_body(self, client: socket.socket, fault: Fault | None, pieces: Iterator[bytes], *, endless: bool) -> None:
        at, kind = 0, fault.kind if fault else None
        stop = fault.at if fault and kind in ("reset", "truncate", "stall", "drip") else None
        for piece in pieces:
            whole = _flipped(piece, at, fault)
            self._send_counted(client, whole if stop is None else whole[: max(0, stop - at)])
            at += len(piece)
            if stop is not None and at >= stop:
                self._end(client, kind, whole[len(piece) - (at - stop) :])
                if kind == "truncate":
                    return
        while endless:
            self._send_counted(client, b"x" * PIECE_BYTES)

    def _end(self, client: socket.socket, kind: Kind | None, rest: bytes) -> None:
        if kind == "reset":
            raise _CutError
        if kind == "stall":
            while not self._stopped.wait(0.02):
                client.sendall(b"")
                if _gone(client):
                    break
            raise OSError("stalled")
        if kind == "drip":
            for number in range(len(rest)):
                self._send_counted(client, rest[number : number + 1])
                if self._stopped.wait(self._drip):
                    raise OSError("stopped")

    def _send_counted(self, client: socket.socket, data: bytes) -> None:
        left = memoryview(data)
        while left:
            until = self._cut_every - self._since_cut if self._cut_every else len(left)
            piece = left[:until]
            self._send(client, piece)
            left = left[len(piece) :]
            with self._lock:
                self.counts.body_bytes += len(piece)
                self._since_cut += len(piece)
            if self._is_cut():
                raise _CutError

    def _is_cut(self) -> bool:
        by_bytes = self._cut_every and self._since_cut >= self._cut_every
        by_time = self._cut_seconds and time.monotonic() >= self._next_cut
        if by_bytes or by_time:
            self._since_cut, self._next_cut = 0, time.monotonic() + self._cut_seconds
            self.cuts += 1
        return bool(by_bytes or by_time)

    def _send(self, client: socket.socket, data: bytes | memoryview) -> None:
        if self._rate:  # one link for all connections: each byte has its turn
            with self._lock:
                now = time.monotonic()
                self._free_at = max(self._free_at, now) + len(data) * 8 / self._rate
                wait = self._free_at - now
            if self._stopped.wait(wait):
                raise OSError("stopped")
        left = memoryview(data)
        while left:
            if self._stopped.is_set():
                raise OSError("stopped")
            with suppress(TimeoutError):
                left = left[client.send(left) :]


@contextmanager
def proxy(server: str, **link: float) -> Iterator[Proxy]:
    """Run a proxy in front of `server`; see `Proxy` for the link's properties."""
    running = Proxy(server, **link)  # type: ignore[arg-type]
    running.start()
    try:
        yield running
    finally:
        running.stop()


def _spoiled_head(
    fault: Fault | None, answer: http.client.HTTPResponse, path: str
) -> tuple[bytes, Iterator[bytes] | None]:
    kind = fault.kind if fault else None
    headers = {k: v for k, v in answer.getheaders() if k.lower() not in ("connection", "transfer-encoding")}
    status, body = answer.status, None
    if kind in ("login", "login_without_length"):
        status, headers, body = 200, {}, iter([LOGIN_PAGE])
        if kind == "login":
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(LOGIN_PAGE))}
    elif kind == "refuse":
        status, headers, body = 503, {"Content-Length": "0", "Retry-After": "86400"}, iter([b""])
    elif kind == "redirect" and fault:
        status, headers, body = 302, {"Location": fault.target + path, "Content-Length": "0"}, iter([b""])
    elif kind == "wrong_range":
        headers["Content-Range"] = "bytes 7-9/10"
    elif kind == "pack":
        headers["Content-Encoding"] = "gzip"
    elif kind == "endless":
        headers.pop("Content-Length", None)
    lines = [f"HTTP/1.1 {status} {http.client.responses[status]}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), body


def _pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read(PIECE_BYTES):
        yield piece


def _flipped(piece: bytes, at: int, fault: Fault | None) -> bytes:
    if fault is None or fault.kind != "flip" or not at <= fault.at < at + len(piece):
        return piece
    data = bytearray(piece)
    data[fault.at - at] ^= 1
    return bytes(data)


def _gone(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
