"""The first page: what there is, what is announced, what is talked about."""

from __future__ import annotations

from flask import Blueprint, render_template

from kiosk.portal.translations import Translated, choose
from kiosk.store import board_settings, books, courses, documents, notices, threads
from kiosk.store.board_settings import BoardIs
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages

SHOWN_NOTICES, SHOWN_THREADS = 3, 4

pages = Blueprint("home", __name__)


@pages.get("/")
def show() -> str:
    """Show the first page."""
    board = board_settings.read(conn()).state
    generation, languages = current.generation(), content_languages()
    announced = choose(notices.on(conn(), generation, current.today()), languages)

    def count(things: list[Translated]) -> int:
        return len(choose(things, languages))

    tiles = {
        "courses": count([*courses.all_of(conn(), generation)]),
        "library": count([*books.all_of(conn(), generation)]),
        "documents": count([*documents.all_of(conn(), generation)]),
        "notices": len(announced),
        "board": 0 if board is BoardIs.OFF else threads.count(conn()),
    }
    return render_template(
        "home.html",
        tiles=tiles,
        generation=generation,
        notices=announced[:SHOWN_NOTICES],
        threads=[] if board is BoardIs.OFF else threads.recent(conn(), SHOWN_THREADS),
        board=board,
    )
