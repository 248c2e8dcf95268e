"""Going back to content that was served before: what would change is shown first.

True always: it is the machine that goes back; nothing changes here.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.console import acts, jobs, packs
from kiosk.store import generations
from kiosk.store.generations import Generation
from kiosk.web import current, i18n
from kiosk.web.db import conn

pages = Blueprint("going_back", __name__, url_prefix="/content/generations")


@dataclass(frozen=True)
class Change:
    """What happens to a pack; a version of 0 stands for "not there"."""

    title: str
    before: int
    after: int


@pages.get("")
def show() -> str:
    """Show what may be gone back to."""
    found = [generations.get(conn(), number) for number in generations.numbers(conn())]
    return render_template(
        "generations.html",
        there=[each for each in found if each and _is_there(each)],
        serving=generations.get(conn(), current.generation()),
    )


@pages.get("/<row:number>")
def one(number: int) -> str:
    """Show what going back would change."""
    wanted = _wanted(number)
    return render_template("generation.html", wanted=wanted, changes=_changes(wanted))


@pages.post("/<row:number>")
def go_back(number: int) -> Response:
    """Have the machine go back."""
    _wanted(number)
    if jobs.runs():
        flash(gettext("A sync is running."), "problem")
    else:
        told = gettext("Generation %(number)s", number=i18n.number(number))
        jobs.begin("rollback", lambda: acts.machine().roll_back(number), "content.rolled_back", told)
    return redirect(url_for("running.show"), 303)


def _is_there(generation: Generation) -> bool:
    return generation.number != current.generation() and (current.state().generations / str(generation.number)).is_dir()


def _wanted(number: int) -> Generation:
    found = generations.get(conn(), number) if number < 2**31 else None
    if found is None or not _is_there(found):
        abort(404)
    return found


def _changes(wanted: Generation) -> list[Change]:
    serving = generations.get(conn(), current.generation())
    now = {each.pack: each for each in serving.packs} if serving else {}
    then = {each.pack: each for each in wanted.packs}
    found = []
    for pack in sorted(now.keys() | then.keys()):
        before, after = now.get(pack), then.get(pack)
        one = Change(packs.title_of(after or now[pack]), before.version if before else 0, after.version if after else 0)
        if one.before != one.after:
            found.append(one)
    return found
