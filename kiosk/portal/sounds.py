"""What can be listened to: whether a visitor would rather, recordings of lessons and notices, and of the tiles.

Owns: the choice `?listen=yes|no`, kept in a cookie, and `/recordings/…`. True always: a recording is only offered when
its entry is one of sound; without the choice it stands after the text, with it before.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, redirect, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.errors import NotFound
from kiosk.store import items, recordings
from kiosk.store.items import Item
from kiosk.store.notices import HERE
from kiosk.store.recordings import Recording
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import YEAR, address_of

COOKIE = "listen"
KEPT_SECONDS = 3600

pages = Blueprint("sounds", __name__, url_prefix="/recordings")


@dataclass(frozen=True)
class Sound:
    """A recording to play or to save: its address, media type and size."""

    url: str
    type: str
    size_bytes: int


def install(app: Flask) -> None:
    """Take the choice, and give templates `listens()`, `recording(item, path)` and `spoken()`."""
    app.before_request(_choose)
    app.context_processor(lambda: {"listens": listens, "recording": of, "spoken": spoken, "listen_switch": _switch})


def listens() -> bool:
    """Tell whether the visitor would rather listen than read."""
    return request.cookies.get(COOKIE) == "yes"


def of(item: Item, path: str | None) -> Sound | None:
    """Return the recording at `path` of an item, None if there is none."""
    if path is None:
        return None
    if item.pack == HERE:
        return Sound(url_for("notices.sound", item=item.item, language=item.language), "audio/mpeg", item.size_bytes)
    try:
        entry = items.entry(conn(), item, path)
    except NotFound:
        return None
    if not entry.type.startswith("audio/"):
        return None
    url = url_for("files.send", pack=item.pack, item=item.item, language=item.language, path=path)
    return Sound(url, entry.type, entry.size_bytes)


def spoken() -> dict[str, list[Recording]]:
    """Return the recordings of the tiles that have some."""
    found: dict[str, list[Recording]] = {}
    for each in recordings.all_of(conn()):
        found.setdefault(each.tile, []).append(each)
    return found


@pages.get("/<tile>/<language>")
def send(tile: str, language: str) -> Response:
    """Send what is said of a tile, whole or in the range that was asked for."""
    found = recordings.get(conn(), tile, language)
    file = recordings.path(current.state(), found)
    if not file.is_file():
        raise NotFound(f"{file} is missing from the card")
    return send_file(file, mimetype=found.type, conditional=True, etag=found.sha256, max_age=KEPT_SECONDS)


def _choose() -> AnyResponse | None:
    """Answer `?listen=yes` or `no`: remember it and show the same page again without it."""
    wanted = request.args.get("listen", "")
    if request.method != "GET" or wanted not in ("yes", "no"):
        return None
    rest = [(key, value) for key, value in request.args.items(multi=True) if key != "listen"]
    answer = redirect(address_of(request.path, rest), 302)
    answer.set_cookie(COOKIE, wanted, max_age=YEAR, httponly=True, samesite="Lax", path="/")
    return answer


def _switch() -> str:
    rest = [(key, value) for key, value in request.args.items(multi=True) if key != "listen"]
    return "?" + urlencode([*rest, ("listen", "no" if listens() else "yes")])
