"""What is announced: the notices of the current generation, and beside them those that operators wrote.

True always: an operator's notice is seen by nobody before its first day, nor once it was taken down.
"""

from __future__ import annotations

import html as entities
from dataclasses import dataclass
from datetime import date

from kiosk.errors import NotFound
from kiosk.packs.kinds import NOTICE_PAGE
from kiosk.store import items, own_notices
from kiosk.store.db import Connection
from kiosk.store.items import Item
from kiosk.store.own_notices import OwnNotice, Text
from kiosk.store.search_words import tidy
from kiosk.store.state import State

HERE = "_here"
"""Stands for the pack's name in what operators wrote; no pack can be called so."""
SUMMARY_LETTERS = 200
_LINE, _GAP = "\n", "\n\n"


@dataclass(frozen=True)
class Notice:
    """An announcement in one language, shown from `starts` to `ends`, both included; `sound` is the entry in which
    it is read aloud. Of an operator's the item is made up: `HERE` and the notice's number.
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
    shown += [written(each, text) for each in own_notices.on(conn, day) for text in each.texts]
    return sorted(shown, key=lambda n: (not n.pinned, -n.starts.toordinal(), n.item.title))


def get(conn: Connection, generation: int, pack: str, item: str, language: str, day: date) -> Notice:
    """Return one notice, whatever the day; an operator's only if its time has come by `day`.

    Raises:
        NotFound: there is none.
    """
    if pack == HERE:
        own, text = own_text(conn, item, language, day)
        return written(own, text)
    return _notice(items.get(conn, generation, pack, item, language, "notice"))


def own_text(conn: Connection, number: str, language: str, day: date) -> tuple[OwnNotice, Text]:
    """Return an operator's notice whose time has come by `day`, and what it says in a language.

    Raises:
        NotFound: there is none.
    """
    if number.isascii() and number.isdigit() and len(number) < 19:
        own = own_notices.get(conn, int(number))
        for text in own.texts:
            if text.language == language and own.ended_at is None and own.days.starts <= day:
                return own, text
    raise NotFound(f"there is no notice {number} in {language}")


def written(own: OwnNotice, text: Text) -> Notice:
    """Return an operator's notice in one of its languages."""
    words = tidy(text.text)
    summary = words if len(words) <= SUMMARY_LETTERS else f"{words[:SUMMARY_LETTERS].rpartition(' ')[0]}…"
    item = Item(HERE, str(own.notice), text.language, text.title, summary, "", text.sound_bytes, {}, 0, "notice")
    return Notice(item, own.days.starts, own.days.ends, own.days.pinned, text.sound or None)


def html(conn: Connection, state: State, generation: int, notice: Notice) -> str:
    """Return the text of a notice as an HTML fragment, not yet sanitised."""
    if notice.item.pack == HERE:
        _, text = own_text(conn, notice.item.item, notice.item.language, notice.starts)
        return "".join(
            f"<p>{'<br>'.join(map(entities.escape, part.split(_LINE)))}</p>" for part in text.text.split(_GAP)
        )
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
