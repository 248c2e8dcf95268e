"""Help in pictures: how to get in, and what to do with what is here, one drawing and one sentence each.

True always: it asks for nothing, needs no script, and reads in order where no picture is shown.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, render_template

from kiosk.store import board_settings
from kiosk.store.board_settings import BoardIs
from kiosk.web import current
from kiosk.web.db import conn

pages = Blueprint("help", __name__, url_prefix="/help")


@pages.get("")
def show() -> str:
    """Show the pictures; the board's only while it takes messages."""
    return render_template(
        "help.html",
        address=urlsplit(current.config().portal.url).netloc,
        writable=board_settings.read(conn()).state is BoardIs.OPEN,
    )
