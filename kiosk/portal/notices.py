"""Notices: those of today, and the text of one."""

from __future__ import annotations

from flask import Blueprint, render_template

from kiosk.portal import players
from kiosk.portal.translations import choose
from kiosk.store import notices
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
    notice = notices.get(conn(), generation, pack, item, language)
    html = players.shown(notice.item, notices.html(current.state(), generation, notice))
    return render_template("notice.html", notice=notice, html=html, over=notice.ends < current.today())
