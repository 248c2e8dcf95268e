"""The search: one box over lessons, papers, notices, the board and all books, and titles while one types.

True always: what was typed is words and never syntax; a question takes a limited time, of the database and of the
books, and what was not looked at is told; nothing is found that this phone may not open now.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field

from flask import Blueprint, Response, jsonify, render_template, request

from kiosk.portal import book_search, counting, membership, search_results
from kiosk.portal.search_results import Result
from kiosk.store import board_settings, books, notices, own_notices, search
from kiosk.store.board_settings import BoardIs
from kiosk.store.search import Asked, TooSlow
from kiosk.store.search_words import MOST_QUESTION, tidy, words
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages

FIRST, MORE = 4, 10
"""Results of a group on the first page, and on a page of that group alone."""
MOST_PAPERS = 500
RANKING_SECONDS, HASTY_SECONDS, SUGGESTING_SECONDS = 0.8, 0.4, 0.2
BOOKS_SECONDS = 1.2
NAMED_BOOKS = 2
SUGGESTED = 7
SUGGESTIONS_KEPT = 60
NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)
SECTIONS = ("courses", "documents", "notices", "board", "library")
"""What is searched."""

pages = Blueprint("search", __name__, url_prefix="/search")


@dataclass
class Group:
    """What was found of a kind. `more` is the place to go on from, "" when that is all."""

    results: list[Result] = field(default_factory=list)
    more: str = ""


@dataclass
class Answer:
    """What was found, by section; whether not all was looked at, whether all books are indexed that can be, and whether
    one is broken.
    """

    groups: dict[str, Group]
    hasty: bool = False
    books_indexed: bool = True
    book_broken: bool = False


@pages.get("")
def show() -> str:
    """Show the box, and what was found for `?q=`; `?in=` shows one section from the place `?from=` on."""
    question = tidy(request.args.get("q", "")[:MOST_QUESTION])
    section = request.args.get("in", "")
    section = section if section in SECTIONS else ""
    found = words(question)
    answer = _answer(_asked(found), section) if found else Answer({})
    groups = {name: group for name, group in answer.groups.items() if group.results}
    if found and not section:
        counting.searched(found, found=bool(groups) or answer.hasty or not answer.books_indexed)
    return render_template("search.html", question=question, words=found, groups=groups, answer=answer, section=section)


@pages.get("/suggest")
def suggest() -> Response:
    """Answer `?q=` with titles that begin so, as JSON: a list of pairs of title and address. Only what all may open."""
    found = words(request.args.get("q", ""))
    pairs: dict[str, str] = {}
    asked = _asked(found, member=False)
    with suppress(TooSlow), search.limited(conn(), SUGGESTING_SECONDS):
        if found:
            for text in search.titles(conn(), asked, SUGGESTED):
                pairs.setdefault(text.title, search_results.address(conn(), asked, text))
            for paper in search.in_papers(conn(), asked, SUGGESTED, titles_only=True):
                pairs.setdefault(paper.title, search_results.paper_address(conn(), paper))
            for page in _titles_of_books(asked, SUGGESTED - len(pairs)):
                pairs.setdefault(page.title, search_results.page_address(page))
            for post in search.threads(conn(), asked, SUGGESTED) if _board_is_shown() else ():
                pairs.setdefault(post.title, search_results.post_address(post))
    response = jsonify(list(pairs.items())[:SUGGESTED])
    response.headers["Cache-Control"] = f"private, max-age={SUGGESTIONS_KEPT}"
    response.vary.add("Cookie")
    return response


def _titles_of_books(asked: Asked, limit: int) -> list[book_search.Page]:
    shelf = books.all_of(conn(), asked.generation)
    return book_search.titles(shelf, current.state(), asked, limit=limit, seconds=SUGGESTING_SECONDS)


def _asked(found: tuple[str, ...], *, member: bool = True) -> Asked:
    signed_in = member and membership.signed_in() is not None
    return Asked(found, current.generation(), current.today(), content_languages(), signed_in)


def _board_is_shown() -> bool:
    return board_settings.read(conn()).state is not BoardIs.OFF


def _answer(asked: Asked, section: str) -> Answer:
    start = request.args.get("from", "")
    place = int(start) if NUMBER.fullmatch(start) else 0
    limit = MORE if section else FIRST
    answer = Answer({name: Group() for name in SECTIONS if section in ("", name)})
    if section != "board":
        _add_packs(answer, asked, section, limit, place)
    if "board" in answer.groups and _board_is_shown():
        _add_board(answer, asked, limit, place)
    if "library" in answer.groups:
        _add_pages(answer, asked, limit, place)
    return answer


def _add_packs(answer: Answer, asked: Asked, section: str, limit: int, place: int) -> None:
    papers = _papers(answer, asked) if "documents" in answer.groups else []
    here = papers[place : place + limit + 1]
    start = max(0, place - len(papers)) if section == "documents" else place
    for text in _packs(answer, asked, section, limit + 1, start):
        answer.groups[text.section].results.append(search_results.of_text(conn(), asked, text))
    if "documents" in answer.groups:
        found = answer.groups["documents"].results
        added = [search_results.of_paper(conn(), asked, paper) for paper in here]
        answer.groups["documents"].results = added + found
    for name in ("courses", "documents", "notices"):
        if name in answer.groups:
            _cut(answer.groups[name], limit, place)
    if "notices" in answer.groups and not place:
        written = own_notices.found(conn(), asked.day, asked.words)[:limit]
        own = [search_results.of_notice(notices.written(*each), each[1].text, asked) for each in written]
        answer.groups["notices"].results = own + answer.groups["notices"].results


def _cut(group: Group, limit: int, place: int) -> None:
    if len(group.results) > limit:
        group.results, group.more = group.results[:limit], str(place + limit)


def _packs(answer: Answer, asked: Asked, section: str, limit: int, place: int) -> list[search.Found]:
    for ranked, seconds in ((True, RANKING_SECONDS), (False, HASTY_SECONDS)):
        with suppress(TooSlow), search.limited(conn(), seconds):
            return search.in_packs(conn(), asked, limit, section=section, start=place, ranked=ranked)
        answer.hasty = True
    return []


def _papers(answer: Answer, asked: Asked) -> list[search.FoundPaper]:
    with suppress(TooSlow), search.limited(conn(), HASTY_SECONDS):
        return search.in_papers(conn(), asked, MOST_PAPERS)
    answer.hasty = True
    return []


def _add_board(answer: Answer, asked: Asked, limit: int, before: int) -> None:
    group = answer.groups["board"]
    with suppress(TooSlow), search.limited(conn(), HASTY_SECONDS):
        posts, cursor = search.on_board(conn(), asked, limit, before or None)
        group.results = [search_results.of_post(conn(), asked, post) for post in posts]
        group.more = str(cursor or "")
        return
    answer.hasty = True


def _add_pages(answer: Answer, asked: Asked, limit: int, place: int) -> None:
    group, shelf, state = answer.groups["library"], books.all_of(conn(), asked.generation), current.state()
    # Books with the words in their titles stand before pages in books, once, and are not counted.
    named = [] if place else group.results[:NAMED_BOOKS]
    found = book_search.find(shelf, state, asked, limit=limit, start=place, seconds=BOOKS_SECONDS)
    answer.hasty |= not found.whole
    answer.books_indexed, answer.book_broken = found.indexed, found.broken
    group.results = named + [search_results.of_page(page) for page in found.found]
    group.more = str(place + limit) if found.more else ""
