"""What was done at the console, by whom and when; a page of it at a time, the newest first."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from kiosk.console import act_words
from kiosk.console.session import needs
from kiosk.store import audit, operators
from kiosk.web.db import conn

A_PAGE = 50

pages = Blueprint("audit", __name__, url_prefix="/acts")


@pages.get("")
@needs("manager")
def show() -> str:
    """Show what operators did: `?who=` only one of them, `?before=` what is older than an act."""
    who, before = request.args.get("who", ""), request.args.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None
    found = audit.last(conn(), A_PAGE + 1, before=number, who=who)
    return render_template(
        "audit.html",
        acts=[(act, word(act.kind)) for act in found[:A_PAGE]],
        older=found[A_PAGE - 1].act if len(found) > A_PAGE else None,
        who=who,
        names=[each.name for each in operators.all_of(conn())],
    )


def word(kind: str) -> str:
    """Return what kind of act it was, in words; a kind that has none is shown as it is kept."""
    return str(act_words.WORDS.get(kind, kind))
