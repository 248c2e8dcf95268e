"""Going back to a generation that was served before, and staying there.

True always: what was gone back from is held before the link is switched, so no sync brings it again by itself; a newer
release lifts the hold. The switch is the same one rename as everywhere.
"""

from __future__ import annotations

from kiosk.clock import Clock
from kiosk.errors import NotFound
from kiosk.store import events, generations, holds
from kiosk.store.db import Connection, transaction
from kiosk.store.generations import Generation
from kiosk.store.state import State
from kiosk.sync import install, plan
from kiosk.sync.plan import Change


def target(conn: Connection, state: State, number: int | None = None) -> Generation:
    """Return the generation to go back to: `number`, or the newest that is older than the current one.

    Raises:
        NotFound: it is not on the card any more, is the current one, or there is none.
    """
    current = state.current_number()
    there = [each for each in generations.numbers(conn) if (state.generations / str(each)).is_dir()]
    others = [each for each in there if each != current]
    if number is None:
        number = next((each for each in others if each < current), None)
        if number is None:
            raise NotFound("there is no older generation to go back to")
    found = generations.get(conn, number) if number in others else None
    if found is None:
        known = ", ".join(str(each) for each in others) or "none"
        raise NotFound(f"generation {number} can not be gone back to", f"there are: {known}; {current} is served now")
    return found


def changes(conn: Connection, state: State, wanted: Generation) -> tuple[Change, ...]:
    """Return what going to a generation would change."""
    current = generations.get(conn, state.current_number())
    return plan.changes(_versions(current), _versions(wanted))


def roll_back(conn: Connection, state: State, wanted: Generation, clock: Clock) -> tuple[Change, ...]:
    """Serve a generation again and hold what was gone back from; the caller holds the lock (`lock.alone`)."""
    changed = changes(conn, state, wanted)
    before = state.current_number()
    with transaction(conn):
        for change in changed:
            holds.put(conn, change.pack, change.before, change.after, clock())
    install.activate(state, conn, wanted.number)
    with transaction(conn):
        events.record(
            conn, "sync.rolled_back", clock(), generation=wanted.number, before=before,
            changes=[[c.pack, c.before, c.after] for c in changed],
        )  # fmt: skip
    return changed


def _versions(generation: Generation | None) -> dict[str, int]:
    return {pack.pack: pack.version for pack in generation.packs} if generation else {}
