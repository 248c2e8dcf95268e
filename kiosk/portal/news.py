"""What is new since a visitor's last visit, by the section in which it stands.

True always: what is named here is there to be opened; of a thing in several languages the one that is shown counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import url_for

from kiosk.portal.translations import Choice, Translated
from kiosk.store import arrivals
from kiosk.store.arrivals import Reach
from kiosk.store.books import Book
from kiosk.store.courses import Course
from kiosk.store.db import Connection
from kiosk.store.documents import Document

MOST_COUNTED = 99

T = TypeVar("T", bound=Translated)


@dataclass(frozen=True)
class New:
    """Something new: its title, the language of it ("" where that is not known), and where it is."""

    title: str
    language: str
    url: str


def of_packs(found: Iterable[Choice[T]], since: Reach) -> list[New]:
    """Return what packs brought since then, the last first."""
    fresh = [choice.shown for choice in found if choice.shown.item.collection > since.collection]
    fresh.sort(key=lambda thing: -thing.item.collection)
    return [New(thing.item.title, thing.item.language, _address(thing)) for thing in fresh]


def papers(conn: Connection, since: Reach, *, to_members: bool) -> list[New]:
    """Return the papers that were added on this kiosk since then, or have a version that was."""
    return [
        New(
            paper.newest.title,
            paper.language,
            url_for(
                "documents.category",
                category=paper.category,
                _anchor=f"paper-{paper.paper}-{paper.newest.version}",
            ),
        )
        for paper in arrivals.added_papers(conn, since, to_members=to_members)
    ]


def threads(conn: Connection, since: Reach, *, members: bool) -> list[New]:
    """Return the threads that were opened since then, up to `MOST_COUNTED`."""
    found = arrivals.threads(conn, since, MOST_COUNTED, members=members)
    return [New(title, "", url_for("board.show", thread=thread)) for thread, title in found]


def _address(thing: Translated) -> str:
    item = thing.item
    address: dict[str, Any] = {"pack": item.pack, "item": item.item, "language": item.language}
    if isinstance(thing, Book):
        return url_for("library.shelf", _anchor=thing.name)
    if isinstance(thing, Document):
        place = f"{item.pack}-{item.item}-{item.language}"
        return url_for("documents.category", category=thing.category, _anchor=place)
    return url_for("courses.outline" if isinstance(thing, Course) else "notices.show", **address)
