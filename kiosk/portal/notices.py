"""Notices: those of today, and the text of one."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from kiosk.errors import NotFound
from kiosk.portal import files, players
from kiosk.portal.translations import choose
from kiosk.store import notices, own_notices
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages

pages = Blueprint("notices", __name__, url_prefix="/notices")


@pages.get("")
def shelf() -> str:
    """Show the notices of today."""
    found = notices.on(conn(), current.generation(), current.today())
    return render_template("notices.html", choices=choose(found, content_languages()))


@pages.get("/<pack>/<item>/<language>")
def show(pack: str, item: str, language: str) -> str:
    """Show a notice, also after its last day: someone may have kept the address."""
    generation = current.generation()
    notice = notices.get(conn(), generation, pack, item, language, current.today())
    html = players.shown(notice.item, notices.html(conn(), current.state(), generation, notice))
    return render_template("notice.html", notice=notice, html=html, over=notice.ends < current.today())


@pages.get(f"/{notices.HERE}/<item>/<language>/sound")
def sound(item: str, language: str) -> Response:
    """Send the recording of a notice that an operator wrote, whole or in the range that was asked for."""
    _, text = notices.own_text(conn(), item, language, current.today())
    if not text.sound:
        raise NotFound(f"notice {item} has no recording in {language}")
    file = own_notices.path(current.state(), text.sound)
    save = request.args.get("save") == "yes"
    return files.respond(file, "audio/mpeg", text.sound, text.sound, kept_seconds=files.KEPT_SECONDS, save=save)
