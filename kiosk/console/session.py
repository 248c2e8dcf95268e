"""Who is signed in: the login, the password that must be chosen, and the guards before every page.

True always: without a session only the login, the assets and `/healthz` answer; a session ends when its operator
changes the password, signs out or is shut out, after half an hour without a page, and at the end of the browser's; a
one-time password opens nothing but the page on which another is chosen; rights are read anew for each page.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Literal, ParamSpec, TypeVar

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from kiosk.errors import InvalidInput, NotFound
from kiosk.store import audit, events, operators, restore
from kiosk.store.db import from_text, to_text, transaction
from kiosk.store.operators import Operator, Rights
from kiosk.web import current, i18n
from kiosk.web.db import conn

IDLE = timedelta(minutes=30)
AGAIN = "again"
"""In the query of a page that a browser loads anew by itself: nobody may be there, so it keeps no session open."""
OPEN_TO_ALL = ("session.login", "session.sign_in", "languages.show", "static", "icon", "healthz")
FOR_A_NEW_PASSWORD = ("session.password", "session.choose", "session.logout")

P = ParamSpec("P")
R = TypeVar("R")

pages = Blueprint("session", __name__)


def guard() -> Response | None:
    """Let a request through to its page, or send it to the login or to the choice of a password."""
    if request.endpoint in ("static", "icon", "healthz"):
        return None
    operator = g.operator = signed_in()
    if request.endpoint in OPEN_TO_ALL:
        return None
    if operator is None:
        if request.method not in ("GET", "HEAD"):
            abort(403)
        return redirect(url_for("session.login"), 303)
    if request.method != "GET" or AGAIN not in request.args:
        session["seen"] = to_text(current.now())
    if operator.must_change and request.endpoint not in FOR_A_NEW_PASSWORD:
        return redirect(url_for("session.password"), 303)
    return None


def opens(app: Flask, cookies: str) -> bool:
    """Tell whether a Cookie header carries a session that this console gave to an operator, be it over or not.

    Cheap and without the database, for the moment in which a request's head has come and its body has not.
    """
    with app.request_context({**create_environ(), "HTTP_COOKIE": cookies}):
        return "operator" in session


def signed_in() -> Operator | None:
    """Return the operator whose session this request carries, None if there is none or it is over."""
    try:
        operator = operators.get(conn(), str(session.get("operator", "")))
        seen = from_text(str(session.get("seen", "")))
    except (NotFound, ValueError):
        return None
    # A clock that was set back makes `seen` lie ahead: that is no reason to keep a session for years.
    idle = abs(current.now() - seen) > IDLE
    return None if idle or operator.shut_out or session.get("since") != _since(operator) else operator


def who() -> str:
    """Return the name of the operator whose request this is, for the list of acts; only behind the guard."""
    return str(session["operator"])


def needs(rights: Literal["manager"]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a view answer 403 to operators without these rights; stands below the route:

    @pages.post("/operators")
    @needs("manager")
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            if not may(rights):
                abort(403)
            return view(*args, **kwargs)

        checked.__dict__["needs"] = rights  # a test walks the routes and tries those that need more
        return checked

    return decorate


def may(rights: str) -> bool:
    """Tell whether who is signed in has these rights; a manager has all of them."""
    operator: Operator | None = g.get("operator")
    return operator is not None and not operator.must_change and operator.rights in (rights, Rights.MANAGER)


@pages.get("/login")
def login() -> str | Response:
    """Show the form to sign in."""
    if signed_in():
        return redirect(url_for("status.show"), 303)
    return render_template("login.html", name="", problem="", restored=_restored())


@pages.post("/login")
def sign_in() -> Response | tuple[str, int]:
    """Sign in, or show the form again."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    problem = gettext("The name or the password is not right.")
    operator = None
    try:
        with transaction(conn()):
            guess = operators.count_guess(conn(), name, current.now())
        # Checked outside a transaction: it takes long by design, and the board must go on being written.
        if operators.fits(guess, password):
            with transaction(conn()):
                operator = operators.sign_in(conn(), guess, current.now())
    except InvalidInput as error:
        problem = i18n.message(error)
    if operator is None:
        return render_template("login.html", name=name, problem=problem, restored=None), 422
    _begin(operator, current.now())
    return redirect(url_for("status.show"), 303)


def _restored() -> datetime | None:
    """Return of when the backup is that was restored a moment ago: who was signed in reads why that is over."""
    done = events.last(conn(), "restore.finished")
    return restore.replaced_by(conn()) if done and abs(current.now() - done[0].at) < IDLE else None


@pages.get("/password")
def password() -> str:
    """Show the form to choose a password."""
    return render_template("password.html", problems={}, least=operators.LEAST_PASSWORD)


@pages.post("/password")
def choose() -> Response | tuple[str, int]:
    """Take the password that was chosen; every other session of this operator ends."""
    chosen, again = request.form.get("password", ""), request.form.get("again", "")
    problems: dict[str, str] = {}
    if problem := _not_theirs(request.form.get("present", "")):
        problems["present"] = problem
    elif chosen != again:
        problems["again"] = gettext("The two are not the same.")
    else:
        try:
            with transaction(conn()):
                operator = operators.choose_password(conn(), who(), chosen, current.now())
                audit.record(conn(), who(), "password.chosen", "", current.now())
        except InvalidInput as error:
            problems[error.field] = i18n.message(error)
    if problems:
        return render_template("password.html", problems=problems, least=operators.LEAST_PASSWORD), 422
    _begin(operator, current.now())
    flash(gettext("Your password is set. The old one opens nothing any more."), "done")
    return redirect(url_for("status.show"), 303)


def _not_theirs(password: str) -> str:
    """Return why this is not the password of who is signed in, "" if it is: a phone may lie about unlocked.

    Who has just come in by a one-time password is not asked again.
    """
    if g.operator.must_change:
        return ""
    try:
        with transaction(conn()):
            guess = operators.count_guess(conn(), who(), current.now())
        fits = operators.fits(guess, password)
    except InvalidInput as error:
        return i18n.message(error)
    return "" if fits else str(gettext("This is not your password."))


@pages.post("/logout")
def logout() -> Response:
    """End the session, on every device that this operator uses."""
    with transaction(conn()):
        operators.sign_out(conn(), who())
    session.clear()
    return redirect(url_for("session.login"), 303)


def _begin(operator: Operator, now: datetime) -> None:
    session.clear()
    session["operator"] = operator.name
    session["since"] = _since(operator)
    session["seen"] = to_text(now)


def _since(operator: Operator) -> str:
    return f"{to_text(operator.changed_at)} {operator.sign_outs}"
