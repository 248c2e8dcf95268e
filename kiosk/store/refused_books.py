"""Why a book that somebody brought on a stick was not taken: a reason that a console can translate.

True always: a refusal belongs to the sync that it was told in, which is the one that began last before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk.store import events
from kiosk.store.db import Connection
from kiosk.store.events import Event

KIND = "book.refused"
LOOKED_AT = 200
"""How many refusals are looked through, the newest first: as many as a stick may have files."""


class Reason(StrEnum):
    """Why not."""

    NOT_WANTED = "not-wanted"
    UNLEARNED = "not-learned"  # which books a pack has is not known yet
    INSTALLED = "installed"
    NO_GAIN = "no-gain"  # the pack costs no less with it
    OTHER_EDITION = "other-edition"
    BROKEN = "broken"
    NO_ROOM = "no-room"
    FAILED = "failed"  # the stick is gone, or the card fails


@dataclass(frozen=True)
class RefusedBook:
    """A file on a stick and why it was not taken.

    `reason` is None in what was kept before reasons were; `message` and `hint` say the same in English.
    """

    file: str
    reason: Reason | None
    message: str
    hint: str


def between(conn: Connection, start: int, end: int) -> list[RefusedBook]:
    """Return what was refused after the event `start` and before the event `end`, in the order it was told."""
    found = events.last(conn, KIND, LOOKED_AT)
    return [_book(event) for event in reversed(found) if start < event.event < end]


def _book(event: Event) -> RefusedBook:
    detail = {name: str(value) for name, value in event.detail.items()}
    reason = next((each for each in Reason if each == detail.get("reason")), None)
    return RefusedBook(detail.get("file", ""), reason, detail.get("message", ""), detail.get("hint", ""))
