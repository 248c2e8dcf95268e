"""The first page: what there is, what is new, what is announced, what is talked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, make_response, render_template, url_for

from kiosk.portal import membership, news, visits
from kiosk.portal.news import New
from kiosk.portal.translations import Choice, Translated, choose
from kiosk.store import board_settings, books, courses, documents, notices, papers, threads
from kiosk.store.arrivals import Reach
from kiosk.store.board_settings import BoardIs
from kiosk.store.threads import Thread
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages

SHOWN_NOTICES, SHOWN_THREADS, SHOWN_NEW = 3, 4, 2
"""How many notices and threads are shown, and how many new things of each section."""

pages = Blueprint("home", __name__)


@pages.get("/")
def show() -> Response:
    """Show the first page: to who is here for the first time with a word of welcome, to others with what is new."""
    board, visit, member = board_settings.read(conn()).state, visits.begin(), membership.signed_in() is not None
    brought = _brought()
    open_board = board is not BoardIs.OFF
    new = _new(brought, visit.since, member=member, open_board=open_board) if visit.since else {}
    announced = brought["notices"][:SHOWN_NOTICES]
    listed = _listed(new, news.of_packs(announced, visit.since) if visit.since else [])
    page = render_template(
        "home.html",
        first=visit.since is None,
        tiles={
            **{section: len(found) for section, found in brought.items()},
            "documents": len(brought["documents"]) + len(papers.shown(conn(), to_members=member)),
            "board": threads.count(conn()) if open_board else 0,
        },
        news=listed,
        new_counts={section: len(found) for section, found in new.items()},
        generation=current.generation(),
        notices=announced,
        threads=_talked_about(listed) if open_board else [],
        board=board,
    )
    response = make_response(page)
    visits.remember(response, visit)
    return response


def _brought() -> dict[str, Sequence[Choice[Translated]]]:
    generation, languages = current.generation(), content_languages()
    return {
        "courses": choose(courses.all_of(conn(), generation), languages),
        "library": choose(books.all_of(conn(), generation), languages),
        "documents": choose(documents.all_of(conn(), generation), languages),
        "notices": choose(notices.on(conn(), generation, current.today()), languages),
    }


def _new(
    brought: Mapping[str, Sequence[Choice[Translated]]], since: Reach, *, member: bool, open_board: bool
) -> dict[str, list[New]]:
    found = {section: news.of_packs(choices, since) for section, choices in brought.items()}
    found["documents"] = news.papers(conn(), since, to_members=member) + found["documents"]
    found["board"] = news.threads(conn(), since, members=member) if open_board else []
    return found


def _listed(new: Mapping[str, list[New]], elsewhere: list[New]) -> list[tuple[str, New]]:
    """Return the first of each section, without what the page shows elsewhere."""
    there = {section: [each for each in found if each not in elsewhere] for section, found in new.items()}
    return [(section, each) for section, found in there.items() for each in found[:SHOWN_NEW]]


def _talked_about(listed: list[tuple[str, New]]) -> list[Thread]:
    # What stands among the new is not shown twice.
    there = {each.url for _, each in listed}
    found = threads.recent(conn(), SHOWN_THREADS + SHOWN_NEW)
    return [each for each in found if url_for("board.show", thread=each.thread) not in there][:SHOWN_THREADS]
