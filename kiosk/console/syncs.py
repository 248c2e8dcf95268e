"""The last syncs as lights, and when the next one is tried.

True always: the light is green only when the sync ended well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext, ngettext

from kiosk.console import brought, pauses
from kiosk.console.lights import Light, Point
from kiosk.store import events, settings
from kiosk.store.db import Connection
from kiosk.store.events import Event
from kiosk.web import current, i18n

LONGEST_SYNC = timedelta(hours=24)
"""A sync that began longer ago and has not ended was cut: power goes without a word."""


@dataclass(frozen=True)
class Sync:
    """A sync of the history: when it ended (or began, if it has not), and its light."""

    at: datetime
    light: Light


def history(conn: Connection, limit: int) -> list[Sync]:
    """Return the last syncs, the newest first."""
    found = events.last(conn, "sync.", 3 * limit)
    ends = _ends(found)[:limit]
    return [Sync(end.at, light(end, last=n == 0, books=brought.points(conn, end))) for n, end in enumerate(ends)]


def next_try(conn: Connection) -> str:
    """Return when the next sync begins by itself."""
    wishes = settings.sync(conn)
    if wishes.pause and (wishes.pause.until is None or wishes.pause.until > current.now()):
        return str(gettext("Syncs are paused."))
    last = events.last(conn, "sync.")
    if not last or last[0].kind == "sync.started":
        return ""
    event = last[0]
    told = event.detail.get("next_try") or event.detail.get("again")
    if told:
        moment = datetime.fromisoformat(told)
    elif event.kind == "sync.paused":
        return ""
    else:
        moment = event.at + timedelta(hours=wishes.every_hours)
    if moment <= current.now():
        return str(gettext("The next try is due."))
    return str(gettext("Next try: %(moment)s.", moment=i18n.moment(moment)))


def _ends(found: list[Event]) -> list[Event]:
    # One event a sync: its end, or its beginning when nothing came after it.
    return [event for n, event in enumerate(found) if n == 0 or event.kind != "sync.started" or _was_cut(found[n - 1])]


def _was_cut(following: Event) -> bool:
    return following.kind == "sync.started"


def light(event: Event, *, last: bool = True, books: tuple[Point, ...] = ()) -> Light:
    """Return how a sync went, by its last event.

    Args:
        event: the last of that sync.
        last: no other sync began after it; one that did tells that a sync without an end was cut.
        books: what became of books on a stick.
    """
    return replace(_how(event, last=last), points=books)


def _how(event: Event, *, last: bool) -> Light:
    detail = event.detail
    if event.kind == "sync.failed":
        remedy = str(detail.get("hint", ""))
        return Light("bad", gettext("Failed"), str(detail.get("message", "")), remedy)
    if event.kind == "sync.finished":
        return Light("good", gettext("In order"), _changes(detail))
    if event.kind == "sync.paused":
        return Light("wait", gettext("Waiting"), pauses.sentence(detail))
    if event.kind == "sync.rolled_back":
        sentence = gettext("Generation %(number)s is served again.", number=i18n.number(detail["generation"]))
        return Light("good", gettext("Went back"), sentence)
    if not last or abs(current.now() - event.at) > LONGEST_SYNC:
        return Light("bad", gettext("Cut"), gettext("It began and did not end. The next one goes on from there."))
    return Light("wait", gettext("Running"), gettext("It has begun and not ended yet."))


def _changes(detail: dict[str, Any]) -> str:
    changes = detail.get("changes", [])
    if not changes:
        return str(gettext("There was nothing new."))
    count = ngettext("%(num)s pack changed", "%(num)s packs changed", len(changes))
    size = i18n.size(detail.get("fetched_bytes", 0))
    return str(gettext("%(count)s; %(size)s were fetched and verified.", count=count, size=size))
