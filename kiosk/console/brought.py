"""What a sync made of the books on a stick, in the operator's language: each by itself, with what to do.

True always: a refusal that was kept without its reason is shown as it was told then, in English.
"""

from __future__ import annotations

from flask_babel import gettext

from kiosk.console.lights import Point
from kiosk.store import events, refused_books
from kiosk.store.db import Connection
from kiosk.store.events import Event
from kiosk.store.refused_books import Reason, RefusedBook

LOOKED_AT = 500
"""How many events of syncs are looked through for the one before."""


def points(conn: Connection, end: Event) -> tuple[Point, ...]:
    """Return what became of each book, for the last event of a sync."""
    taken = [
        Point(gettext("The book “%(title)s” was taken from the stick.", title=title))
        for title in end.detail.get("books", [])
    ]
    return (*taken, *_refused(conn, end))


def _refused(conn: Connection, end: Event) -> list[Point]:
    if end.kind == "sync.started":
        return []
    earlier = (event.event for event in events.last(conn, "sync.", LOOKED_AT) if event.event < end.event)
    kept = refused_books.between(conn, next(earlier, 0), end.event)
    if kept:
        return [_point(book) for book in kept]
    return [Point(_not_taken(str(told))) for told in end.detail.get("refused", [])]


def _point(book: RefusedBook) -> Point:
    if book.reason is None:
        return Point(_not_taken(book.message), book.hint)
    why, remedy = _words(book.reason)
    return Point(_not_taken(f"{book.file}. {why}"), remedy)


def _not_taken(told: str) -> str:
    return str(gettext("Not taken from the stick: %(reason)s", reason=told))


def _words(reason: Reason) -> tuple[str, str]:
    again = gettext("Put the stick in once more; if this comes back, copy the file to it again, or take another stick.")
    words = {
        Reason.NOT_WANTED: (
            gettext("No pack that this kiosk waits for has this book."),
            gettext("Have the channels asked once, choose the pack of this book, and put the stick in again."),
        ),
        Reason.UNLEARNED: (
            gettext("Of some packs that it waits for, this kiosk does not know yet which books they have."),
            gettext(
                "Fetch the pack over the link; of a large one it is enough to have the channels asked once. "
                "Then put the stick in again."
            ),
        ),
        Reason.INSTALLED: (gettext("This book is installed already."), gettext("Nothing is to be done.")),
        Reason.NO_GAIN: (
            gettext("The pack of this book costs no less with the file."),
            gettext("Fetch the pack; it comes over the link."),
        ),
        Reason.OTHER_EDITION: (
            gettext("It is not the edition that the pack has, or was changed, or can not be read here."),
            gettext("Bring the very edition that the pack has, or fetch the pack."),
        ),
        Reason.BROKEN: (gettext("The file is broken."), again),
        Reason.NO_ROOM: (
            gettext("There is not enough room on the card."),
            gettext("Make room, and put the stick in again."),
        ),
        Reason.FAILED: (gettext("The stick or the card could not be read or written."), again),
    }
    why, remedy = words[reason]
    return str(why), str(remedy)
