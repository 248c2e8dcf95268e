"""Notices that operators write: the list, and one with its days and what it says, language by language.

True always: what was typed is never lost to a mistake in another field; a recording is kept as a sound of our own
making, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kiosk.console import documents
from kiosk.console.bodies import takes
from kiosk.console.session import who
from kiosk.errors import InvalidInput, NotFound
from kiosk.host.conversion import Converter
from kiosk.store import audit, own_notices, papers
from kiosk.store.db import transaction
from kiosk.store.own_notices import Days, Text
from kiosk.web import current, i18n
from kiosk.web.db import conn

MOST_SENT_BYTES = 24_000_000
"""Of a form with a recording, as phones make them."""
SHOWN = timedelta(days=14)
"""How long a notice is shown unless its writer says otherwise."""

pages = Blueprint("notices", __name__, url_prefix="/notices")
_converter = Converter()


@dataclass(frozen=True)
class Typed:
    """What was typed into a form, and what is wrong with it, by field. Days are as the browser wrote them."""

    language: str = ""
    title: str = ""
    text: str = ""
    starts: str = ""
    ends: str = ""
    pinned: bool = False
    problems: dict[str, str] = field(default_factory=dict)


@pages.get("")
def show() -> str:
    """Show all notices, and the form for a new one."""
    today = current.today()
    return _page(Typed(starts=today.isoformat(), ends=(today + SHOWN).isoformat()))


@pages.post("")
@takes(MOST_SENT_BYTES)
def add() -> AnyResponse | tuple[str, int]:
    """Add a notice with its first text."""
    try:
        text, days, sound = _text(), _days(), _sound()
        with transaction(conn()):
            notice = own_notices.add(conn(), current.state(), days, text, sound)
            _record("notice.added", notice)
    except InvalidInput as error:
        return _page(_typed(error)), 422
    own_notices.prune(conn(), current.state())  # what a cut left
    flash(gettext("It is announced from the first day to the last."), "done")
    return redirect(url_for("notices.one", notice=notice), 303)


@pages.get("/<row:notice>")
def one(notice: int) -> str:
    """Show a notice with all it says, to be changed."""
    return _page_of(notice)


@pages.post("/<row:notice>/days")
def set_days(notice: int) -> AnyResponse | tuple[str, int]:
    """Change when a notice is shown."""
    try:
        with transaction(conn()):
            own_notices.set_days(conn(), notice, _days())
            _record("notice.changed", notice)
    except InvalidInput as error:
        return _page_of(notice, _typed(error)), 422
    return _done(notice)


@pages.post("/<row:notice>/texts")
@takes(MOST_SENT_BYTES)
def write(notice: int) -> AnyResponse | tuple[str, int]:
    """Write what a notice says in a language; with `act` "remove" it says nothing in it any more."""
    own_notices.get(conn(), notice)
    try:
        sound = _sound()
        if sound is None and request.form.get("silent"):
            sound = b""
        with transaction(conn()):
            if request.form.get("act") == "remove":
                own_notices.remove_text(conn(), notice, request.form.get("language", ""))
            else:
                own_notices.write(conn(), current.state(), notice, _text(), sound)
            _record("notice.changed", notice)
    except InvalidInput as error:
        return _page_of(notice, _typed(error)), 422
    own_notices.prune(conn(), current.state())
    return _done(notice)


@pages.post("/<row:notice>/end")
def end(notice: int) -> AnyResponse:
    """Take a notice down."""
    with transaction(conn()):
        own_notices.end(conn(), notice, current.now())
        _record("notice.ended", notice)
    return _done(notice)


@pages.post("/<row:notice>/resume")
def resume(notice: int) -> AnyResponse:
    """Show a notice again that was taken down."""
    with transaction(conn()):
        own_notices.resume(conn(), notice)
        _record("notice.resumed", notice)
    return _done(notice)


@pages.get("/<row:notice>/<language>/sound")
def sound(notice: int, language: str) -> Response:
    """Send a recording."""
    for text in own_notices.get(conn(), notice).texts:
        file = own_notices.path(current.state(), text.sound)
        if text.language == language and text.sound and file.is_file():
            response = send_file(file, mimetype="audio/mpeg", conditional=True)
            response.headers["Content-Security-Policy"] = "default-src 'none'; media-src 'self'"
            return response
    raise NotFound(f"notice {notice} has no recording in {language}")


def _text() -> Text:
    form = request.form
    return Text(form.get("language", ""), form.get("title", ""), form.get("text", ""))


def _days() -> Days:
    days = []
    for name in ("starts", "ends"):
        try:
            days.append(date.fromisoformat(request.form.get(name, "")))
        except ValueError as error:
            raise InvalidInput("Please write the day like this: 2026-12-31.", name) from error
    return Days(days[0], days[1], bool(request.form.get("pinned")))


def _sound() -> bytes | None:
    sent = request.files.get("sound")
    if sent is None or not sent.filename:
        return None
    try:
        return _converter.voice(sent.stream).data
    except InvalidInput as error:
        error.field = "sound"  # as it is called on this page
        raise
    finally:
        sent.close()


def _typed(error: InvalidInput) -> Typed:
    form = request.form
    return Typed(
        form.get("language", ""), form.get("title", ""), form.get("text", ""), form.get("starts", ""),
        form.get("ends", ""), bool(form.get("pinned")), {error.field: i18n.message(error)},
    )  # fmt: skip


def _page(typed: Typed) -> str:
    today, found = current.today(), own_notices.all_of(conn())
    over = [each for each in found if each.ended_at or each.days.ends < today]
    shown = [each for each in found if each not in over]
    return render_template("notices.html", shown=shown, over=over, today=today, typed=typed, **_choices())


def _page_of(notice: int, typed: Typed | None = None) -> str:
    found = own_notices.get(conn(), notice)
    is_of_days = request.endpoint == "notices.set_days"
    days = typed if typed and is_of_days else _of(found.days)
    texts = [
        Typed(each.language, each.title, each.text) if is_of_days or not typed or typed.language != each.language
        else typed
        for each in found.texts
    ]  # fmt: skip
    known = {each.language for each in found.texts}
    another = typed if typed and not is_of_days and typed.language not in known else Typed()
    return render_template(
        "notice.html", notice=found, days=days, texts=list(zip(found.texts, texts, strict=True)), another=another,
        today=current.today(), **_choices(),
    )  # fmt: skip


def _of(days: Days) -> Typed:
    return Typed(starts=days.starts.isoformat(), ends=days.ends.isoformat(), pinned=days.pinned)


def _choices() -> dict[str, object]:
    return {
        "languages": documents.languages(),
        "hears": _converter.hears(),
        "most_title": papers.MOST_TITLE,
        "most_text": own_notices.MOST_TEXT,
    }


def _done(notice: int) -> AnyResponse:
    flash(gettext("Done."), "done")
    return redirect(url_for("notices.one", notice=notice), 303)


def _record(kind: str, notice: int) -> None:
    audit.record(conn(), who(), kind, own_notices.get(conn(), notice).texts[0].title, current.now())
