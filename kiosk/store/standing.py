"""How things stand with this kiosk's syncs, as one value: what is served, how it went, what is next, what was used."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from kiosk.clock import Freshness, Reading
from kiosk.store import clock as clocks
from kiosk.store import events, generations, history, holds, manners, settings, usage
from kiosk.store.db import Connection
from kiosk.store.events import Event
from kiosk.store.generations import Generation
from kiosk.store.holds import Hold
from kiosk.store.manners import History
from kiosk.store.reasons import Refusal
from kiosk.store.settings import SyncSettings
from kiosk.store.state import State
from kiosk.store.usage import Used


@dataclass(frozen=True)
class Status:
    """How things stand.

    Args:
        generation: what is served; None: nothing yet.
        history: how the last syncs went.
        last: the last event of a sync.
        due: why no sync begins by itself now, and when one will; None: one is due.
        internet: why nothing may come over the internet now; None: it may.
        settings, used, holds: what the operator set, what came, and what is not to come again.
        speed_bytes: bytes per second as measured lately, or None.
        freshness: how new the content is by the kiosk's own time; None: before the first refresh.
    """

    generation: Generation | None
    history: History
    last: Event | None
    due: Refusal | None
    internet: Refusal | None
    settings: SyncSettings
    used: Used
    holds: tuple[Hold, ...]
    speed_bytes: int | None
    freshness: Freshness | None


def read(conn: Connection, state: State, reading: Reading, zone: ZoneInfo, machine: bool | None = None) -> Status:
    """Return how things stand.

    Waits are reckoned by the machine's clock, which always goes on; budgets by the kiosk's own time, which never goes
    back.

    Args:
        reading: what the machine says of the time.
        zone: the zone of days and hours.
        machine: whether the machine calls its link metered (None: not known).
    """
    wishes = settings.sync(conn)
    now = clocks.now(conn, reading).at
    today = now.astimezone(zone).date()
    used = usage.used(conn, today)
    past = history.read(conn)
    last = events.last(conn, "sync.")
    link = manners.link_of(free=False, says=wishes.link, machine=machine)
    return Status(
        generation=generations.get(conn, state.current_number()),
        history=past,
        last=last[0] if last else None,
        due=manners.due(wishes, past, reading.at),
        internet=manners.may_fetch(wishes, used, now, zone, link),
        settings=wishes,
        used=used,
        holds=tuple(holds.all_of(conn).values()),
        speed_bytes=usage.speed(conn, today),
        freshness=clocks.freshness(conn, reading),
    )
