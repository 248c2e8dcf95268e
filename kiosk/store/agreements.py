"""Whether an operator agreed to a sync that has not ended yet.

Owns: the event "asked", which the console leaves when something is begun there. True always: an agreement ends with the
sync that ends well; a cut, a failure or a spent budget leaves it, so that the sync goes on by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kiosk.store import events
from kiosk.store.db import Connection
from kiosk.store.events import Event

ASKED = "asked"
LOOKED_AT = 100


def ask(conn: Connection, what: str, after: int, now: datetime) -> None:
    """Note that something was begun, such as "sync"; `after` is the last event that there was before."""
    events.record(conn, ASKED, now, what=what, after=after)


def last(conn: Connection) -> Event | None:
    """Return what was begun last."""
    return next(iter(events.last(conn, ASKED)), None)


def is_open(conn: Connection) -> bool:
    """Tell whether a sync was agreed to that has not ended well since."""
    asked = next((each.event for each in events.last(conn, ASKED, LOOKED_AT) if each.detail.get("what") == "sync"), 0)
    ends = events.last(conn, "sync.finished", LOOKED_AT)
    finished = next((each.event for each in ends if not each.detail.get("by_hand")), 0)
    return asked > finished


def looked_lately(conn: Connection, hours: int, now: datetime) -> bool:
    """Tell whether the channels were looked at in the last `hours`, whatever came of it."""
    looks = events.last(conn, "look.started")
    return bool(looks) and timedelta() <= now - looks[0].at < timedelta(hours=hours)
