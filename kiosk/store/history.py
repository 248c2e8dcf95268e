"""How the last syncs ended, read from the events that they left."""

from __future__ import annotations

from datetime import datetime

from kiosk.store import events
from kiosk.store.db import Connection
from kiosk.store.manners import History

LOOKED_AT = 500


def read(conn: Connection) -> History:
    """Return the last success, and the failures in a row since then with the next try that the last of them set.

    A sync that the budget stopped is no failure: the link worked, and the row of failures ends there.
    """
    failures, counting = 0, True
    again: datetime | None = None
    for event in events.last(conn, "sync.", LOOKED_AT):
        if event.detail.get("by_hand"):  # a stick says nothing of the links
            continue
        if event.kind == "sync.finished":
            return History(event.at, failures, again)
        if event.kind == "sync.failed" and counting:
            failures += 1
            if failures == 1 and event.detail.get("next_try"):
                again = datetime.fromisoformat(event.detail["next_try"])
        elif event.kind == "sync.paused":
            counting = False
    return History(None, failures, again)
