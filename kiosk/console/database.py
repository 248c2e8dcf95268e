"""The database's page: that a copy took the place of a broken one, until somebody has read it."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.console import lights
from kiosk.console.lights import Light, named
from kiosk.console.session import who
from kiosk.store import audit, copies
from kiosk.store.db import transaction
from kiosk.web import current, i18n
from kiosk.web.db import conn

OLD = timedelta(days=3)
"""A copy as old as this says that none is made any more."""

pages = Blueprint("database", __name__, url_prefix="/database")


@pages.get("")
def show() -> str:
    """Show what happened to the database."""
    return render_template(
        "database.html", replaced=copies.replaced(conn()), copied_at=copies.newest_at(current.state())
    )


@pages.post("/read")
def read() -> Response:
    """Note that somebody has read it."""
    if copies.replaced(conn()):
        with transaction(conn()):
            copies.note_read(conn(), current.now())
            audit.record(conn(), who(), "database.read", "", current.now())
    return redirect(url_for("status.show"), 303)


def light() -> Light:
    """Return whether the database is as it was written, and how old its copy is."""
    way = "database.show" if copies.replaced(conn()) else ""
    return named(_light(), "database", gettext("Database"), way, gettext("Read what happened"))


def _light() -> Light:
    if copies.is_doubted(current.state()):
        return lights.bad(gettext("The database is damaged."), gettext("Restart: the last good copy takes its place."))
    if found := copies.replaced(conn()):
        moment = i18n.moment(found.copied_at)
        sentence = gettext("The database was broken: the copy of %(moment)s took its place.", moment=moment)
        return lights.bad(sentence, gettext("Read what happened."))
    made = copies.newest_at(current.state())
    if made is None:
        return lights.wait(gettext("There is no copy of it yet."))
    sentence = gettext("The last good copy is of %(moment)s.", moment=i18n.moment(made))
    return lights.wait(sentence) if current.now() - made > OLD else lights.good(sentence)
