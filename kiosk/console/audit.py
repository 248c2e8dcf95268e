"""What was done at the console, by whom and when; a page of it at a time, the newest first."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_babel import gettext

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
    words = {
        "password.chosen": gettext("chose a password"),
        "operator.added.editor": gettext("added an editor"),
        "operator.added.manager": gettext("added a manager"),
        "operator.rights.editor": gettext("made an editor"),
        "operator.rights.manager": gettext("made a manager"),
        "operator.reset": gettext("gave a new one-time password"),
        "operator.shut_out": gettext("shut out"),
        "operator.let_in": gettext("let in again"),
        "board.rules": gettext("changed the rules of the board"),
        "section.added": gettext("added a section"),
        "section.changed": gettext("changed a section"),
        "section.removed": gettext("took a section away"),
        "ban.lifted": gettext("ended a ban"),
        "member.added": gettext("added a member"),
        "member.imported": gettext("added many members"),
        "card.issued": gettext("made a new card"),
        "card.revoked": gettext("revoked a card"),
        "card.unlocked": gettext("unlocked a card"),
        "machine.restarted": gettext("restarted the machine"),
        "machine.shut_down": gettext("shut the machine down"),
        "clock.set": gettext("set the clock"),
        "wifi.changed": gettext("changed the Wi-Fi"),
        "wifi.kept": gettext("kept the new Wi-Fi"),
        "backup.key": gettext("made a recovery key"),
        "backup.begun": gettext("made a backup"),
        "backup.downloaded": gettext("downloaded a backup"),
        "backup.copied": gettext("copied a backup to a stick"),
        "backup.fetched": gettext("copied a backup from a stick"),
        "backup.asked": gettext("began to restore a backup"),
        "backup.restored": gettext("restored a backup"),
        "settings.changed": gettext("changed the settings"),
    }
    return str(words.get(kind, kind))
