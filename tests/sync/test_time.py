"""What expiry does, through a whole refresh; rows of docs/decisions/0007-time-without-a-clock.md from 20 on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kiosk import clock
from kiosk.clock import Reading
from kiosk.errors import TrustError
from kiosk.store import clock as clocks
from kiosk.store import db
from kiosk.sync.updater import Refreshed
from tests.making import START
from tests.sync.federation import Federation, Kiosk, key, packs

LOST = datetime(1970, 1, 1, tzinfo=UTC)
ABSURD = datetime(2099, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def away(kiosk: Kiosk, at: datetime = LOST) -> Refreshed:
    """Refresh with a clock that nobody vouches for."""
    kiosk.vouched, kiosk.clock.now = False, at
    return kiosk.refresh()


def stolen(federation: Federation, issued: datetime) -> None:
    """Sign snapshot and timestamp with keys that were stolen, under a date of the thief's choice."""
    federation.number += 1
    federation.online(federation.number)
    federation.write("snapshot", issued=issued)
    federation.write("timestamp", issued=issued)


def test_row_20_newer_metadata_that_has_expired(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    kiosk.refresh()
    federation.release("stable", "members", 2)
    refreshed = away(kiosk, START + 100 * DAY)
    assert packs(refreshed) == {"members": 2}
    assert refreshed.freshness.stale_since == START + 90 * DAY
    assert not refreshed.freshness.now.trusted
    assert str(refreshed.freshness).startswith("may be stale since 2027-02-22 (nobody vouches for")


def test_row_21_older_metadata(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    old = dict(federation.files)
    federation.release("stable", "members", 2)
    away(kiosk)
    with pytest.raises(TrustError, match="it is older than what was seen before"):
        kiosk.poll(old)


def test_row_22_expired_metadata_and_a_clock_to_trust(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    kiosk.refresh()
    federation.release("stable", "members", 2)
    kiosk.clock.forward(days=91)
    with pytest.raises(TrustError, match=r"metadata/timestamp\.json: it has expired .*good until 2027-02-22 08:00 UTC"):
        kiosk.refresh()
    kiosk.clock.forward(days=-2)
    assert packs(kiosk.refresh()) == {"members": 2}


def test_row_23_a_stolen_online_key_locks_nobody_out(kiosk: Kiosk, federation: Federation) -> None:
    away(kiosk)
    stolen(federation, ABSURD)
    assert away(kiosk).freshness.now.at == START
    kiosk.vouched, kiosk.clock.now = True, START + DAY
    federation.clock.forward(days=1)
    federation.release("stable", "members", 1)
    refreshed = kiosk.refresh()
    assert packs(refreshed) == {"members": 1}
    assert refreshed.freshness.now.at == START + 30 * DAY
    assert not refreshed.freshness.now.trusted
    kiosk.clock.now = START + 30 * DAY
    federation.clock.now = kiosk.clock.now
    federation.release("stable", "members", 2)
    assert kiosk.refresh().freshness.now.trusted


def test_row_23_what_a_taken_away_key_said_is_forgotten(kiosk: Kiosk, federation: Federation) -> None:
    stolen(federation, ABSURD)
    away(kiosk)
    federation.name_keys("timestamp", [key("new")])
    federation.rotate()
    federation.publish()
    away(kiosk)
    assert clocks.memory(kiosk.conn).signed == START


def test_row_24_six_years_in_a_cupboard(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    away(kiosk)
    federation.clock.forward(days=6 * 365)
    for role in ("root", "targets"):
        federation.rotate() if role == "root" else federation.publish(role)
    federation.release("stable", "members", 2)
    assert packs(away(kiosk)) == {"members": 2}
    assert away(kiosk).freshness.now.at == federation.clock.now


def test_row_25_no_link_for_months(kiosk: Kiosk, federation: Federation) -> None:
    reading = Reading(START + 120 * DAY, vouched=True)
    assert clocks.freshness(kiosk.conn, reading) is None
    federation.release("stable", "members", 1)
    kiosk.refresh()
    kept = clocks.freshness(kiosk.conn, reading)
    assert kept is not None
    assert str(kept) == "may be stale since 2027-02-22"


def test_a_signature_from_the_future_is_told(kiosk: Kiosk, federation: Federation) -> None:
    stolen(federation, ABSURD)
    told = [warning.message for warning in kiosk.refresh().warnings]
    assert told == [
        "mirror/metadata/timestamp.json: it says it was signed on 2099-01-01, which is yet to come",
        "mirror/metadata/2.snapshot.json: it says it was signed on 2099-01-01, which is yet to come",
    ]
    assert kiosk.refresh().freshness.now.trusted


def test_a_date_that_can_not_be_read_is_no_date(kiosk: Kiosk, federation: Federation) -> None:
    for role in ("timestamp", "snapshot", "targets", "stable", "root"):
        federation.roles[role].unrecognized_fields["x-issued"] = ["2099"]
    assert packs(kiosk.refresh()) == {}


def test_what_the_operator_sets_is_what_is_remembered(kiosk: Kiosk) -> None:
    with db.transaction(kiosk.conn):
        clocks.remember(kiosk.conn, clock.set_by_operator(START + 5 * DAY))
    assert clocks.memory(kiosk.conn) == clock.set_by_operator(START + 5 * DAY)
    assert away(kiosk).freshness.now.at == START + 5 * DAY
