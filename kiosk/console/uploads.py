"""How files come to be papers: piece by piece by the page's script, or whole by its plain form.

The script: POST /uploads {name, digest, size, and the fields of the form} -> {"upload", "here", "piece"}; then PATCH
/uploads/<n>?at=<here>, a piece each, -> {"here"}, 409 when another piece is due; at the end POST /uploads/<n>/finish ->
{"url"}. After a cut it begins again with the first: the same file goes on. What is wrong is told as {"problem"}.

True always: no more of a file than a piece is held in memory, and what was told to be here is on the card.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, Response, flash, jsonify, redirect, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from kiosk.console import documents
from kiosk.console.bodies import takes
from kiosk.console.session import who
from kiosk.errors import Conflict, InvalidInput, NoSpace, NotFound
from kiosk.store import audit, events, papers, uploads
from kiosk.store.db import transaction
from kiosk.store.state import State
from kiosk.web import current, i18n
from kiosk.web.db import conn

MOST_PLAIN_BYTES = 50_000_000
"""Of a plain form with its files: it is on the card twice before it is a paper, and a cut loses all of it."""

P = ParamSpec("P")
Answer = Response | tuple[Response, int]

pages = Blueprint("uploads", __name__, url_prefix="/uploads")


def spool_on_card(state: State) -> None:
    """Have what a form brings wait for its rest on the card: in memory, where /tmp may be, there is no room for it.

    To be called once, before the site serves: what was left there by a process that was killed goes.
    """
    for left in state.uploads.glob("kiosk-*"):
        shutil.rmtree(left)
    tempfile.tempdir = str(state.uploads)


def _told(view: Callable[P, Answer]) -> Callable[P, Answer]:
    # The script is told in words what is wrong, and shows them.
    @wraps(view)
    def told(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            return view(*args, **kwargs)
        except Conflict as error:
            if "here" in error.detail:
                return jsonify(error.detail), 409
            return jsonify(problem=_same_bytes()), 422
        except InvalidInput as error:
            return jsonify(problem=i18n.message(error)), 422
        except NoSpace:
            return jsonify(problem=_no_room()), 507
        except NotFound:
            return jsonify(problem=gettext("Go back and try again.")), 404

    return told


@pages.post("")
@_told
def begin() -> Answer:
    """Begin to take a file, or go on with it."""
    size, name, now = request.form.get("size", ""), request.form.get("name", ""), current.now()
    said = documents.wanted(name)
    uploads.prune(conn(), current.state(), now)
    length = int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0
    with transaction(conn()):
        found = uploads.begin(
            conn(), current.state(), who(), name, request.form.get("digest", ""), length, said, _spare_bytes(), now
        )
        if not found.here_bytes:
            events.record(conn(), "upload.started", now, upload=found.upload)
    return jsonify(upload=found.upload, here=found.here_bytes, piece=uploads.PIECE_BYTES)


@pages.patch("/<row:upload>")
@takes(uploads.PIECE_BYTES)
@_told
def append(upload: int) -> Answer:
    """Take a piece: the bytes that begin at `?at=`."""
    at = request.args.get("at", "")
    if not (at.isascii() and at.isdigit() and len(at) < 16):
        raise Conflict("no place was told", detail={"here": uploads.get(conn(), upload).here_bytes})
    piece = request.stream.read(uploads.PIECE_BYTES)
    found = uploads.append(conn(), current.state(), upload, int(at), piece, current.now())
    return jsonify(here=found.here_bytes)


@pages.post("/<row:upload>/finish")
@_told
def finish(upload: int) -> Answer:
    """Make a paper of a file that is here as a whole; asked again, tell of the one that was made."""
    try:
        with uploads.whole(conn(), current.state(), upload) as draft:
            if draft:
                documents.keep(draft, uploads.get(conn(), upload).wanted, current.now(), upload)
                events.record(conn(), "upload.finished", current.now(), upload=upload)
    except Conflict as error:
        if "here" not in error.detail:
            uploads.remove(conn(), current.state(), upload)
        raise
    return jsonify(url=url_for("documents.one", paper=uploads.get(conn(), upload).became))


@pages.post("/<row:upload>/remove")
def remove(upload: int) -> AnyResponse:
    """Forget a file on its way."""
    name = uploads.get(conn(), upload).name
    uploads.remove(conn(), current.state(), upload)
    with transaction(conn()):
        audit.record(conn(), who(), "upload.removed", name, current.now())
    flash(gettext("Done."), "done")
    return redirect(url_for("documents.show"), 303)


@pages.post("/plain")
@takes(MOST_PLAIN_BYTES)
def plain() -> AnyResponse | tuple[str, int]:
    """Take the files of the plain form, each for itself: what is wrong with one stops no other."""
    sent = [each for each in request.files.getlist("file") if each.filename]
    problems = [] if sent else [("file", str(gettext("Please fill in this field.")))]
    several = len(sent) > 1 and not request.form.get("paper")
    for each in sent:
        try:
            _keep(each, several=several)
        except InvalidInput as error:
            problem = i18n.message(error)
            problems.append((error.field, f"{each.filename}: {problem}" if several else problem))
        finally:
            each.close()
    number = request.form.get("paper", "")
    if problems:
        typed = documents.typed(problems[0][0], " ".join(problem for _, problem in problems))
        return (
            documents.page_of(int(number), typed) if documents.NUMBER.fullmatch(number) else documents.page(typed)
        ), 422
    flash(gettext("It is on the shelf now."), "done")
    return redirect(url_for("documents.one", paper=number) if number else url_for("documents.show"), 303)


def _keep(sent: FileStorage, *, several: bool) -> None:
    said = documents.wanted(sent.filename or "")
    title = documents.title_from(sent.filename or "") if several else said.title
    said = uploads.Wanted(title, said.category, said.language, said.members_only, said.of_paper)
    size = sent.stream.seek(0, 2)
    sent.stream.seek(0)
    try:
        with papers.drafted(current.state(), sent.stream, size, _spare_bytes()) as draft:
            documents.keep(draft, said, current.now())
    except Conflict as error:
        raise InvalidInput("The paper has this very file already.", "file") from error
    except NoSpace as error:
        raise InvalidInput("The card has no room for it. Make room first, then go on.", "file") from error


def _same_bytes() -> str:
    return str(gettext("The paper has this very file already."))


def _no_room() -> str:
    return str(gettext("The card has no room for it. Make room first, then go on."))


def _spare_bytes() -> int:
    return current.config().sync.spare_bytes
