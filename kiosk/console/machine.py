"""The machine's own page: restart and shut down, with the warning of what is going on.

True always: what an operator does to the machine is in the list of acts once the machine has taken the order.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from kiosk.console import acts, unplug
from kiosk.console.session import who
from kiosk.host import health
from kiosk.store import audit
from kiosk.store.db import transaction
from kiosk.web import current
from kiosk.web.db import conn

pages = Blueprint("machine", __name__)


@pages.get("/machine")
def show() -> str:
    """Show what may be done to the machine, and what is going on."""
    return render_template("machine.html", going_on=unplug.going_on(conn(), health.read()))


@pages.post("/machine/restart")
def restart() -> str | Response:
    """Start the machine anew."""
    if not acts.done(acts.machine().restart):
        return redirect(url_for("machine.show"), 303)
    record("machine.restarted")
    return render_template("machine_ends.html", again=True)


@pages.post("/machine/shut-down")
def shut_down() -> str | Response:
    """End the machine, so that it can be unplugged."""
    if not acts.done(acts.machine().shut_down):
        return redirect(url_for("machine.show"), 303)
    record("machine.shut_down")
    return render_template("machine_ends.html", again=False)


def record(kind: str, detail: str = "") -> None:
    """Put what the operator who is signed in did to the machine into the list of acts."""
    with transaction(conn()):
        audit.record(conn(), who(), kind, detail, current.now())
