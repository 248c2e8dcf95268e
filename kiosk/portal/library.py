"""The library: the shelf of books, which kiwix-serve opens on an origin of its own.

True always: the shelf is shown, and every book can be taken home, also while kiwix-serve is down.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template

from kiosk.portal import kiwix
from kiosk.portal.translations import choose
from kiosk.store import books
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages
from kiosk.web.security import policy

pages = Blueprint("library", __name__, url_prefix="/library")


@pages.get("")
def shelf() -> Response:
    """Show the shelf. Its search forms go to the library's origin, so this page's policy allows that."""
    found = choose(books.all_of(conn(), current.generation()), content_languages())
    library = current.config().library
    page = render_template(
        "library.html",
        choices=found,
        open_books=kiwix.open_books(library) if found else {},
        library_url=library.url,
    )
    response = make_response(page)
    parts = urlsplit(library.url)
    response.headers["Content-Security-Policy"] = policy(f"{parts.scheme}://{parts.netloc}")
    return response
