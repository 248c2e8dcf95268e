"""The library: the shelf of books, which kiwix-serve opens on an origin of its own.

True always: the shelf is shown, and every book can be taken home, also while kiwix-serve is down.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request

from kiosk.errors import NotFound
from kiosk.portal import files, kiwix
from kiosk.portal.translations import Choice, choose
from kiosk.store import book_index, books
from kiosk.store.books import Book
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages
from kiosk.web.security import policy
from kiosk.web.words import SUBJECTS

ANY_BOOK = (Path(__file__).parent / "static" / "book.svg").read_bytes()

pages = Blueprint("library", __name__, url_prefix="/library")


@pages.get("")
def shelf() -> Response:
    """Show the shelf by subject, with `?in=` only what is there in one language.

    Its search forms go to the library's origin, so this page's policy allows that.
    """
    found = books.all_of(conn(), current.generation())
    languages = sorted({book.item.language for book in found})
    asked = request.args.get("in", "")
    only = asked if asked in languages else ""
    choices = choose((book for book in found if only in ("", book.item.language)), content_languages())
    library, state = current.config().library, current.state()
    page = render_template(
        "library.html",
        shelves=by_subject(choices),
        languages=languages,
        only=only,
        open_books=kiwix.open_books(library) if found else {},
        broken={book.name for book in found if book_index.is_refused(state, book.sha256)},
        library_url=library.url,
    )
    response = make_response(page)
    parts = urlsplit(library.url)
    response.headers["Content-Security-Policy"] = policy(f"{parts.scheme}://{parts.netloc}")
    return response


def by_subject(choices: list[Choice[Book]]) -> dict[str, list[Choice[Book]]]:
    """Return the books by subject, in the order of the subjects; empty ones are left out."""
    found = {name: [choice for choice in choices if choice.shown.subject == name] for name in SUBJECTS}
    return {name: each for name, each in found.items() if each}


@pages.get("/cover/<uuid:book>")
def cover(book: UUID) -> Response:
    """Send the picture that a book brings of itself, for those whose pack has none beside it; else one of any book."""
    library = current.config().library
    opened = (kiwix.open_books(library) or {}).get(str(book))
    if opened is None:
        raise NotFound(f"the library does not serve the book {book}")
    picture = kiwix.cover(library, opened.name)
    response = Response(picture or ANY_BOOK, content_type="image/png" if picture else "image/svg+xml")
    response.headers["Content-Security-Policy"] = files.ALONE
    response.headers["Cache-Control"] = f"max-age={files.KEPT_SECONDS}"
    return response
