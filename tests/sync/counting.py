"""A server of files that counts what it gives."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def counting_server(files: dict[str, bytes]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Serve files over HTTP and yield the URL, and a list that gets (path, bytes of body) of each answer."""
    answers: list[tuple[str, int]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix("/")
            body = files.get(path, b"<html><title>404 Not Found</title><h1>Not Found</h1></html>")
            answers.append((path, len(body)))
            self.send_response(200 if path in files else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        worker = threading.Thread(target=server.serve_forever)
        worker.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", answers
        finally:
            server.shutdown()
            worker.join()
