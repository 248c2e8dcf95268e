"""Members: the list, adding one or many, their cards to print, and who has read a paper.

True always: a PIN is shown on the answer to the act that made it, and never again; no card is printed with its PIN.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from kiosk.console.session import who
from kiosk.errors import FormatError, HostError, InvalidInput, NotFound
from kiosk.host import rsvg
from kiosk.store import audit, cards, members, papers, roll
from kiosk.store.cards import Card, Press
from kiosk.store.db import transaction
from kiosk.store.members import Member
from kiosk.store.roll import Taken
from kiosk.web import card as picture
from kiosk.web import current, i18n, names
from kiosk.web.card import Face
from kiosk.web.db import conn

MOST_SHEETS = 50
"""In one PDF: as many as lines of a CSV have cards, some seconds on the smallest kiosk."""

pages = Blueprint("members", __name__, url_prefix="/members")


@pages.get("")
def show() -> str:
    """Show all members, with what there is to know of their cards."""
    return _page()


@pages.post("")
def add() -> str | tuple[str, int]:
    """Add a member with a card and show the PIN, this once."""
    name, typed = request.form.get("name", ""), request.form.get("number", "").strip()
    try:
        wanted = roll.number_in(typed)
        with transaction(conn()):
            number, pin = roll.enrol(conn(), _press(), name, current.now(), wanted)
            _record("member.added", f"№ {number}")
    except InvalidInput as error:
        return _page({error.field: i18n.message(error)}, name, typed), 422
    return _report([Taken(0, number, members.get(conn(), number).name, "added", pin=pin)])


@pages.post("/import")
def take() -> str | tuple[str, int]:
    """Take the members of a CSV file and tell line by line what became of it, with the new PINs, this once."""
    sent = request.files.get("file")
    try:
        found = roll.rows(sent.read().decode("utf-8-sig") if sent else "")
    except (FormatError, UnicodeDecodeError):
        problem = gettext("This is not a CSV file in UTF-8 whose first line is: number,name")
        return _page({"file": problem}), 422
    told = roll.take(conn(), _press(), found, current.now())
    with transaction(conn()):
        _record("member.imported", str(sum(each.what == "added" for each in told)))
    return _report(told)


@pages.get("/<row:member>")
def one(member: int) -> str:
    """Show a member: the card, and what was read of what is for members only."""
    found = members.get(conn(), member)
    titles = {each.paper: each.versions[0].title for each in papers.all_of(conn())}
    return render_template(
        "member.html", member=found, card=_newest(found), reads=members.read_by(conn(), member), titles=titles
    )


@pages.post("/<row:member>/reissue")
def reissue(member: int) -> str:
    """Make a new card and show its PIN, this once; the old one opens nothing any more."""
    pin = cards.random_pin()
    with transaction(conn()):
        cards.issue(conn(), _press(), member, pin, current.now())
        _record("card.issued", f"№ {member}")
    return _report([Taken(0, member, members.get(conn(), member).name, "added", pin=pin)])


@pages.post("/<row:member>/revoke")
def revoke(member: int) -> Response:
    """Make a card open nothing any more."""
    members.get(conn(), member)
    with transaction(conn()):
        cards.revoke(conn(), member, current.now())
        _record("card.revoked", f"№ {member}")
    flash(gettext("The card opens nothing any more."), "done")
    return redirect(url_for("members.one", member=member), 303)


@pages.post("/<row:member>/unlock")
def unlock(member: int) -> Response:
    """Take PINs again for a card that was locked."""
    with transaction(conn()):
        cards.unlock(conn(), member)
        _record("card.unlocked", f"№ {member}")
    flash(gettext("Done."), "done")
    return redirect(url_for("members.one", member=member), 303)


@pages.get("/cards")
def sheets() -> str:
    """Show the valid cards to print, ten a page: `?m=` chooses members, without it all are there."""
    wanted = _wanted()
    # Every text in a drawing is escaped where it is drawn.
    drawn = [[Markup(picture.svg(face)) for face in sheet] for sheet in _sheets(wanted)]  # noqa: S704
    return render_template("cards.html", sheets=drawn, wanted=sorted(wanted), as_pdf=rsvg.is_installed())


@pages.get("/cards.pdf")
def pdf() -> Response:
    """Send the cards of `sheets` as a PDF, for a printer elsewhere."""
    found = _sheets(_wanted())
    if not found:
        return redirect(url_for("members.sheets"), 303)
    if len(found) > MOST_SHEETS:
        flash(gettext("Please tick at most %(number)s members.", number=MOST_SHEETS * picture.A_SHEET), "problem")
        return redirect(url_for("members.show"), 303)
    try:
        made = rsvg.pdf([picture.sheet(sheet) for sheet in found])
    except HostError as error:
        flash(gettext("The machine did not do it: %(reason)s.", reason=error.message), "problem")
        return redirect(url_for("members.sheets"), 303)
    response = Response(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="cards-{current.today()}.pdf"'
    return response


@pages.get("/readers/<row:paper>")
def readers(paper: int) -> str:
    """Show which members have read a paper."""
    found = papers.get(conn(), paper)
    return render_template("readers.html", title=found.versions[0].title, readers=roll.readers(conn(), paper))


def _page(problems: dict[str, str] | None = None, name: str = "", number: str = "") -> str:
    return render_template(
        "members.html",
        members=[(each, _newest(each)) for each in members.all_of(conn())],
        papers=[each for each in papers.all_of(conn()) if each.members_only],
        problems=problems or {},
        name=name,
        number=number,
        most_name=members.MOST_NAME,
        as_pdf=rsvg.is_installed(),
    )


def _report(told: list[Taken]) -> str:
    words = {
        "added": gettext("has a card"),
        "renamed": gettext("has another name now"),
        "same": gettext("was there already"),
        "refused": gettext("was not taken"),
    }
    problems = {each.line: gettext(each.problem) for each in told if each.problem}
    return render_template("members_report.html", told=told, words=words, problems=problems)


def _newest(member: Member) -> Card | None:
    return next(iter(cards.all_of(conn(), member.member)), None)


def _faces(member: Member) -> list[Face]:
    try:
        printed = cards.printed(conn(), _press(), member.member)
    except NotFound:
        return []
    config = current.config()
    return [Face(names.kiosk(), config.portal.url, member.name, member.member, printed.token, printed.code)]


def _wanted() -> set[int]:
    return {int(text) for text in request.args.getlist("m") if text.isascii() and text.isdigit() and len(text) < 10}


def _sheets(wanted: set[int]) -> list[list[Face]]:
    faces = [face for each in members.all_of(conn()) if not wanted or each.member in wanted for face in _faces(each)]
    return [faces[at : at + picture.A_SHEET] for at in range(0, len(faces), picture.A_SHEET)]


def _press() -> Press:
    return Press(cards.secret(conn(), current.state()))


def _record(kind: str, detail: str) -> None:
    audit.record(conn(), who(), kind, detail, current.now())
