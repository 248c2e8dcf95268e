"""A server of static files that counts: bodies and headers apart, both ways.

Owns: single and multiple byte ranges (zsync and zchunk ask for many at once), kept connections, and the count.
"""

from __future__ import annotations

import http.server
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

PIECE_BYTES = 1 << 16
BOUNDARY = "bytes-of-a-range"
Span = tuple[int, int]
"""First byte and the one after the last."""


@dataclass
class Traffic:
    """What went over the link at the level of HTTP (no TCP, no IP)."""

    requests: int = 0
    up_bytes: int = 0
    header_bytes: int = 0
    body_bytes: int = 0
    paths: dict[str, int] = field(default_factory=dict)
    """Body bytes by path asked for."""

    @property
    def total_bytes(self) -> int:
        """Requests, headers and bodies together."""
        return self.up_bytes + self.header_bytes + self.body_bytes


class _Counted(io.RawIOBase):
    def __init__(self, stream: io.BufferedIOBase) -> None:
        self.stream = stream
        self.bytes = 0

    def readline(self, size: int | None = -1) -> bytes:
        data = self.stream.readline(-1 if size is None else size)
        self.bytes += len(data)
        return data

    def write(self, data: Any) -> int:
        self.bytes += len(data)
        return self.stream.write(data)

    def flush(self) -> None:
        self.stream.flush()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else headers and body, written apart, wait 40 ms for each other
    folder: Path
    traffic: Traffic
    guard: threading.Lock

    def setup(self) -> None:
        super().setup()
        self.rfile = _Counted(self.rfile)  # type: ignore[assignment]
        self.wfile = _Counted(self.wfile)  # type: ignore[assignment]

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def handle_one_request(self) -> None:
        up, down = self.rfile.bytes, self.wfile.bytes  # type: ignore[attr-defined]
        self.body = 0
        super().handle_one_request()
        if self.rfile.bytes == up:  # type: ignore[attr-defined]
            return
        with self.guard:
            self.traffic.requests += 1
            self.traffic.up_bytes += self.rfile.bytes - up  # type: ignore[attr-defined]
            self.traffic.header_bytes += self.wfile.bytes - down - self.body  # type: ignore[attr-defined]
            self.traffic.body_bytes += self.body
            self.traffic.paths[self.path] = self.traffic.paths.get(self.path, 0) + self.body

    def do_GET(self) -> None:
        path = self.folder / unquote(self.path.partition("?")[0]).lstrip("/")
        if not path.is_file():
            self._head(404, 0)
            return
        size = path.stat().st_size
        spans = _spans(self.headers.get("Range", ""), size)
        with path.open("rb") as file:
            if spans is None:
                self._head(200, size)
                self._copy(file, 0, size)
            elif len(spans) == 1:
                ((start, end),) = spans
                self._head(206, end - start, Content_Range=f"bytes {start}-{end - 1}/{size}")
                self._copy(file, start, end)
            else:
                self._many(file, spans, size)

    def _many(self, file: BinaryIO, spans: list[Span], size: int) -> None:
        heads = [
            f"\r\n--{BOUNDARY}\r\nContent-Range: bytes {start}-{end - 1}/{size}\r\n\r\n".encode()
            for start, end in spans
        ]
        last = f"\r\n--{BOUNDARY}--\r\n".encode()
        length = sum(map(len, heads)) + sum(end - start for start, end in spans) + len(last)
        self._head(206, length, Content_Type=f"multipart/byteranges; boundary={BOUNDARY}")
        for head, (start, end) in zip(heads, spans, strict=True):
            self._send(head)
            self._copy(file, start, end)
        self._send(last)

    def _head(self, status: int, length: int, **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _copy(self, file: BinaryIO, start: int, end: int) -> None:
        file.seek(start)
        while start < end and (piece := file.read(min(PIECE_BYTES, end - start))):
            self._send(piece)
            start += len(piece)

    def _send(self, data: bytes) -> None:
        self.wfile.write(data)
        self.body += len(data)


def _spans(header: str, size: int) -> list[Span] | None:
    found = re.fullmatch(r"bytes=([\d, -]+)", header.strip())
    if not found:
        return None
    spans = []
    for part in found[1].split(","):
        first, _, last = part.strip().partition("-")
        start = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if start < end:
            spans.append((start, end))
    return spans or None


@contextmanager
def serve(folder: Path) -> Iterator[tuple[str, Traffic]]:
    """Serve a folder on a free loopback port; yield the URL and the count, which grows as things are asked for."""
    traffic = Traffic()
    handler = type("Handler", (_Handler,), {"folder": folder, "traffic": traffic, "guard": threading.Lock()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        worker = threading.Thread(target=server.serve_forever)
        worker.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", traffic
        finally:
            server.shutdown()
            worker.join()
