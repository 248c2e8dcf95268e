"""What an operator had begun that goes on by itself: whether it has begun, how far it is, and how it ended.

True always: read from the store and the lock of syncs alone; nothing here waits for anything. A sync is told as
finished only when what it brought is what is served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from kiosk.console import acts
from kiosk.console.session import who
from kiosk.host import health
from kiosk.store import agreements, audit, events, generations, transfers
from kiosk.store.db import Connection, transaction
from kiosk.store.events import Event
from kiosk.store.transfers import Transfer
from kiosk.web import current
from kiosk.web.db import conn

BEGINS_WITHIN = timedelta(seconds=60)
"""What was asked for longer ago and neither runs nor left a word did not begin."""
ENDS = {
    "sync": ("sync.finished", "sync.failed", "sync.paused"),
    "look": ("look.finished", "look.failed", "look.paused", "sync.finished"),
    "rollback": ("sync.rolled_back",),
    "import": ("sync.finished", "sync.failed", "sync.paused", "import.failed"),
    "export": ("export.finished", "export.failed"),
}
"""The events that end each thing that may be asked for. A sync that ran meanwhile has looked, too."""


class Phase(StrEnum):
    """Where it is."""

    NOTHING = "nothing"  # was ever asked for, and no sync ended
    BEGINS = "begins"
    RUNS = "runs"
    ENDED = "ended"
    LOST = "lost"  # it did not begin


@dataclass(frozen=True)
class Job:
    """What was asked for last.

    Args:
        what: a key of `ENDS`, "sync" for one that nobody asked for.
        phase: where it is.
        transfer: how far it is while it runs, if it tells.
        end: the event that ended it.
        served: whether what a finished sync brought is what is served.
    """

    what: str
    phase: Phase
    transfer: Transfer | None = None
    end: Event | None = None
    served: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether there will be more to tell."""
        return self.phase in (Phase.BEGINS, Phase.RUNS)


def runs() -> bool:
    """Tell whether a sync or the like runs now."""
    return health.is_locked(current.state().lock)


def begin(what: str, act: Callable[[], None], kind: str, detail: str = "") -> bool:
    """Have the machine begin something; note who asked for it, and tell whether the machine took it.

    Args:
        what: a key of `ENDS`.
        act: what is called for it.
        kind, detail: how the act is kept for the list of acts.
    """
    before = next((event.event for event in events.last(conn(), "")), 0)
    if not acts.done(act):
        return False
    with transaction(conn()):
        now = current.now()
        audit.record(conn(), who(), kind, detail, now)
        agreements.ask(conn(), what, before, now)
    return True


def last() -> Job:
    """Return what was asked for last, and how far it is."""
    db = conn()
    asked = agreements.last(db)
    what = str(asked.detail["what"]) if asked else "sync"
    if runs():
        return Job(what, Phase.RUNS, transfers.get(db))
    end = _end(db, what, int(asked.detail["after"]) if asked else 0)
    if end:
        return Job(what, Phase.ENDED, end=end, served=_served(db, end))
    if asked is None:
        return Job(what, Phase.NOTHING)
    waits = abs(current.now() - asked.at) < BEGINS_WITHIN
    return Job(what, Phase.BEGINS if waits else Phase.LOST)


def _end(db: Connection, what: str, since: int) -> Event | None:
    kinds = ENDS.get(what, ())
    found = [event for kind in kinds for event in events.last(db, kind) if event.event > since]
    return max(found, key=lambda event: event.event, default=None)


def _served(db: Connection, end: Event) -> bool:
    if end.kind != "sync.finished" or end.detail.get("generation") != current.generation():
        return False
    now = generations.get(db, current.generation())
    there = {pack.pack: pack.version for pack in now.packs} if now else {}
    return all(there.get(pack, 0) == after for pack, _, after in end.detail.get("changes", []))
