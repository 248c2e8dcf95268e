"""Settings, holds and usage: typed, kept, and held to their rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kiosk.errors import InvalidInput, StoreError
from kiosk.store import db, holds, settings, usage
from kiosk.store.settings import Hours, LinkIs, MeteredRule, Pause, SyncSettings
from kiosk.store.usage import Link

NOW = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
KAMPALA = ZoneInfo("Africa/Kampala")


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[db.Connection]:
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as connection:
        yield connection


def save(conn: db.Connection, wanted: SyncSettings) -> None:
    with db.transaction(conn):
        settings.save_sync(conn, wanted)


def test_a_fresh_kiosk_has_the_defaults_and_no_rows(conn: db.Connection) -> None:
    assert settings.sync(conn) == SyncSettings()
    save(conn, SyncSettings())
    assert conn.execute("SELECT count(*) FROM settings").fetchone()[0] == 0


def test_every_setting_comes_back_as_it_was(conn: db.Connection) -> None:
    wanted = SyncSettings(
        day_bytes=5_000_000, month_bytes=90_000_000, hours=Hours(22, 6), rate_bytes=8_000, link=LinkIs.METERED,
        metered_rule=MeteredRule.NEVER, metered_bytes=3_000_000, every_hours=12, packs=("prices", "wiki"),
        order=("prices",), pause=Pause(NOW, NOW + timedelta(hours=3)),
    )  # fmt: skip
    save(conn, wanted)
    assert settings.sync(conn) == wanted
    save(conn, replace(wanted, pause=Pause(NOW, None), packs=()))
    assert settings.sync(conn).pause == Pause(NOW, None)
    assert settings.sync(conn).packs == ()
    save(conn, SyncSettings())
    assert settings.sync(conn) == SyncSettings()


@pytest.mark.parametrize(
    "wrong",
    [
        {"day_bytes": 5}, {"month_bytes": -1}, {"rate_bytes": 1}, {"metered_bytes": 0}, {"every_hours": 0},
        {"hours": Hours(6, 6)}, {"hours": Hours(6, 24)}, {"packs": ("../etc",)}, {"order": ("a1", "a1")},
        {"pause": Pause(NOW, NOW)},
    ],
)  # fmt: skip
def test_a_value_that_breaks_its_rule_is_refused_with_its_name(conn: db.Connection, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        settings.save_sync(conn, replace(SyncSettings(), **wrong))  # type: ignore[arg-type]
    assert refusal.value.field in wrong


@pytest.mark.parametrize(("key", "value"), [("sync.hours", "[1]"), ("sync.link", '"yes"'), ("sync.colour", "1")])
def test_a_row_that_holds_nonsense_is_told_by_name(conn: db.Connection, key: str, value: str) -> None:
    conn.execute("INSERT INTO settings VALUES (?, ?)", (key, value))
    with pytest.raises(StoreError, match=key):
        settings.sync(conn)


def test_hours_go_over_midnight() -> None:
    assert [hour for hour in range(24) if Hours(22, 3).has(hour)] == [0, 1, 2, 22, 23]
    assert [hour for hour in range(24) if Hours(9, 12).has(hour)] == [9, 10, 11]


def test_bytes_count_for_the_local_day_hour_and_month(conn: db.Connection) -> None:
    late = NOW + timedelta(hours=1)  # 00:30 of the next day in Kampala
    usage.add(conn, NOW, KAMPALA, Link.INTERNET, 1000, 100)
    usage.add(conn, NOW, KAMPALA, Link.METERED, 500, 100)
    usage.add(conn, NOW, KAMPALA, Link.FREE, 9000, 1)
    usage.add(conn, late, KAMPALA, Link.INTERNET, 70, 10)
    usage.add(conn, late, KAMPALA, Link.INTERNET, 7, 10)
    assert usage.used(conn, date(2026, 11, 24)) == usage.Used(date(2026, 11, 24), 1500, 1577)
    assert usage.used(conn, date(2026, 11, 25)).day_bytes == 77
    assert usage.used(conn, date(2026, 12, 1)) == usage.Used(date(2026, 12, 1), 0, 0)
    hours = usage.between(conn, date(2026, 11, 24), date(2026, 11, 25))
    assert [(each.day.day, each.hour, each.link, each.size_bytes) for each in hours] == [
        (24, 23, Link.FREE, 9000), (24, 23, Link.INTERNET, 1000), (24, 23, Link.METERED, 500),
        (25, 0, Link.INTERNET, 77),
    ]  # fmt: skip


def test_a_clock_that_jumps_moves_bytes_and_loses_none(conn: db.Connection) -> None:
    for moment in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 5, 5, tzinfo=UTC), NOW):
        usage.add(conn, moment, KAMPALA, Link.INTERNET, 100_000, 1000)
    assert usage.used(conn, date(2026, 11, 24)).month_bytes == 100_000
    everything = usage.between(conn, date(1970, 1, 1), date(2100, 1, 1))
    assert sum(each.size_bytes for each in everything) == 300_000
    assert usage.speed(conn, date(2026, 11, 24)) == 100_000


def test_speed_is_what_was_measured_lately_or_nothing(conn: db.Connection) -> None:
    assert usage.speed(conn, date(2026, 11, 24)) is None
    usage.add(conn, NOW, KAMPALA, Link.METERED, 400, 1)
    assert usage.speed(conn, date(2026, 11, 24)) is None
    usage.add(conn, NOW - timedelta(days=90), KAMPALA, Link.INTERNET, 10**9, 1000)
    for hour in range(usage.SPEED_HOURS):
        usage.add(conn, NOW - timedelta(hours=hour), KAMPALA, Link.METERED, 5_000, 1000)
        usage.add(conn, NOW - timedelta(hours=hour), KAMPALA, Link.FREE, 10**9, 1)
    assert usage.speed(conn, date(2026, 11, 25)) == 5_016  # the last hours alone, the old one and the stick left out


def test_holds_are_kept_replaced_and_lifted(conn: db.Connection) -> None:
    holds.put(conn, "prices", 5, 4, NOW)
    holds.put(conn, "wiki", 2, 0, NOW)
    holds.put(conn, "prices", 6, 4, NOW)
    assert holds.all_of(conn)["prices"] == holds.Hold("prices", 6, 4, NOW)
    holds.lift(conn, ["prices", "never-there"])
    assert list(holds.all_of(conn)) == ["wiki"]
