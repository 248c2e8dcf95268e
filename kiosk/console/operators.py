"""The operators' page: who may enter the console, with which rights, and who tried in vain.

True always: only managers come here; a one-time password is shown once, on the answer to the act that made it; nobody
shuts out or demotes themselves.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.console.session import needs, who
from kiosk.errors import InvalidInput
from kiosk.store import audit, guesses, operators
from kiosk.store.db import transaction
from kiosk.store.operators import Rights
from kiosk.web import current, i18n
from kiosk.web.db import conn

pages = Blueprint("operators", __name__, url_prefix="/operators")


@pages.get("")
@needs("manager")
def show() -> str:
    """Show all operators."""
    return _page()


@pages.post("")
@needs("manager")
def add() -> str | tuple[str, int]:
    """Make an operator and show the one-time password, this once."""
    name, rights = request.form.get("name", "").strip(), _rights()
    try:
        with transaction(conn()):
            password = operators.add(conn(), name, rights, current.now())
            audit.record(conn(), who(), f"operator.added.{rights}", name, current.now())
    except InvalidInput as error:
        return _page(problem=i18n.message(error), name=name, rights=rights), 422
    return render_template("one_time_password.html", name=name, password=password)


@pages.post("/<name>/password")
@needs("manager")
def reset(name: str) -> str:
    """Give an operator who forgot the password a one-time password, shown this once."""
    _not_oneself(name)
    with transaction(conn()):
        password = operators.reset(conn(), name, current.now())
        audit.record(conn(), who(), "operator.reset", name, current.now())
    return render_template("one_time_password.html", name=name, password=password)


@pages.post("/<name>/rights")
@needs("manager")
def change(name: str) -> Response:
    """Give an operator other rights."""
    rights = _rights()
    return _act(name, f"operator.rights.{rights}", lambda: operators.change_rights(conn(), name, rights))


@pages.post("/<name>/shut-out")
@needs("manager")
def shut_out(name: str) -> Response:
    """Let an operator in no more."""
    return _act(name, "operator.shut_out", lambda: operators.shut_out(conn(), name, shut=True))


@pages.post("/<name>/let-in")
@needs("manager")
def let_in(name: str) -> Response:
    """Let an operator in again."""
    return _act(name, "operator.let_in", lambda: operators.shut_out(conn(), name, shut=False))


def _act(name: str, kind: str, do: Callable[[], None]) -> Response:
    _not_oneself(name)
    with transaction(conn()):
        do()
        audit.record(conn(), who(), kind, name, current.now())
    flash(gettext("Done."), "done")
    return redirect(url_for("operators.show"), 303)


def _not_oneself(name: str) -> None:
    if name == who():  # the page offers no such button
        abort(403)


def _rights() -> Rights:
    try:
        return Rights(request.form.get("rights", ""))
    except ValueError:
        abort(400)


def _page(problem: str = "", name: str = "", rights: Rights = Rights.EDITOR) -> str:
    return render_template(
        "operators.html",
        found=operators.all_of(conn()),
        failed=guesses.failed(conn()),
        problem=problem,
        name=name,
        rights=rights,
    )
