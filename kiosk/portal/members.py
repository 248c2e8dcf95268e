"""Members: signing in with a card and a PIN, signing out, and a member's own page.

True always: the address on a card only shows the form, and nobody is signed in without a PIN; a phone is known by a
random number of its own, which has nothing to do with what it writes on the board.
"""

from __future__ import annotations

import secrets

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from kiosk.errors import InvalidInput, NotFound
from kiosk.portal import membership
from kiosk.portal.membership import COOKIE_TOKEN, press, required_session
from kiosk.store import cards, members, papers, sessions
from kiosk.store.cards import Press
from kiosk.store.db import transaction
from kiosk.store.members import Read
from kiosk.store.papers import Version
from kiosk.store.sessions import SignedIn
from kiosk.web import current, i18n
from kiosk.web.db import conn

PHONE = "card_phone"
"""Where this phone's number lies in its cookie."""
MOST_TYPED = 60

pages = Blueprint("members", __name__, url_prefix="/members")
address_of_card = Blueprint("cards", __name__, url_prefix="/c")


@address_of_card.get("/<token>")
def show(token: str) -> str:
    """Show the form to sign in with a card whose QR code was read. Whether there is such a card is not told."""
    return _form(token=token[:MOST_TYPED])


@pages.get("/sign-in")
def sign_in() -> str:
    """Show the form to sign in, with the cards that this phone knows; `?next=` is where it leads."""
    return _form()


@pages.post("/sign-in")
def enter() -> Response | tuple[str, int]:
    """Sign in, or show the form again."""
    g.for_members = True
    shown, token = _shown(), request.form.get("token", "")[:MOST_TYPED]
    if not shown:
        return _form(token, {"code": gettext("Please fill in this field.")}), 422
    try:
        begun = _begin(press(), shown, request.form.get("pin", ""))
    except InvalidInput as error:
        return _form(token, {error.field: i18n.message(error)}), 422
    if begun is None:
        return _form(token, {"pin": gettext("The card or the PIN is not right.")}), 422
    _tell(begun)
    return redirect(membership.local(request.form.get("next", "")) or url_for("members.own"), 303)


@pages.post("/sign-out")
def sign_out() -> Response:
    """Sign out, on this phone."""
    g.member_session = None
    token = session.pop(COOKIE_TOKEN, None)
    if token:
        with transaction(conn()):
            sessions.end(conn(), str(token))
    flash(gettext("You are signed out."), "done")
    return redirect("/", 303)


@pages.get("")
def own() -> str:
    """Show a member what is kept about them: what they have read, and the phones that their card knows."""
    return _own({})


@pages.post("/pin")
def change_pin() -> Response | tuple[str, int]:
    """Change the PIN; every session of the card ends, and one begins here."""
    found = required_session()
    old, new = request.form.get("old", ""), cards.digits(request.form.get("new", ""))
    try:
        guess = _try(press(), found.phone, old)
        if guess is None:
            return _own({"old": gettext("The card or the PIN is not right.")}), 422
        with transaction(conn()):
            cards.change_pin(conn(), press(), found.member, new)
    except InvalidInput as error:
        return _own({"old" if error.field == "pin" else error.field: i18n.message(error)}), 422
    _begin(press(), found.phone, new)
    flash(gettext("Your PIN is changed."), "done")
    return redirect(url_for("members.own"), 303)


@pages.post("/phones/<row:phone>/forget")
def forget(phone: int) -> Response:
    """Make the card forget a phone, which signs it out there."""
    found = required_session()
    with transaction(conn()):
        sessions.forget(conn(), found.card, phone)
    return redirect(url_for("members.own"), 303)


def _form(token: str = "", problems: dict[str, str] | None = None) -> str:
    g.for_members = True  # it holds what is printed on a card, and names
    token = token or request.args.get("card", "")[:MOST_TYPED]
    phone = str(session.get(PHONE, ""))
    return render_template(
        "sign_in.html",
        token=token,
        known=sessions.known(conn(), press(), phone) if phone and not token else [],
        chosen_card=request.form.get("card", ""),
        typed=request.form.get("code", "")[:MOST_TYPED],
        next=membership.local(request.values.get("next", "")),
        problems=problems or {},
        limits=cards,
    )


def _shown() -> str | int:
    """Return what of a card was shown: the row of a phone that knows it, or the token read, or the code typed."""
    card = request.form.get("card", "")
    if card.isascii() and card.isdigit() and len(card) < 18:
        return int(card)
    return (request.form.get("token", "") or request.form.get("code", ""))[:MOST_TYPED].strip()


def _try(known_cards: Press, shown: str | int, pin: str) -> sessions.Guess | None:
    with transaction(conn()):
        guess = sessions.count_guess(conn(), known_cards, shown, str(session.get(PHONE, "")), current.now())
    # Checked outside a transaction: it takes long by design, and the board must go on being written.
    return guess if guess and sessions.fits(known_cards, guess, pin) else None


def _begin(known_cards: Press, shown: str | int, pin: str) -> SignedIn | None:
    guess = _try(known_cards, shown, pin)
    if guess is None:
        return None
    phone = session.setdefault(PHONE, secrets.token_urlsafe(16))
    with transaction(conn()):
        begun = sessions.sign_in(conn(), known_cards, guess, phone, current.now())
    if begun:
        session[COOKIE_TOKEN] = begun.token
        session.permanent = True
    return begun


def _tell(begun: SignedIn) -> None:
    if begun.new_phones:
        flash(
            gettext("Since you were here, your card was used on another phone. If it was not you, tell the telecenter.")
        )
    if begun.failures:
        flash(
            ngettext(
                "%(num)d wrong PIN was typed for your card elsewhere.",
                "%(num)d wrong PINs were typed for your card elsewhere.",
                begun.failures,
            )
        )


def _own(problems: dict[str, str]) -> str:
    found = required_session()
    read = members.read_by(conn(), found.member)
    shown = papers.shown(conn(), to_members=True)
    for_members = {(paper.paper, paper.newest.version) for paper in shown if paper.members_only}
    return render_template(
        "member.html",
        who=found,
        read=[(each, _version(each)) for each in read],
        all_papers=len(for_members),
        read_papers=len(for_members & {(each.paper, each.version) for each in read}),
        phones=cards.get(conn(), found.card).phones,
        problems=problems,
        limits=cards,
    )


def _version(read: Read) -> Version | None:
    try:
        versions = papers.get(conn(), read.paper).versions
    except NotFound:
        return None
    return next((each for each in versions if each.version == read.version), None)
