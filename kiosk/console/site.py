"""The console as a whole: its pages, and what stands on every answer of it."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

from kiosk.clock import Clock, system_clock
from kiosk.config import Config
from kiosk.console import (
    acts,
    audit,
    backup,
    board,
    board_settings,
    bodies,
    budget,
    content,
    database,
    diagnostics,
    documents,
    going_back,
    machine,
    members,
    notices,
    operators,
    reports,
    restore,
    running,
    session,
    settings,
    status,
    sticks,
    uploads,
    wifi,
)
from kiosk.console import clock as clock_pages
from kiosk.console.sections import SECTIONS
from kiosk.host.machine import Helped, Machine
from kiosk.web import current
from kiosk.web.app import create_site
from kiosk.web.board_words import section_word
from kiosk.web.languages import make_pages

PAGES = (
    session,
    status,
    content,
    running,
    going_back,
    sticks,
    budget,
    documents,
    uploads,
    notices,
    board,
    board_settings,
    members,
    reports,
    machine,
    clock_pages,
    wifi,
    diagnostics,
    backup,
    restore,
    database,
    settings,
    operators,
    audit,
)


def create_console(config: Config, clock: Clock = system_clock, host: Machine | None = None) -> Flask:
    """Return the console as a WSGI application; makes the state folder when it is missing.

    `host` does what needs root; without one the root helper is asked. The console answers only under the host of
    `console.url`: a page whose name was pointed at this machine gets nothing.
    """
    app = create_site("console", config, clock, title="Console")
    acts.install(app, host or Helped())
    # Before all else, also before the change of language, which answers by itself.
    app.before_request_funcs.setdefault(None, []).insert(0, _own_host_only)
    app.before_request(session.guard)
    app.after_request(_keep_nothing)
    app.context_processor(lambda: {"sections": SECTIONS, "may": session.may, "operator": g.get("operator")})
    app.jinja_env.filters["section_word"] = section_word
    app.register_blueprint(make_pages(tuple))  # nobody learns here: there is only the interface's language to choose
    for module in PAGES:
        app.register_blueprint(module.pages)
    bodies.install(app)
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
