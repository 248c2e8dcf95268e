"""Photos and voice notes that a form brings.

True always: what a phone sent is never kept or sent on, only what was made from it; who makes it is given to the
portal, which itself starts no program.
"""

from __future__ import annotations

from typing import IO, Protocol

from flask import Flask, current_app, request

from kiosk.errors import InvalidInput
from kiosk.packs.attachments import MOST_PHOTOS, NOTHING, Carried, Photo, Voice
from kiosk.store import board_settings
from kiosk.store.attachments import PHOTO, VOICE
from kiosk.web.db import conn

MOST_BYTES = 24_000_000
"""Of a form with all that it carries: three photos as a phone takes them."""
TAKING = frozenset(("board.open_thread", "board.reply"))


class Converter(Protocol):
    """Who makes what phones send fit to be kept; raises InvalidInput for what it can not read."""

    def hears(self) -> bool:
        """Tell whether it takes sounds."""

    def photo(self, sent: IO[bytes]) -> Photo:
        """Return a photo made small."""

    def voice(self, sent: IO[bytes]) -> Voice:
        """Return a sound that every phone plays."""


def install(app: Flask, converter: Converter | None) -> None:
    """Tie the converter to the portal; without one the board takes words alone."""
    app.extensions["kiosk-converter"] = converter
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.context_processor(lambda: {"takes": takes})


def may_be_large() -> bool:
    """Tell whether the request is a form that may carry photos."""
    return request.endpoint in TAKING and request.mimetype == "multipart/form-data"


def takes(kind: str) -> bool:
    """Tell whether forms take photos ("photo") or voice notes ("voice") now."""
    converter = _converter()
    if converter is None or not board_settings.read(conn()).attachments_mb:
        return False
    return kind == PHOTO or converter.hears()


def are_sent() -> bool:
    """Tell whether the form brings any."""
    return any(_sent().values())


def taken() -> Carried:
    """Return what the form brings, made fit to be kept.

    Raises:
        InvalidInput: something is not what it should be; `field` is "photo" or "voice".
    """
    converter, sent = _converter(), _sent()
    if converter is None:
        return NOTHING
    if len(sent[PHOTO]) > MOST_PHOTOS:
        raise InvalidInput("Please send at most 3 photos.", PHOTO)
    photos = tuple(converter.photo(stream) for stream in sent[PHOTO])
    return Carried(photos, converter.voice(sent[VOICE][0]) if sent[VOICE] else None)


def _sent() -> dict[str, list[IO[bytes]]]:
    files = {PHOTO: request.files.getlist("photo"), VOICE: request.files.getlist("voice")}
    return {kind: [each.stream for each in sent if each.filename and takes(kind)] for kind, sent in files.items()}


def _converter() -> Converter | None:
    found: Converter | None = current_app.extensions["kiosk-converter"]
    return found
