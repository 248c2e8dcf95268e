"""What one sync has at hand, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kiosk.store import db
from kiosk.store.reasons import Refusal
from kiosk.store.refused_books import Reason
from kiosk.sync.meter import Meter
from kiosk.sync.mirrors import Mirror
from kiosk.sync.plan import Change


@dataclass(frozen=True)
class Refused:
    """Why a book that somebody brought was not taken, and what helps ("": nothing is known)."""

    message: str
    hint: str
    reason: Reason

    def to_detail(self) -> dict[str, str]:
        """Return what is kept of it in an event."""
        return {"message": self.message, "hint": self.hint, "reason": str(self.reason)}


@dataclass(frozen=True)
class Books:
    """What was made of books that somebody brought: the titles of those that were taken, and why others were not."""

    taken: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a sync ended: the generation that is current, what changed (nothing: it was up to date), all bytes that
    came, the packs that wait for a better link, with the reason, and what was made of books that were brought.
    """

    generation: int
    changes: tuple[Change, ...]
    fetched_bytes: int
    left: Mapping[str, Refusal] = field(default_factory=dict)
    books: Books = field(default_factory=Books)


@dataclass(frozen=True)
class Session:
    """What one sync has at hand: the database, the meter, and the mirrors that may be asked now."""

    conn: db.Connection
    meter: Meter
    mirrors: tuple[Mirror, ...]
