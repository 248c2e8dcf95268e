"""Going back: shown first, held, and lifted by a newer release; and what the events tell of syncs before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from kiosk.clock import Reading
from kiosk.errors import Conflict, NotFound
from kiosk.store import db, events, history, holds, standing
from kiosk.store.manners import History
from kiosk.store.reasons import Reason
from kiosk.sync import lock, rollback
from tests.making import START, Village


@pytest.fixture
def conn(village: Village) -> Iterator[db.Connection]:
    village.state.prepare()
    with closing(db.connect(village.state.database)) as connection:
        yield connection


@pytest.fixture
def twice(village: Village, conn: db.Connection) -> Village:
    """A village whose kiosk synced two versions."""
    for version, text in ((1, "Members own it together."), (2, "Each has one vote.")):
        village.release(version=version, text=text)
        village.agent().run()
    return village


def test_going_back_serves_the_old_and_holds_the_new(twice: Village, conn: db.Connection) -> None:
    wanted = rollback.target(conn, twice.state)
    changed = rollback.roll_back(conn, twice.state, wanted, twice.clock)
    assert [(c.pack, c.before, c.after) for c in changed] == [("members", 2, 1)]
    assert "Members own it together." in twice.lesson()
    assert holds.all_of(conn) == {"members": holds.Hold("members", 2, 1, START)}
    assert events.last(conn, "sync.")[0].kind == "sync.rolled_back"


def test_only_what_is_on_the_card_can_be_gone_back_to(twice: Village, conn: db.Connection) -> None:
    for number in (2, 3):
        with pytest.raises(NotFound, match=f"generation {number} can not be gone back to"):
            rollback.target(conn, twice.state, number)
    (twice.state.generations / "1").rename(twice.state.generations / "gone")
    with pytest.raises(NotFound, match="no older generation"):
        rollback.target(conn, twice.state)


def test_one_at_a_time(village: Village) -> None:
    with lock.alone(village.state), pytest.raises(Conflict), lock.alone(village.state):
        pytest.fail("two held the lock")
    with lock.alone(village.state):
        pass


def test_failures_are_counted_back_to_the_last_that_ended_well(village: Village, conn: db.Connection) -> None:
    later = (START + timedelta(hours=1)).isoformat()
    for kind, detail in (
        ("sync.failed", {}), ("sync.finished", {}), ("sync.failed", {}), ("sync.started", {}),
        ("sync.failed", {"next_try": later}), ("sync.started", {}),
    ):  # fmt: skip
        events.record(conn, kind, village.clock(), **detail)
        village.clock.forward(minutes=1)
    found = history.read(conn)
    assert (found.failures, found.success) == (2, START + timedelta(minutes=1))
    assert found.next_try == START + timedelta(hours=1)
    told = standing.read(conn, village.state, Reading(village.clock(), vouched=False), ZoneInfo("UTC"))
    assert told.due
    assert (told.due.reason, told.due.figures) == (Reason.BACKING_OFF, {"failures": 2})


def test_a_stop_by_the_budget_is_no_failure_and_ends_the_row(village: Village, conn: db.Connection) -> None:
    for kind in ("sync.failed", "sync.failed", "sync.paused", "sync.failed"):
        events.record(conn, kind, village.clock())
    assert history.read(conn).failures == 1
    for kind in ("sync.paused", "sync.failed", "sync.finished"):
        events.record(conn, kind, village.clock(), by_hand=kind != "sync.paused")
    assert history.read(conn) == History(None, 0, None)
