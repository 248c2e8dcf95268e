"""Restoring a backup at the console: which file, what is in it, and only then whether to.

True always: nothing is replaced before it was shown what; the recovery key is kept no longer than until the restore
begins, or is left.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from kiosk.console import acts, bodies
from kiosk.console.backup import begin as begin_job
from kiosk.console.session import needs, who
from kiosk.errors import FormatError, InvalidInput, NoSpace, NotFound
from kiosk.store import backup_file, backups, restore_orders, sealed
from kiosk.store.backup_file import Head
from kiosk.store.restore_orders import Asked
from kiosk.web import current, i18n
from kiosk.web.db import conn

MOST_UPLOAD = 100_000_000
"""Largest file that comes through the browser; a larger one comes by a stick."""

pages = Blueprint("restore", __name__, url_prefix="/backup/restore")


@pages.get("")
@needs("manager")
def show() -> str:
    """Show the form: a file or one that is here, and the recovery key."""
    return _page({}, request.args.get("name", ""))


@pages.post("")
@bodies.takes(MOST_UPLOAD)
@needs("manager")
def ask() -> Response | tuple[str, int]:
    """Take the file and the key, and show what is in it."""
    form, state = request.form, current.state()
    try:
        key = sealed.read_key(form.get("key", ""))
        asked = Asked(_file(form.get("name", ""), request.files.get("file")), key, who(), current.now())
        _look(asked)
        restore_orders.ask(state, asked)
    except InvalidInput as error:
        restore_orders.forget(state)
        return _page({error.field: i18n.message(error)}, form.get("name", "")), 422
    except FormatError:
        restore_orders.forget(state)
        return _page({"file": gettext("This file is damaged, or no backup that this kiosk can read.")}, ""), 422
    except NoSpace:
        return _page({"file": gettext("There is no room on the card.")}, ""), 422
    except (FileNotFoundError, FileExistsError):  # another manager sends one, or leaves, at this moment
        return _page({"file": gettext("Something else is running. Try again when it has ended.")}, ""), 422
    return redirect(url_for("restore.look"), 303)


@pages.get("/look")
@needs("manager")
def look() -> str | Response:
    """Show what is in the backup beside what is here."""
    try:
        head = _look(restore_orders.asked(current.state(), current.now()))
    except (NotFound, OSError, FormatError, InvalidInput):
        return redirect(url_for("restore.show"), 303)
    return render_template("restore_look.html", head=head, rows=_rows(head), seen=_seen(head))


@pages.post("/begin")
@needs("manager")
def begin() -> Response:
    """Begin the restore that was shown."""
    try:
        head = _look(restore_orders.asked(current.state(), current.now()))
    except (NotFound, OSError, FormatError, InvalidInput):
        return redirect(url_for("restore.show"), 303)
    if request.form.get("seen", "") != _seen(head):  # another manager sent another one meanwhile
        return redirect(url_for("restore.look"), 303)
    begin_job("restore", lambda: acts.machine().start("restore"), "backup.asked", i18n.moment(head.made_at))
    return redirect(url_for("backup.show"), 303)


@pages.post("/leave")
@needs("manager")
def leave() -> Response:
    """Forget the file and the key."""
    restore_orders.forget(current.state())
    flash(gettext("Nothing was changed."), "done")
    return redirect(url_for("backup.show"), 303)


def _file(name: str, sent: FileStorage | None) -> Path:
    if name:
        try:
            return backups.path_of(current.state(), name).absolute()
        except NotFound as error:
            raise InvalidInput("Please choose a file.", "file") from error
    if sent is None or not sent.filename:
        raise InvalidInput("Please choose a file.", "file")
    size = request.content_length or MOST_UPLOAD
    spare = current.config().sync.spare_bytes
    return restore_orders.receive(current.state(), sent.stream, size, spare).absolute()  # type: ignore[arg-type]


def _look(asked: Asked) -> Head:
    with asked.path.open("rb") as file:
        return backup_file.look(file, asked.key)


def _seen(head: Head) -> str:
    return hashlib.sha256(repr(head).encode()).hexdigest()


def _rows(head: Head) -> list[tuple[str, int, int]]:
    words = {
        "members": gettext("Members"),
        "papers": gettext("Documents"),
        "posts": gettext("Messages on the board"),
        "operators": gettext("Operators"),
    }
    here = backups.counts(conn())
    return [(word, head.counts.get(what, 0), here[what]) for what, word in words.items()]


def _page(problems: dict[str, str], name: str) -> str:
    return render_template("restore.html", kept=backups.all_of(current.state()), problems=problems, name=name)
