"""What the console reads of a sync that runs, and of what is on offer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.store import agreements, db, events, offers, transfers
from kiosk.store.offers import Offered
from kiosk.store.transfers import Step, Transfer
from kiosk.sync.progress import NOTED_SECONDS, Noted
from tests.making import START, MovableClock


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[db.Connection]:
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn:
        yield conn


def test_progress_is_written_now_and_then_and_told_at_once(conn: db.Connection) -> None:
    clock, seconds, told = MovableClock(), [0.0], list[int]()
    noted = Noted(conn, clock, lambda done, total, pack: told.append(done), lambda: seconds[0])
    noted.step(Step.LOOK)
    assert transfers.get(conn) == Transfer(START, START, Step.LOOK)
    noted.step(Step.FETCH, 1000)
    written = []
    for done in range(100, 1000, 100):
        clock.forward(seconds=1)
        seconds[0] += 1
        noted(done, 1000, "aa")
        found = transfers.get(conn)
        assert found
        written.append(found.done_bytes)
    assert told == list(range(100, 1000, 100))
    assert written == [100] * int(NOTED_SECONDS) + [600] * 4
    found = transfers.get(conn)
    assert found
    assert found.seconds_left == 4  # 600 of 1000 bytes in 6 seconds
    noted.step(Step.INSTALL)
    assert transfers.get(conn) == Transfer(clock(), clock(), Step.INSTALL)
    noted.end()
    assert transfers.get(conn) is None


def test_an_estimate_needs_bytes_and_time() -> None:
    assert Transfer(START, START, Step.FETCH, "aa", 5, 10).seconds_left is None
    assert Transfer(START, START + timedelta(seconds=9), Step.FETCH, "aa", 0, 10).seconds_left is None
    assert Transfer(START, START + timedelta(seconds=-9), Step.FETCH, "aa", 5, 10).seconds_left is None
    assert Transfer(START, START + timedelta(seconds=9), Step.FETCH, "aa", 10, 10).seconds_left == 0


def test_an_offer_costs_what_it_takes_from_where_the_kiosk_is(conn: db.Connection) -> None:
    offer = Offered("aa", 5, "stable", ("book",), 900, 300, 500, 4, 20)
    assert [offer.download_bytes(installed) for installed in (5, 4, 3, 0)] == [0, 20, 500, 500]
    assert offer.written_bytes == 600
    other = Offered("bb", 1, "stable", ("course",), 9, 9, 5, 0, 5)
    with db.transaction(conn):
        offers.remember(conn, [offer, other], whole=True)
        offers.remember(conn, [offer], whole=False)
    assert offers.all_of(conn) == {"aa": offer, "bb": other}
    offers.remember(conn, [offer], whole=True)
    assert list(offers.all_of(conn)) == ["aa"]


def test_an_agreement_holds_until_a_sync_ends_well(conn: db.Connection) -> None:
    assert not agreements.is_open(conn)
    agreements.ask(conn, "look", 0, START)
    assert not agreements.is_open(conn)
    agreements.ask(conn, "sync", 0, START)
    for kind, by_hand in (("sync.paused", False), ("sync.failed", False), ("sync.finished", True)):
        events.record(conn, kind, START, by_hand=by_hand)
        assert agreements.is_open(conn)
    events.record(conn, "sync.finished", START, by_hand=False)
    assert not agreements.is_open(conn)


def test_a_look_is_not_done_twice_within_its_hours(conn: db.Connection) -> None:
    assert not agreements.looked_lately(conn, 6, START)
    events.record(conn, "look.started", START)
    assert agreements.looked_lately(conn, 6, START + timedelta(hours=5))
    assert not agreements.looked_lately(conn, 6, START + timedelta(hours=6))
    assert not agreements.looked_lately(conn, 6, START - timedelta(hours=1))  # the clock went back
