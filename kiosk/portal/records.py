"""The printable record of a course that was done.

Owns: `/records/…`. True always: the name on it is typed by whoever wants it, stands on that page alone and is kept
nowhere; a record shows what was noted on this phone or for the member, and says that this is all it is.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from kiosk.errors import InvalidInput
from kiosk.portal import progress
from kiosk.store import courses
from kiosk.store.typed import line
from kiosk.web import current, i18n
from kiosk.web.db import conn

MOST_NAME = 80

pages = Blueprint("courses_record", __name__, url_prefix="/records")


@pages.get("/<pack>/<item>/<language>")
def ask(pack: str, item: str, language: str) -> Response:
    """Ask for the name to put on the record, once every lesson was done."""
    return _page(pack, item, language)


@pages.post("/<pack>/<item>/<language>")
def show(pack: str, item: str, language: str) -> Response | tuple[Response, int]:
    """Show the record, or ask again with what is wrong."""
    typed = request.form.get("name", "")
    try:
        return _page(pack, item, language, name=line(typed, "name", MOST_NAME))
    except InvalidInput as error:
        return _page(pack, item, language, typed=typed, problem=i18n.message(error)), 422


def _page(pack: str, item: str, language: str, *, name: str = "", typed: str = "", problem: str = "") -> Response:
    course = courses.get(conn(), current.generation(), pack, item, language)
    response = make_response(
        render_template(
            "record.html",
            course=course,
            standing=progress.standing(course),
            name=name,
            typed=typed,
            problem=problem,
            most_name=MOST_NAME,
            today=current.today(),
        )
    )
    response.headers["Cache-Control"] = "no-store"  # else the name would lie on a borrowed phone
    return response
