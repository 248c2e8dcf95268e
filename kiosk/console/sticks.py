"""USB sticks: taking over the packs that one carries, and filling one with what this kiosk has.

True always: a stick is named by its partition and by nothing else; the machine mounts, reads and writes it.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.console import acts, jobs
from kiosk.host import health, orders
from kiosk.host.orders import Refused

pages = Blueprint("sticks", __name__, url_prefix="/content/stick")


@pages.get("")
def show() -> str:
    """Show the sticks that are put in."""
    return render_template("sticks.html", sticks=health.plugged())


@pages.post("")
def begin() -> Response:
    """Have the machine take over or fill a stick."""
    try:
        folder = orders.stick_folder(request.form.get("stick", ""))
    except Refused:
        flash(gettext("Put the stick in and choose it here."), "problem")
        return redirect(url_for("sticks.show"), 303)
    if jobs.runs():
        flash(gettext("A sync is running."), "problem")
    elif request.form.get("act") == "fill":
        jobs.begin("export", lambda: acts.machine().export_stick(folder), "stick.filled", folder.name)
    else:
        jobs.begin("import", lambda: acts.machine().import_stick(folder), "stick.taken", folder.name)
    return redirect(url_for("running.show"), 303)
