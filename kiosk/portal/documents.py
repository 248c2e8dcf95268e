"""The shelf of papers, by category: those that packs brought, and those that were added here."""

from __future__ import annotations

import re

from flask import Blueprint, abort, make_response, render_template, request
from flask.wrappers import Response

from kiosk.portal import membership, sheets
from kiosk.portal.sheets import Sheet
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages
from kiosk.web.words import CATEGORIES

SHOWN_AT_ONCE, SHOWN_EACH, A_PAGE = 12, 3, 12
"""Up to so many papers stand on one page; of more, so many of each category, and so many on a category's own page."""

pages = Blueprint("documents", __name__, url_prefix="/documents")


@pages.get("")
def shelf() -> Response:
    """Show all papers; of many, the newest of each category."""
    found, member = _sheets()
    shelves = sheets.shelves(found, CATEGORIES)
    most = SHOWN_EACH if len(found) > SHOWN_AT_ONCE else SHOWN_AT_ONCE
    shown = {name: each[:most] for name, each in shelves.items()}
    counts = {name: len(each) for name, each in shelves.items()}
    return _page(render_template("documents.html", shelves=shown, counts=counts), member)


@pages.get("/in/<category>")
def category(category: str) -> Response:
    """Show the papers of a category; `?from=` goes on after so many."""
    if category not in CATEGORIES:
        abort(404)
    found, member = _sheets()
    mine = [sheet for sheet in found if sheet.category == category]
    asked = request.args.get("from", "")
    first = int(asked) if re.fullmatch(r"\d{1,6}", asked) else 0
    page = render_template(
        "category.html",
        category=category,
        sheets=mine[first : first + A_PAGE],
        newer=max(0, first - A_PAGE) if first else None,
        older=first + A_PAGE if len(mine) > first + A_PAGE else None,
    )
    return _page(page, member)


def _sheets() -> tuple[list[Sheet], bool]:
    member = membership.signed_in() is not None
    return sheets.all_of(conn(), current.generation(), content_languages(), to_members=member), member


def _page(page: str, member: bool) -> Response:
    response = make_response(page)
    if member:
        response.headers["Cache-Control"] = "no-store"
    return response
