"""The papers that packs brought, by category."""

from __future__ import annotations

from flask import Blueprint, render_template

from kiosk.packs.kinds import CATEGORIES
from kiosk.portal.translations import choose
from kiosk.store import documents
from kiosk.web import current
from kiosk.web.db import conn
from kiosk.web.i18n import content_languages

pages = Blueprint("documents", __name__, url_prefix="/documents")


@pages.get("")
def shelf() -> str:
    """Show all papers."""
    found = choose(documents.all_of(conn(), current.generation()), content_languages())
    shelves = {category: [choice for choice in found if choice.shown.category == category] for category in CATEGORIES}
    return render_template("documents.html", shelves={name: choices for name, choices in shelves.items() if choices})
