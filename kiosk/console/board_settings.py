"""How the board is kept: whether it is open, its rules, and its sections.

True always: a section goes only when its threads have another, and what members alone may read stays theirs.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.console.board import act
from kiosk.console.session import who
from kiosk.errors import Conflict, InvalidInput
from kiosk.store import audit, board_settings, moderation, sections
from kiosk.store.board_settings import LIMITS, BoardIs
from kiosk.store.db import transaction
from kiosk.web import current, i18n
from kiosk.web.db import conn

pages = Blueprint("board_settings", __name__, url_prefix="/board/rules")


@pages.get("")
def show() -> str:
    """Show the rules and the sections."""
    return _page({})


@pages.post("")
def save() -> Response | tuple[str, int]:
    """Keep the rules."""
    try:
        numbers: dict[str, Any] = {name: _number(name) for name in LIMITS}
        state = BoardIs(request.form.get("state", BoardIs.OPEN))
        with transaction(conn()):
            wanted = replace(board_settings.read(conn()), state=state, first_waits="first_waits" in request.form)
            board_settings.save(conn(), replace(wanted, **numbers))
            _record("board.rules", state)
    except InvalidInput as error:
        return _page({error.field: i18n.message(error)}), 422
    except ValueError:
        return _page({"state": gettext("Please choose an answer.")}), 422
    flash(gettext("The rules are kept."), "done")
    return redirect(url_for("board_settings.show"), 303)


@pages.post("/sections")
def add() -> Response | tuple[str, int]:
    """Add a section, last."""
    form = request.form
    try:
        with transaction(conn()):
            title, taken = form.get("title", ""), {each.section for each in sections.all_of(conn(), members=True)}
            only = "members_only" in form
            sections.add(conn(), _name(title, taken), title, sells="sells" in form, members_only=only)
            _record("section.added", title)
    except InvalidInput as error:
        return _page({"title": i18n.message(error)}), 422
    flash(gettext("Done."), "done")
    return redirect(url_for("board_settings.show", _anchor="sections"), 303)


@pages.post("/sections/<section>")
def change(section: str) -> Response | tuple[str, int]:
    """Change a section, or take it away and put its threads into another."""
    form = request.form
    try:
        with transaction(conn()):
            if form.get("act") == "remove":
                title = sections.get(conn(), section).title
                moderation.remove_section(conn(), section, form.get("into", ""), act())
                _record("section.removed", title or section)
            else:
                sections.change(
                    conn(), section, title=form.get("title", ""), sells="sells" in form,
                    members_only="members_only" in form, place=_number("place"),
                )  # fmt: skip
                _record("section.changed", form.get("title", "") or section)
    except InvalidInput as error:
        return _page({f"{error.field}-{section}": i18n.message(error)}), 422
    except Conflict:
        problem = gettext("Choose another section for its messages. Those for members can only go to members.")
        return _page({f"into-{section}": problem}), 409
    flash(gettext("Done."), "done")
    return redirect(url_for("board_settings.show", _anchor="sections"), 303)


def _record(kind: str, detail: str) -> None:
    audit.record(conn(), who(), kind, detail, current.now())


def _number(name: str) -> int:
    text = request.form.get(name, "").strip()
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise InvalidInput("Please write digits only.", name)
    return int(text)


def _name(title: str, taken: set[str]) -> str:
    # Names stand in addresses: what the title has of small letters, and a number where that is not enough.
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower())[:30].strip("-") or "section"
    names = (plain if n == 1 else f"{plain}-{n}" for n in range(1, len(taken) + 3))
    return next(name for name in names if name not in taken and name not in sections.TRANSLATED)


def _page(problems: dict[str, str]) -> str:
    found = sections.all_of(conn(), members=True)
    return render_template(
        "board_settings.html",
        wishes=board_settings.read(conn()),
        states=BoardIs,
        board_sections=found,
        counts={each.section: len(sections.threads_in(conn(), each.section)) for each in found},
        problems=problems,
        most_title=sections.MOST_TITLE,
    )
