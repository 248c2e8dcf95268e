"""The site that gives neighbours what the kiosk holds: read-only, by name, with byte ranges; nothing is listed.

True always: a path is looked up among the names of a repository and never joined to a folder; nothing but GET and HEAD
is answered; nothing is told of the kiosk beyond what is signed and public.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from kiosk.sync.holdings import Found, Holdings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RANGE = re.compile(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))")
Headers = list[tuple[str, str]]
PLAIN: Headers = [("X-Content-Type-Options", "nosniff"), ("Accept-Ranges", "bytes")]
YEAR_SECONDS = 365 * 24 * 3600


def create_sharing(holdings: Holdings) -> WSGIApplication:
    """Return the WSGI application that serves what is held; for waitress, whose `wsgi.file_wrapper` knows ranges."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "").removeprefix("/")
        if method not in ("GET", "HEAD"):
            return _empty(start_response, HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", "GET, HEAD")])
        found = holdings.find(path)
        if found is None:
            return _empty(start_response, HTTPStatus.NOT_FOUND, [])
        wanted = RANGE.fullmatch(environ.get("HTTP_RANGE", ""))  # several ranges at once are answered with the whole
        span = _span(wanted, found.size_bytes) if wanted else (0, found.size_bytes)
        if span is None:
            os.close(found.descriptor)
            headers = [("Content-Range", f"bytes */{found.size_bytes}")]
            return _empty(start_response, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)
        status, headers = _head(path, found, span if wanted else None)
        start_response(f"{status.value} {status.phrase}", headers)
        if method == "HEAD":
            os.close(found.descriptor)
            return ()
        file = os.fdopen(found.descriptor, "rb")
        file.seek(found.offset + span[0])
        # As many bytes as the length says, and no thread waits for who reads slowly.
        body: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return body

    return serve


def _head(path: str, found: Found, span: tuple[int, int] | None) -> tuple[HTTPStatus, Headers]:
    kept = "no-cache" if path.endswith("/timestamp.json") else f"public, max-age={YEAR_SECONDS}, immutable"
    headers = [*PLAIN, ("Content-Type", "application/octet-stream"), ("Cache-Control", kept)]
    if span is None:
        return HTTPStatus.OK, [*headers, ("Content-Length", str(found.size_bytes))]
    start, end = span
    headers.append(("Content-Range", f"bytes {start}-{end - 1}/{found.size_bytes}"))
    return HTTPStatus.PARTIAL_CONTENT, [*headers, ("Content-Length", str(end - start))]


def _span(wanted: re.Match[str], size: int) -> tuple[int, int] | None:
    """Return (start, end) of the range that is asked for, None if the file does not have it."""
    first, last, suffix = wanted.groups()
    if suffix is not None:
        return (max(0, size - int(suffix)), size) if int(suffix) and size else None
    start, end = int(first), min(size, int(last) + 1) if last else size
    return (start, end) if start < end else None


def _empty(start_response: StartResponse, status: HTTPStatus, headers: Headers) -> Iterable[bytes]:
    start_response(f"{status.value} {status.phrase}", [*PLAIN, *headers, ("Content-Length", "0")])
    return ()
