"""The meter: everything counted, few writes, a clean stop at the budget, and the rate kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kiosk.errors import BudgetSpent
from kiosk.store import db, settings, usage
from kiosk.store.reasons import Reason
from kiosk.store.settings import Hours, MeteredRule, Pause, SyncSettings
from kiosk.sync.meter import FLUSH_BYTES, LONGEST_GAP, Meter
from tests.making import MovableClock

UTC_ZONE = ZoneInfo("UTC")
TODAY = date(2026, 11, 24)
PIECE = 64 * 1024
MB = 1_000_000


@dataclass(frozen=True)
class Place:
    metered: bool


SERVER, STICK = Place(True), Place(False)


class Bench:
    """A meter with a clock, a stopwatch and a sleep that are turned by hand."""

    def __init__(self, conn: db.Connection) -> None:
        self.conn = conn
        self.clock = MovableClock()
        self.seconds = 1000.0
        self.slept = 0.0
        self.machine: bool | None = None

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.seconds += seconds

    def set(self, wanted: SyncSettings) -> None:
        with db.transaction(self.conn):
            settings.save_sync(self.conn, wanted)

    def meter(self, *, by_hand: bool = False) -> Meter:
        return Meter(
            self.conn, self.clock, UTC_ZONE, lambda: self.machine,
            by_hand=by_hand, sleep=self.sleep, monotonic=lambda: self.seconds,
        )  # fmt: skip

    def day_bytes(self) -> int:
        return usage.used(self.conn, self.clock.now.date()).day_bytes


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn:
        yield Bench(conn)


def stopped(meter: Meter, most: int = 1000) -> tuple[int, BudgetSpent]:
    """Feed pieces until the meter stops it; return the bytes and the stop."""
    for number in range(most):
        try:
            meter(SERVER, PIECE)
        except BudgetSpent as stop:
            return (number + 1) * PIECE, stop
    pytest.fail("nothing stopped it")


def test_day_one_stops_within_two_percent_and_day_two_goes_on(bench: Bench) -> None:
    bench.set(SyncSettings(day_bytes=5 * MB))
    with bench.meter() as meter:
        fetched, stop = stopped(meter)
    assert 5 * MB < fetched <= 5.1 * MB
    assert bench.day_bytes() == fetched
    assert stop.detail["reason"] == Reason.DAY_SPENT
    assert stop.detail["again"] == "2026-11-25T00:00:00+00:00"
    with bench.meter() as meter, pytest.raises(BudgetSpent):
        meter.usable([SERVER])
    bench.clock.forward(days=1)
    with bench.meter() as meter:
        assert meter.usable([SERVER]) == [SERVER]
        assert 5 * MB < stopped(meter)[0] <= 5.1 * MB


def test_midnight_in_the_middle_of_a_sync_begins_a_new_day(bench: Bench) -> None:
    bench.set(SyncSettings(day_bytes=MB, month_bytes=3 * MB))
    bench.clock.now = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)
    with bench.meter() as meter:
        meter(SERVER, MB)
        bench.clock.forward(minutes=2)
        meter(SERVER, MB)
        bench.clock.forward(days=1)
        meter(SERVER, MB)
        bench.clock.forward(days=1)
        with pytest.raises(BudgetSpent) as stop:
            meter(SERVER, 1)
    assert stop.value.detail["reason"] == Reason.MONTH_SPENT
    assert usage.used(bench.conn, TODAY).day_bytes == MB


def test_a_write_for_a_batch_and_one_at_the_end(bench: Bench) -> None:
    before = bench.conn.total_changes
    with bench.meter() as meter:
        for _ in range(16):
            meter(SERVER, PIECE)
            assert 16 * PIECE - bench.day_bytes() >= 0
            assert meter.total_bytes - bench.day_bytes() < FLUSH_BYTES
        assert bench.conn.total_changes - before == 4
        meter(SERVER, 100)
    assert bench.day_bytes() == 16 * PIECE + 100
    assert bench.conn.total_changes - before == 5


def test_a_slow_link_is_written_down_every_five_seconds(bench: Bench) -> None:
    with bench.meter() as meter:
        for second in range(1, 13):
            bench.seconds += 1
            meter(SERVER, 1000)
            assert bench.day_bytes() == second // 5 * 5000


def test_a_stick_costs_nothing_and_is_counted(bench: Bench) -> None:
    bench.set(SyncSettings(day_bytes=MB, hours=Hours(1, 2), rate_bytes=1000))
    with bench.meter() as meter:
        meter(STICK, 50 * MB)
        assert meter.usable([SERVER, STICK]) == [STICK]
    assert bench.day_bytes() == 0
    (hour,) = usage.between(bench.conn, TODAY, TODAY)
    assert (hour.link, hour.size_bytes) == (usage.Link.FREE, 50 * MB)
    assert bench.slept == 0


def test_the_rate_is_kept_and_measured(bench: Bench) -> None:
    bench.set(SyncSettings(rate_bytes=10_000))
    with bench.meter() as meter:
        for _ in range(10):
            meter(SERVER, PIECE)
    assert bench.slept == pytest.approx(10 * PIECE / 10_000)
    # the first piece took no time here, the waits of the others did
    assert usage.speed(bench.conn, TODAY) == pytest.approx(10_000 * 10 / 9, rel=0.01)


def test_a_long_silence_is_not_the_links_speed(bench: Bench) -> None:
    with bench.meter() as meter:
        bench.seconds += 3600
        meter(SERVER, 6_000_000)
    assert usage.speed(bench.conn, TODAY) == 6_000_000 / LONGEST_GAP


def test_what_an_operator_changes_meanwhile_holds_soon(bench: Bench) -> None:
    with bench.meter() as meter:
        meter(SERVER, PIECE)
        bench.set(SyncSettings(pause=Pause(bench.clock.now, None)))
        fetched, stop = stopped(meter)
    assert fetched <= FLUSH_BYTES
    assert stop.detail["reason"] == Reason.PAUSED
    with bench.meter(by_hand=True) as meter:
        meter(STICK, 10 * MB)
        assert meter.usable([SERVER]) == [SERVER]


def test_the_machine_is_asked_about_its_link_now_and_then(bench: Bench) -> None:
    bench.set(SyncSettings(metered_rule=MeteredRule.NEVER))
    with bench.meter() as meter:
        meter(SERVER, FLUSH_BYTES)
        bench.machine = True
        meter(SERVER, FLUSH_BYTES)
        bench.seconds += 61
        fetched, stop = stopped(meter)
    assert fetched <= FLUSH_BYTES
    assert stop.detail == {"reason": "metered-never", "again": None, "figures": {}}


def test_a_clock_that_goes_back_and_forth_loses_no_byte(bench: Bench) -> None:
    bench.set(replace(SyncSettings(), day_bytes=MB))
    with bench.meter() as meter:
        for moment in (datetime(1970, 1, 1, tzinfo=UTC), bench.clock.now, bench.clock.now - timedelta(days=1)):
            bench.clock.now = moment
            meter(SERVER, 400_000)
    total = usage.between(bench.conn, date(1970, 1, 1), TODAY)
    assert [each.size_bytes for each in total] == [400_000] * 3
