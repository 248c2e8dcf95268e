"""A server of static files as any would do it, byte ranges included, that can be interrupted at each request."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


class Server(ThreadingHTTPServer):
    """Serves `folder`; `before` is called with the path of each request, before it is answered."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.before: Callable[[str], None] | None = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *args: object) -> None:
        """Say nothing: who asks may be killed at any moment."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        if self.server.before:
            self.server.before(self.path)
        path = self.server.folder / self.path.lstrip("/")
        if ".." in path.parts or not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        wanted = RANGE.match(self.headers.get("Range", ""))
        start, end = (int(wanted[1]), int(wanted[2] or len(data)) + 1) if wanted else (0, len(data))
        if wanted and start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{min(end, len(data)) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data[start:end])))
        self.end_headers()
        self.wfile.write(data[start:end])

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve a folder on a free port of this machine."""
    with Server(folder) as server:
        worker = threading.Thread(target=server.serve_forever)
        worker.start()
        try:
            yield server
        finally:
            server.shutdown()
            worker.join()
