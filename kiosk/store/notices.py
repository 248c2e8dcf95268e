"""Notices of the current generation: announcements with a first and a last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kiosk.packs.kinds import NOTICE_PAGE
from kiosk.store import items
from kiosk.store.db import Connection
from kiosk.store.items import Item
from kiosk.store.state import State


@dataclass(frozen=True)
class Notice:
    """An announcement in one language, shown from `starts` to `ends`, both included; `sound` is the entry in which
    it is read aloud.
    """

    item: Item
    starts: date
    ends: date
    pinned: bool
    sound: str | None


def on(conn: Connection, generation: int, day: date) -> list[Notice]:
    """Return the notices to show on a day in all languages: the pinned first, then the newest."""
    found = [_notice(item) for item in items.of_kind(conn, generation, "notice")]
    shown = [notice for notice in found if notice.starts <= day <= notice.ends]
    return sorted(shown, key=lambda n: (not n.pinned, -n.starts.toordinal(), n.item.title))


def get(conn: Connection, generation: int, pack: str, item: str, language: str) -> Notice:
    """Return one notice, whatever the day.

    Raises:
        NotFound: there is none.
    """
    return _notice(items.get(conn, generation, pack, item, language, "notice"))


def html(state: State, generation: int, notice: Notice) -> str:
    """Return the text of a notice as an HTML fragment, not yet sanitised."""
    return (items.folder(state, generation, notice.item) / NOTICE_PAGE).read_text(encoding="utf-8")


def _notice(item: Item) -> Notice:
    found = item.attributes
    return Notice(
        item,
        date.fromisoformat(found["starts"]),
        date.fromisoformat(found["ends"]),
        found["pinned"],
        found.get("sound"),
    )
