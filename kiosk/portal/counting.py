"""What is counted of what the portal and the library answer. Why so: docs/decisions/0018-counting.md.

True always: no cookie, address or number of a phone is looked at; what is not a page for a person, such as the
question of a machine whether it is online, counts as nothing.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from kiosk.clock import Reading, Timekeeper
from kiosk.portal.tally import Tally
from kiosk.store.counts import Kind
from kiosk.web import current

SECTIONS = {
    "home": "home", "courses": "courses", "courses_record": "courses", "library": "library", "documents": "documents",
    "papers": "documents", "notices": "notices", "board": "board", "board_posts": "board",
    "board_attachments": "board", "search": "search", "members": "other", "help": "other", "about": "other",
    "languages": "other",
}  # fmt: skip
"""Under which section the pages of a blueprint count."""
READ = {"courses.lesson": "course", "notices.show": "notice", "papers.words": "document", "papers.words_added": "paper"}
"""Pages on which an item is read, and how what was read is named."""
MACHINE = re.compile(
    r"bot\b|crawl|spider|curl|wget|python|okhttp|dalvik|libwww|java/|go-http|captivenetwork|ncsi", re.IGNORECASE
)
"""What the user agents of programs have that nobody reads with."""
RANGE = re.compile(r"bytes 0-(\d+)/")
WELCOME = "/welcome"


def install(app: Flask, timekeeper: Timekeeper | None, *, watches: bool) -> None:
    """Tie a tally to a site of the kiosk.

    Args:
        timekeeper: what the machine says of the time; without one the site's clock is believed.
        watches: whether it counts the minutes in which the kiosk is on.
    """
    site = current.site_of(app)
    asked = timekeeper or (lambda: Reading(site.clock(), vouched=True))
    app.extensions["kiosk-tally"] = Tally(site.state, site.config.time_zone, asked, watches=watches)


def tally_of(app: Flask) -> Tally:
    """Return the tally that was tied to an application."""
    found: Tally = app.extensions["kiosk-tally"]
    return found


def tally() -> Tally:
    """Return the tally of the site that answers."""
    return tally_of(current_app)


def count_answer(response: Response) -> Response:
    """Count an answer of the portal, if it is a page that a person asked for."""
    section = SECTIONS.get(request.blueprint or "")
    if section and response.status_code == 200 and response.mimetype == "text/html":
        page(section, _read())
    return response


def page(section: str, what: str = "") -> None:
    """Count a page, and what is read on it."""
    if not _is_for_a_person():
        return
    tally().count(Kind.PAGES, section)
    if _begins_a_visit():
        tally().count(Kind.VISITS)
    if what:
        tally().count(Kind.READ, what)


def file(response: AnyResponse, section: str, what: str = "") -> None:
    """Count a file that was opened or taken home, once however many pieces a player asks for."""
    if _is_for_a_person() and _has_the_beginning(response):
        tally().count(Kind.FILES, section)
        if what:
            tally().count(Kind.READ, what)


def searched(words: tuple[str, ...], *, found: bool) -> None:
    """Count a search, and hold the words that found nothing until it is sure that they may be kept."""
    if _is_for_a_person():
        tally().count(Kind.SEARCHES)
        if not found:
            tally().missed(words)


def _read() -> str:
    kind, place = READ.get(request.endpoint or ""), request.view_args or {}
    if kind is None or request.query_string:  # answers to questions, and the second page of a paper
        return ""
    return f"{kind}:{place['paper']}" if kind == "paper" else f"{kind}:{place['pack']}/{place['item']}"


def _is_for_a_person() -> bool:
    told = request.headers.get
    ahead = "prefetch" in told("Purpose", "") + told("Sec-Purpose", "") + told("X-Moz", "")
    agent = told("User-Agent", "")
    return request.method == "GET" and bool(agent) and not ahead and not MACHINE.search(agent)


def _begins_a_visit() -> bool:
    """Tell whether the visitor comes from no other page of ours, or from the one on which OK is pressed."""
    config = current.config()
    ours = (config.portal.url, config.library.url, config.captive.https_url or "", request.host_url)
    try:
        came = urlsplit(request.headers.get("Referer", ""))
        return came.path == WELCOME or came.hostname not in {urlsplit(url).hostname for url in ours if url}
    except ValueError:
        return True


def _has_the_beginning(response: AnyResponse) -> bool:
    if response.status_code != 206:
        return response.status_code == 200
    match = RANGE.match(response.headers.get("Content-Range", ""))
    return match is not None and int(match[1]) > 1  # some players ask for two bytes first
