"""What holds on every page of the board: whether it is open, how much one may send, and the words of its parts."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import gettext

from kiosk.errors import InvalidInput
from kiosk.store import bans, board_settings, limits
from kiosk.store.board_settings import BoardIs
from kiosk.store.db import Connection
from kiosk.store.sections import Section
from kiosk.web import current, phone
from kiosk.web.board_words import SECTIONS
from kiosk.web.db import conn
from kiosk.web.words import minutes


def check_open() -> tuple[str, int] | None:
    """Answer in the board's place when the operator has switched it off, or lets it only be read."""
    state = board_settings.read(conn()).state
    if state is BoardIs.OFF:
        return _closed(gettext("The board is not open now."))
    if state is BoardIs.READ_ONLY and (request.method == "POST" or request.endpoint == "board.new"):
        return _closed(gettext("The board can only be read now."))
    return None


def check_phone() -> None:
    """Refuse what a phone writes while it is banned. Raises InvalidInput."""
    known = phone.known()
    if known and bans.is_banned(conn(), phone.hashed(known), current.today()):
        raise InvalidInput("This phone can not write to the board for some days. Talk to the people of the telecenter.")


def wait(connection: Connection, act: str = "write") -> int:
    """Count one sending of this phone and its address, or return how many seconds to wait."""
    wishes = board_settings.read(connection)
    senders = {
        phone.hashed(f"{act} phone {phone.phone()}"): wishes.phone_an_hour,
        phone.hashed(f"{act} address {phone.address()}"): wishes.address_an_hour,
    }
    return limits.wait(connection, senders, current.now())


def wait_words(seconds: int) -> str:
    """Return how long to wait, as a sentence."""
    return str(gettext("You have sent a lot. Please send this again in %(time)s.", time=minutes(-(-seconds // 60))))


def section_icon(section: Section) -> str:
    """Return the icon of a section; those an operator made have the board's."""
    return section.section if section.section in SECTIONS else "board"


def _closed(text: str) -> tuple[str, int]:
    return render_template("error.html", code=403, heading=gettext("Board"), text=text), 403
