"""The portal as a whole: its pages, one blueprint a noun."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext

from kiosk.clock import Clock, system_clock
from kiosk.config import Config
from kiosk.portal import (
    board,
    board_posts,
    board_rules,
    captive,
    courses,
    documents,
    files,
    home,
    library,
    members,
    membership,
    notices,
    papers,
    sounds,
)
from kiosk.store import items
from kiosk.web import current
from kiosk.web.app import create_site
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


def create_portal(config: Config, clock: Clock = system_clock) -> Flask:
    """Return the portal as a WSGI application; makes the state folder when it is missing."""
    app = create_site("portal", config, clock, title=config.name, gate=captive.gate)
    app.context_processor(lambda: {"sections": SECTIONS})
    app.jinja_env.filters.update(section_word=board_rules.section_word, section_icon=board_rules.section_icon)
    app.register_blueprint(make_pages(_installed_languages))
    membership.install(app)
    sounds.install(app)
    for module in (home, courses, library, documents, papers, notices, board, board_posts, files, members, sounds):
        app.register_blueprint(module.pages)
    captive.install(app)
    app.register_blueprint(members.address_of_card)
    return app


def _installed_languages() -> list[str]:
    return items.languages(conn(), current.generation())
