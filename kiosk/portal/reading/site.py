"""The library's site: pages of books, the search in a book, and the ways back.

Owns: every address of the library's origin. `/content/BOOK/PATH` is a page or file of a book, whatever the version of
kiwix-serve calls it; addresses as kiwix-serve had them lead there. True always: a page that is not here, or a service
that is down, is told in the visitor's language.
"""

from __future__ import annotations

import re

from flask import Blueprint, Flask, render_template, request, url_for
from flask_babel import gettext
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from kiosk.clock import Clock, Timekeeper, system_clock
from kiosk.config import Config, Site
from kiosk.errors import NotFound
from kiosk.portal import book_search, counting
from kiosk.portal.book_search import Pages
from kiosk.portal.reading import passing, titles
from kiosk.portal.reading.service import ServiceDown
from kiosk.portal.reading.titles import Title, Titles
from kiosk.store import books
from kiosk.store.search import Asked
from kiosk.store.search_words import excerpt, marked, words
from kiosk.web import current
from kiosk.web.app import create_site
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages
from kiosk.web.languages import make_pages

RETRY_SECONDS = 10
HITS_A_PAGE = 20
MOST_LETTERS = 200
SEARCH_SECONDS = 2.0

pages = Blueprint("reading", __name__)


def create_library(
    config: Config, kiwix: Site, clock: Clock = system_clock, timekeeper: Timekeeper | None = None
) -> Flask:
    """Return the library's site as a WSGI application; to be made before kiwix-serve is started.

    Args:
        kiwix: where kiwix-serve listens, on this machine only.
        timekeeper: what the machine says of the time, by which is counted; None: the clock is believed.
    """
    app = create_site("portal.reading", config, clock, title=config.name)
    Titles(kiwix, current.site_of(app).state.current_number()).install(app)
    app.context_processor(lambda: {"shelf_url": f"{config.portal.url}/library"})
    counting.install(app, timekeeper, watches=False)
    app.register_blueprint(pages)
    app.register_blueprint(make_pages(list))
    app.register_error_handler(ServiceDown, _down)
    return app


@pages.get("/")
def front() -> Response:
    """Lead to the shelf, which is the portal's."""
    return redirect(f"{current.config().portal.url}/library", 302)


@pages.get("/content/<book>/")
@pages.get("/content/<book>/<path:path>")
def read(book: str, path: str = "") -> Response:
    """Show a page of a book, or send a file of it; without a path, lead to the book's first page."""
    answer = passing.send(book, path)
    if passing.is_a_page(answer):
        counting.page("library", f"book:{book}")
    return answer


@pages.get("/search")
def search() -> str:
    """Show what is found in a book."""
    title = titles.asked_for(request.args)
    if title is None:
        raise NotFound("there is no such book")
    pattern = " ".join(request.args.get("pattern", "").split())[:MOST_LETTERS]
    asked = request.args.get("from", "")
    first = int(asked) if re.fullmatch(r"\d{1,5}", asked) else 0
    found = _found(title, words(pattern), first)
    counting.page("library")
    hits = [(page.path, marked(page.title, page.marks), excerpt(page.text, page.marks)) for page in found.found]
    return render_template(
        "search.html", title=title, pattern=pattern, found=found, hits=hits, first=first, each=HITS_A_PAGE,
        most=MOST_LETTERS,
    )  # fmt: skip


def _found(title: Title, wanted: tuple[str, ...], first: int) -> Pages:
    if not wanted:
        return Pages()
    number = current.generation()
    shelf = [book for book in books.all_of(conn(), number) if book.item.attributes["uuid"] == title.uuid]
    asked = Asked(wanted, number, current.today(), content_languages(), member=False)
    found = book_search.find(shelf[:1], current.state(), asked, limit=HITS_A_PAGE, start=first, seconds=SEARCH_SECONDS)
    found.indexed &= bool(shelf)
    return found


@pages.get("/catalog/<path:path>")
@pages.get("/raw/<path:path>")
def service_itself(path: str = "") -> Response:
    """Pass on what kiwix-serve says to programs: its catalogue, and what books say of themselves."""
    return passing.pass_on()


@pages.get("/<book>")
@pages.get("/<book>/<path:path>")
def as_it_was(book: str, path: str = "") -> Response:
    """Lead an address of older kiwix-serves, without `/content`, to the page it means."""
    titles.wanted(book)
    return redirect(url_for("reading.read", book=book, path=path), 302)


def _down(_error: ServiceDown) -> tuple[str, int, dict[str, str]]:
    heading = gettext("Something went wrong on the kiosk")
    text = gettext(
        "The library service is not running on this kiosk, so books can not be opened right now. They can still be "
        "taken home. Please tell the people of the telecenter."
    )
    page = render_template("error.html", code=503, heading=heading, text=text)
    return page, 503, {"Retry-After": str(RETRY_SECONDS)}
