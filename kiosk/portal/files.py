"""The files of installed items, each as its manifest describes it.

Owns: `/files/…`. True always: only an entry of an item of the current generation is sent, its path taken from the
manifest and not from the request; nothing is ever sent that a browser would run on the portal's origin.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import quote

from flask import Blueprint, Response, request, send_file

from kiosk.errors import NotFound
from kiosk.portal import counting
from kiosk.store import items
from kiosk.web import current
from kiosk.web.db import conn

KEPT_SECONDS = 3600
"""How long a phone may use its copy unasked. An address outlives a generation, so not for ever."""
SHOWN = frozenset(
    (
        "image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain",
        "text/vtt", "audio/mpeg", "audio/mp4", "audio/ogg", "video/mp4", "video/webm",
    )
)  # fmt: skip
"""What a browser may show in place; all else is offered to be kept."""
MARKUP = frozenset(("text/html", "text/xml", "application/xml", "application/xhtml+xml"))
"""What a browser might run: sent as plain text, to be kept."""
ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Policy of a picture opened by itself: its own styles, and nothing else."""
MEDIA = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Policy of a film or sound opened by itself: the page that the browser makes for it loads it once more."""
PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Policy of a PDF: browsers show it with a viewer of their own, which some do not start in a sandbox."""

PARTS = ("image/", "text/vtt")
"""What is part of a page, and not counted as a file."""
SECTIONS = {"course": "courses", "book": "library", "document": "documents", "notice": "notices"}

pages = Blueprint("files", __name__, url_prefix="/files")


@pages.get("/<pack>/<item>/<language>/<path:path>")
def send(pack: str, item: str, language: str, path: str) -> Response:
    """Send an entry, whole or in the range that was asked for; with `?save=yes` to be kept, not shown.

    The last is for browsers too old to know `download` in a link.
    """
    generation = current.generation()
    found = items.get(conn(), generation, pack, item, language)
    entry = items.entry(conn(), found, path)
    file = items.folder(current.state(), generation, found) / entry.path
    name, save = PurePosixPath(entry.path).name, request.args.get("save") == "yes"
    response = respond(file, entry.type, entry.sha256, name, kept_seconds=KEPT_SECONDS, save=save)
    if not entry.type.startswith(PARTS):
        read = f"document:{pack}/{item}" if found.kind == "document" else ""
        counting.file(response, SECTIONS[found.kind], read)
    return response


def respond(file: Path, kind: str, sha256: str, name: str, *, kept_seconds: int, save: bool = False) -> Response:
    """Return the answer that sends a file, whole or in the range that was asked for.

    Args:
        kind: its media type, as it was found in the file or told by a signed manifest.
        sha256: its hash, by which a phone asks whether its copy is still good.
        name: what it is called where it is kept.
        kept_seconds: how long a phone may use its copy unasked; 0: never.
        save: to be kept by the browser, even if it could show it.

    Raises:
        NotFound: it is not on the card.
    """
    if not file.is_file():
        raise NotFound(f"{file} is missing from the card")
    file_server = current.config().portal.file_server
    response = send_file(
        file,
        mimetype="text/plain" if kind in MARKUP else kind,
        as_attachment=save or kind not in SHOWN,
        download_name=name,
        conditional=file_server is None,
        etag=sha256,
        max_age=kept_seconds or None,
    )
    response.headers["Content-Security-Policy"] = _policy(kind)
    return _handed_over(response, file, file_server) if file_server else response


def _handed_over(response: Response, file: Path, file_server: str) -> Response:
    """Have nginx send the file in the place of our bytes: under our headers, in ranges, by a tag of its own."""
    response.close()
    response.direct_passthrough = False
    response.set_data(b"")
    for header in ("Content-Length", "ETag", "Last-Modified"):
        response.headers.pop(header, None)
    inside = file.relative_to(current.state().folder).as_posix()
    response.headers["X-Accel-Redirect"] = f"{file_server}/{quote(inside)}"
    return response


def _policy(kind: str) -> str:
    if kind == "application/pdf":
        return PDF
    return MEDIA if kind.startswith(("audio/", "video/")) else ALONE
