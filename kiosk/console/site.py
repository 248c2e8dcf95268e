"""The console as a whole: its pages, and what stands on every answer of it."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from flask_babel import lazy_gettext

from kiosk.clock import Clock, system_clock
from kiosk.config import Config
from kiosk.console import board, board_settings, members, session, status
from kiosk.web import current
from kiosk.web.app import create_site
from kiosk.web.board_words import section_word
from kiosk.web.languages import make_pages

SECTIONS = (
    ("status", lazy_gettext("Start")),
    ("board", lazy_gettext("Board")),
    ("members", lazy_gettext("Members")),
)
"""The parts of the console in their order: the blueprint (whose first page is its `show`, and which names the icon),
and its word.
"""


def create_console(config: Config, clock: Clock = system_clock) -> Flask:
    """Return the console as a WSGI application; makes the state folder when it is missing.

    It answers only under the host of `console.url`: a page whose name was pointed at this machine gets nothing.
    """
    app = create_site("console", config, clock, title="Console")
    # Before all else, also before the change of language, which answers by itself.
    app.before_request_funcs.setdefault(None, []).insert(0, _own_host_only)
    app.before_request(session.guard)
    app.after_request(_keep_nothing)
    app.context_processor(lambda: {"sections": SECTIONS})
    app.jinja_env.filters["section_word"] = section_word
    app.register_blueprint(make_pages(tuple))  # nobody learns here: there is only the interface's language to choose
    for module in (session, status, board, board_settings, members):
        app.register_blueprint(module.pages)
    return app


def _own_host_only() -> None:
    # Flask's own TRUSTED_HOSTS would leave the error page without a way to build its links.
    if urlsplit(f"//{request.host}").hostname != urlsplit(current.config().console.url).hostname:
        abort(400)


def _keep_nothing(response: Response) -> Response:
    # A telecenter's computer is shared: the next person must not find these pages with the back button.
    if request.endpoint not in ("static", "icon"):
        response.headers["Cache-Control"] = "no-store"
    return response
