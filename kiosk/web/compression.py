"""Text on its way to a phone, made small: on a weak radio the bytes are the time.

Owns: what is sent compressed. True always: what is static is compressed once, a page when it is asked for; nothing is
compressed for a browser that did not say it can read it, nor in an answer that is for one person's eyes (`no-store`):
there the length of a page that shows what somebody typed beside a secret would give the secret away (BREACH; why the
forms' tokens need no such care is in docs/decisions/0016-weight.md).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

from flask import Flask, Response, request

TEXTS = frozenset(
    ("text/html", "text/css", "text/plain", "text/javascript", "application/json", "image/svg+xml", "text/vtt")
)
LEAST_BYTES = 500
"""Below this, compressing saves less than its own header costs."""
MOST_FILE_BYTES, KEPT_FILES = 300_000, 64
"""Installed text files up to this size are compressed, and so many of them kept so; 64 drawings are 1 MB or 2."""
PAGE_LEVEL, STATIC_LEVEL = 6, 9


def install(app: Flask) -> None:
    """Compress what an application answers, where that is worth it and safe.

    To be called before all else that changes answers: what is installed first is asked last, when the answer stands.
    """
    kept = Kept()
    app.after_request(lambda response: _compress(response, kept))


class Kept:
    """Files that were compressed and are asked for again, by the hash that is their ETag; the oldest makes room."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def get(self, tag: str, read: Callable[[], bytes]) -> bytes:
        """Return the compressed bytes of the file of that hash, which `read` gives if they are not kept."""
        found = self._files.get(tag)
        if found is None:
            found = gzip.compress(read(), STATIC_LEVEL, mtime=0)
            while len(self._files) >= KEPT_FILES:
                self._files.pop(next(iter(self._files), ""), None)
            self._files[tag] = found
        return found


def squeezed(data: bytes) -> bytes | None:
    """Return static bytes compressed as well as can be; None when that does not make them smaller."""
    small = gzip.compress(data, STATIC_LEVEL, mtime=0)
    return small if len(small) < len(data) else None


def is_read() -> bool:
    """Tell whether the browser that asks reads what is compressed."""
    return request.accept_encodings["gzip"] > 0


def mark(response: Response) -> Response:
    """Say of a response that its bytes are compressed. Its ETag becomes a weak one: same text, other bytes."""
    response.headers["Content-Encoding"] = "gzip"
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)
    return response


def _compress(response: Response, kept: Kept) -> Response:
    if response.mimetype not in TEXTS or response.status_code in (204, 206, 304) or response.content_encoding:
        return response
    response.vary.add("Accept-Encoding")
    length = response.content_length or 0
    if not is_read() or request.method == "HEAD" or length < LEAST_BYTES or response.cache_control.no_store:
        return response
    if not response.direct_passthrough:
        response.set_data(gzip.compress(response.get_data(), PAGE_LEVEL, mtime=0))
        return mark(response)
    tag, _ = response.get_etag()
    return _compress_file(response, tag, kept) if tag and length <= MOST_FILE_BYTES else response


def _compress_file(response: Response, tag: str, kept: Kept) -> Response:
    response.direct_passthrough = False
    small = kept.get(tag, response.get_data)
    close = getattr(response.response, "close", None)
    if close is not None:
        close()
    response.set_data(small)
    response.headers.pop("Accept-Ranges", None)
    return mark(response)
