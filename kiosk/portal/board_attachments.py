"""Sending photos and voice notes of posts to those who may read the post.

Owns: `/board/photo/…` and `/board/voice/…`.
"""

from __future__ import annotations

from flask import Blueprint, Response

from kiosk.portal import board, board_rules, files
from kiosk.store import attachments, threads
from kiosk.store.attachments import ENDINGS, PHOTO, VOICE
from kiosk.web import current
from kiosk.web.db import conn

pages = Blueprint("board_attachments", __name__, url_prefix="/board")
pages.before_request(board_rules.check_open)


@pages.get("/photo/<name>")
def photo(name: str) -> Response:
    """Send a photo as it is opened."""
    return _send(name, PHOTO, ENDINGS[PHOTO][0], "image/jpeg")


@pages.get("/photo/<name>/small")
def small(name: str) -> Response:
    """Send a photo as it stands in a thread."""
    return _send(name, PHOTO, ENDINGS[PHOTO][1], "image/jpeg")


@pages.get("/voice/<name>")
def voice(name: str) -> Response:
    """Send a voice note, whole or in the range that was asked for."""
    return _send(name, VOICE, ENDINGS[VOICE][0], "audio/mpeg")


def _send(name: str, kind: str, ending: str, media_type: str) -> Response:
    found = attachments.get(conn(), name, kind)
    board.readable(threads.get_post(conn(), found.post).thread)
    file = attachments.path(current.state(), found.name, ending)
    tag = f"{found.name}{ending}"
    return files.respond(file, media_type, tag, file.name, kept_seconds=files.KEPT_SECONDS)
