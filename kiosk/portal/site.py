"""The portal as a whole: its pages, one blueprint a noun."""

from __future__ import annotations

from flask import Flask, request
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from kiosk.clock import Clock, Timekeeper, system_clock
from kiosk.config import Config
from kiosk.portal import (
    about,
    attachments,
    board,
    board_attachments,
    board_posts,
    board_rules,
    captive,
    counting,
    courses,
    documents,
    files,
    home,
    library,
    members,
    membership,
    notices,
    papers,
    records,
    search,
    sounds,
)
from kiosk.portal import help as help_pages
from kiosk.portal.attachments import Converter
from kiosk.store import items
from kiosk.web import current
from kiosk.web.app import MOST_REQUEST_BYTES, create_site
from kiosk.web.board_words import section_word
from kiosk.web.db import conn
from kiosk.web.languages import make_pages

SECTIONS = (
    ("courses", lazy_gettext("Courses")),
    ("library", lazy_gettext("Library")),
    ("documents", lazy_gettext("Papers")),
    ("notices", lazy_gettext("Notices")),
    ("board", lazy_gettext("Board")),
)
"""The parts of the portal in their order: the blueprint (and its icon), and its word."""


def create_portal(
    config: Config,
    clock: Clock = system_clock,
    converter: Converter | None = None,
    timekeeper: Timekeeper | None = None,
) -> Flask:
    """Return the portal as a WSGI application; makes the state folder when it is missing.

    Args:
        converter: who makes photos and sounds fit for the board; None: the board takes words alone.
        timekeeper: what the machine says of the time, by which is counted; None: the clock is believed.
    """
    app = create_site("portal", config, clock, title=config.name, gate=_gate)
    app.context_processor(lambda: {"sections": SECTIONS})
    app.jinja_env.filters.update(section_word=section_word, section_icon=board_rules.section_icon)
    app.register_blueprint(make_pages(_installed_languages))
    counting.install(app, timekeeper, watches=True)
    app.after_request(counting.count_answer)
    membership.install(app)
    attachments.install(app, converter)
    sounds.install(app)
    for module in (
        home, courses, records, library, documents, papers, notices, board, board_posts, board_attachments, search,
        files, members, sounds, help_pages, about,
    ):  # fmt: skip
        app.register_blueprint(module.pages)
    captive.install(app)
    app.register_blueprint(members.address_of_card)
    return app


def _gate() -> Response | None:
    """Let only forms that carry files be large, before anyone reads the body."""
    if not attachments.may_be_large():
        request.max_content_length = MOST_REQUEST_BYTES
    return captive.gate()


def _installed_languages() -> list[str]:
    return items.languages(conn(), current.generation())
