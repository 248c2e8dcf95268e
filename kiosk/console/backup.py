"""Backups: the recovery key, making one now, those on the card, and sticks.

True always: no page waits for a backup; what is said to be there is whole; the recovery key is shown once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import segno
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, send_file, session
from flask import url_for as url
from flask_babel import format_percent, gettext
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from kiosk.console import acts
from kiosk.console.session import needs, who
from kiosk.host import health, orders
from kiosk.store import audit, backups, events, sealed, site_settings
from kiosk.store.db import from_text, to_text, transaction
from kiosk.store.events import Event
from kiosk.web import current
from kiosk.web.db import conn

EVERY_SECONDS = 3
PATIENCE = timedelta(seconds=30)
"""How long what was begun may take until it says so itself."""

pages = Blueprint("backup", __name__, url_prefix="/backup")


@pages.get("")
@needs("manager")
def show() -> Response:
    """Show what there is, what is going on, and what can be done."""
    running = _running()
    state = current.state()
    answer = make_response(
        render_template(
            "backup.html",
            running=running,
            part=_part() if running == "backup" else "",
            has_key=bool(backups.recipient(conn())),
            last=next(iter(events.last(conn(), "backup.finished")), None),
            failed=_failed(),
            kept=backups.all_of(state),
            sticks=health.plugged(),
            hour=site_settings.read(conn()).night_hour,
        )
    )
    if running:
        answer.headers["Refresh"] = str(EVERY_SECONDS)
    return answer


@pages.post("/key")
@needs("manager")
def key() -> str:
    """Make a recovery key and show it, this once."""
    secret, recipient = sealed.new_key()
    with transaction(conn()):
        backups.choose_recipient(conn(), recipient)
        audit.record(conn(), who(), "backup.key", "", current.now())
    picture = segno.make(secret, error="m", micro=False).svg_inline(scale=5, light="#fff", svgclass="recovery")
    groups = sealed.grouped(secret).split(" ")
    return render_template("backup_key.html", key=secret, groups=groups, picture=Markup(picture))  # noqa: S704 - segno draws it


@pages.post("/make")
@needs("manager")
def make() -> AnyResponse:
    """Begin a backup."""
    if backups.recipient(conn()):
        begin("backup", lambda: acts.machine().start("backup"), "backup.begun")
    return redirect(url("backup.show"), 303)


@pages.post("/files/<name>")
@needs("manager")
def download(name: str) -> Response:
    """Hand out a backup."""
    path = backups.path_of(current.state(), name)
    with transaction(conn()):
        audit.record(conn(), who(), "backup.downloaded", name, current.now())
    return send_file(path.absolute(), "application/octet-stream", as_attachment=True, download_name=name, max_age=0)


@pages.post("/stick")
@needs("manager")
def stick() -> AnyResponse:
    """Begin to copy the newest backup to a stick, or those of a stick to the card."""
    name = request.form.get("stick", "")
    if name not in health.plugged():
        flash(gettext("No stick is in. Put one in and load this page again."), "problem")
        return redirect(url("backup.show"), 303)
    folder = orders.stick_folder(name)
    if request.form.get("act") == "fetch":
        begin("backup", lambda: acts.machine().fetch_backup_stick(folder), "backup.fetched")
    else:
        begin("backup", lambda: acts.machine().backup_stick(folder), "backup.copied")
    return redirect(url("backup.show"), 303)


def begin(job: str, do: Callable[[], None], kind: str, detail: str = "") -> None:
    """Have the machine begin a job whose events are called `job`, and remember that it was asked for."""
    if not acts.done(do):
        return
    with transaction(conn()):
        audit.record(conn(), who(), kind, detail, current.now())
    session["begun"] = [job, _number(job), to_text(current.now())]


def _running() -> str:
    """Return what runs, "backup" or "restore", "" for nothing."""
    begun = session.get("begun")
    if begun and _number(begun[0]) == begun[1] and abs(current.now() - from_text(begun[2])) < PATIENCE:
        return str(begun[0])
    if health.is_locked(backups.lock(current.state())):
        last = _last()
        return last.kind.partition(".")[0] if last else "backup"
    return ""


def _last() -> Event | None:
    """Return the last event of backups and restores."""
    found = [*events.last(conn(), "backup."), *events.last(conn(), "restore.")]
    return max(found, key=lambda each: each.event, default=None)


def _number(job: str) -> int:
    found = events.last(conn(), f"{job}.")
    return found[0].event if found else 0


def _part() -> str:
    started = events.last(conn(), "backup.started")
    total = int(started[0].detail.get("size_bytes", 0)) if started else 0
    return str(format_percent(min(0.99, backups.written_bytes(current.state()) / total) if total else 0))


def _failed() -> tuple[Event, str] | None:
    """Return the last failure with what it means, unless something went well since."""
    last = _last()
    if last is None or not last.kind.endswith(".failed"):
        return None
    words = {
        "NoSpace": gettext("There is no room on the card."),
        "FormatError": gettext("The file is damaged, not whole, or no backup. Nothing was changed."),
        "Conflict": gettext("Something else is running. Try again when it has ended."),
        "InvalidInput": gettext("This recovery key does not open this file."),
    }
    return last, words.get(str(last.detail.get("error")), str(last.detail.get("message", "")))
