"""How a site is made: the portal and the console are both built by `create_site` and then add their pages.

Owns: sessions, limits, and the pages that tell of errors. True always: an error page says what to do and nothing about
the machine, and every form that changes something carries a token.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Flask, current_app, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response

from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.errors import InvalidInput, KioskError, NoSpace, NotFound
from kiosk.store.state import State
from kiosk.web import compression, current, db, i18n, icons, names, ranges, security, static, words

MOST_REQUEST_BYTES = 1_000_000
"""Longest request a site reads; a site that takes files raises it for itself."""

Gate = Callable[[], Response | None]


class RowNumber(IntegerConverter):
    """The number of a row in a URL, `<row:thread>`: any other text, or one SQLite can not hold, is not found."""

    regex = r"[1-9]\d{0,17}"


def create_site(name: str, config: Config, clock: Clock, *, title: str, gate: Gate | None = None) -> Flask:
    """Return a Flask application with all that the two sites share, to which the caller adds its blueprints.

    Args:
        name: "portal" or "console": the package `kiosk.<name>` that holds the templates, and the session's name.
        config: the kiosk's configuration; the state folder is prepared.
        clock: where "now" comes from.
        title: what the site is called in the title of its pages.
        gate: asked before all else of each request; what it answers is the answer.
    """
    state = State(config.state)
    state.prepare()
    app = Flask(f"kiosk.{name}", static_folder=None)
    _configure(app, name, state, encrypted=name == "console" and config.console.url.startswith("https:"))
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined}
    app.url_map.converters["row"] = RowNumber
    app.url_map.strict_slashes = False
    # Else `//` in a path is answered by a permanent redirect to whatever host the request named.
    app.url_map.merge_slashes = False
    app.register_blueprint(Blueprint("web", __name__, template_folder="templates"))
    current.install(app, current.Site(name, title, config, clock, state))
    compression.install(app)
    if gate:
        app.before_request(gate)
    for part in (db, security, i18n, static, icons, words, ranges):
        part.install(app)
    CSRFProtect(app)
    app.context_processor(lambda: {"site_title": title, "kiosk_name": names.kiosk()})
    _install_error_pages(app)
    return app


def _configure(app: Flask, name: str, state: State, *, encrypted: bool) -> None:
    app.config.update(
        SECRET_KEY=state.secret(f"{name}-session"),
        # Cookies are shared by all ports of a host, so each site's session has a name of its own.
        # Browsers send `Secure` to nobody who listens, and let no other host name set what begins with `__Host-`.
        SESSION_COOKIE_NAME=f"__Host-{name}_session" if encrypted else f"{name}_session",
        SESSION_COOKIE_SECURE=encrypted,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax" if name == "portal" else "Strict",
        PERMANENT_SESSION_LIFETIME=i18n.YEAR,
        MAX_CONTENT_LENGTH=MOST_REQUEST_BYTES,
        # The clock of a kiosk may jump: a token is good for as long as its session is.
        WTF_CSRF_TIME_LIMIT=None,
    )


def _install_error_pages(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(KioskError, _kiosk_error)


def _http_error(error: HTTPException) -> HTTPException | tuple[str, int] | tuple[str, int, list[tuple[str, str]]]:
    code = error.code or 500
    if code < 400:  # a redirect that the router asks for
        return error
    # Kept: what a client must be told in headers, such as the methods that are allowed.
    kept = [(k, v) for k, v in error.get_headers() if k.lower() not in ("content-type", "content-length")]
    return _page(code), code, kept


def _stale_form(_error: CSRFError) -> tuple[str, int]:
    heading = gettext("Please send the form again")
    text = gettext(
        "The form had been open for too long, or your browser does not keep cookies. Go back, load the page again, "
        "and send it once more."
    )
    return render_template("error.html", code=400, heading=heading, text=text), 400


def _kiosk_error(error: KioskError) -> tuple[str, int]:
    if isinstance(error, NotFound):
        return _page(404), 404
    if isinstance(error, InvalidInput):
        return render_template("error.html", code=400, heading=_heading(400), text=i18n.message(error)), 400
    code = HTTPStatus.INSUFFICIENT_STORAGE if isinstance(error, NoSpace) else HTTPStatus.INTERNAL_SERVER_ERROR
    hint = f" ({error.hint})" if error.hint else ""
    current_app.logger.error("%s %s: %s%s", request.method, request.path, error.message, hint)
    return _page(code), code


def _page(code: int) -> str:
    return render_template("error.html", code=code, heading=_heading(code), text=_text(code))


def _heading(code: int) -> str:
    headings = {
        403: gettext("This is not open to you"),
        404: gettext("This page is not here"),
        405: gettext("This can not be done here"),
        413: gettext("This is too large"),
        429: gettext("Please wait a little"),
        507: gettext("The memory of this kiosk is full"),
    }
    default = gettext("This could not be understood") if code < 500 else gettext("Something went wrong on the kiosk")
    return str(headings.get(code, default))


def _text(code: int) -> str:
    texts = {
        403: gettext("You may have to sign in first, or it is for others only."),
        404: gettext("It may have been replaced by something newer. Start again from the first page."),
        405: gettext("Go back and try another way."),
        413: gettext("Send something shorter or smaller."),
        429: gettext("Too much was sent in a short time. Try again in a few minutes."),
        507: gettext(
            "What you sent was not kept. Go back, and send it again when the people of the telecenter have made room. "
            "Reading goes on as before."
        ),
    }
    default = (
        gettext("Go back and try again.")
        if code < 500
        else gettext("It is not your fault. Try again in a moment; if it stays, tell the people of the telecenter.")
    )
    return str(texts.get(code, default))
