"""The rules of time; each test is a row of docs/decisions/0007-time-without-a-clock.md, named by its number."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.clock import (
    LONE_JUMP,
    LONGEST_AWAY,
    SKEW,
    Freshness,
    Memory,
    Now,
    Reading,
    Witness,
    disowned,
    firm,
    judge,
    learned,
    saved,
    set_by_operator,
)

BUILT = datetime(2026, 11, 1, tzinfo=UTC)
LOST = datetime(1970, 1, 1, tzinfo=UTC)
ABSURD = datetime(2099, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SIGNED = BUILT + 60 * DAY
KNOWN = Memory(agreed=SIGNED)
ONLINE = frozenset({"timestamp-key", "snapshot-key"})


def alone(at: datetime, vouched: bool = False) -> Reading:
    return Reading(at, vouched, BUILT)


def witness(role: str, issued: datetime, *keys: str) -> Witness:
    return Witness(role, issued, frozenset(keys) or ONLINE)


def hear(memory: Memory, *witnesses: Witness, reading: Reading | None = None) -> Memory:
    reading = reading or alone(LOST)
    return learned(memory, witnesses, reading, judge(reading, memory))


def test_row_01_a_lost_clock() -> None:
    assert judge(alone(LOST), Memory()).at == BUILT
    now = judge(alone(LOST), KNOWN)
    assert (now.at, now.trusted) == (SIGNED, False)
    assert now.doubt == "nobody vouches for this machine's clock"


def test_row_02_a_clock_nobody_vouches_for() -> None:
    now = judge(alone(SIGNED + DAY), KNOWN)
    assert (now.at, now.trusted) == (SIGNED + DAY, False)


def test_row_03_a_guess_does_not_run_backwards() -> None:
    reading = alone(SIGNED + 9 * DAY)
    memory = saved(KNOWN, reading, judge(reading, KNOWN))
    assert judge(alone(LOST), memory).at == SIGNED + 9 * DAY
    assert firm(alone(LOST), memory) == SIGNED


def test_row_04_an_absurd_clock() -> None:
    now = judge(alone(ABSURD), KNOWN)
    assert (now.at, now.trusted) == (SIGNED, False)


def test_row_05_a_clock_to_trust() -> None:
    reading = alone(SIGNED + 9 * DAY, vouched=True)
    now = judge(reading, KNOWN)
    assert now == Now(SIGNED + 9 * DAY, trusted=True)
    assert judge(alone(LOST), saved(KNOWN, reading, now)).at == SIGNED + 9 * DAY


def test_row_06_clocks_differ() -> None:
    assert judge(alone(SIGNED - 23 * HOUR, vouched=True), KNOWN) == Now(SIGNED, trusted=True)


def test_row_07_a_clock_that_contradicts() -> None:
    now = judge(alone(SIGNED - 25 * HOUR, vouched=True), KNOWN)
    assert (now.at, now.trusted) == (SIGNED, False)
    assert now.doubt == "this machine's clock says 2026-12-29, behind 2026-12-31"


def test_row_08_a_forged_time_server() -> None:
    now = judge(alone(SIGNED + LONGEST_AWAY + DAY, vouched=True), KNOWN)
    assert (now.at, now.trusted) == (SIGNED, False)
    assert "far ahead of" in now.doubt


def test_row_09_a_guess_goes_when_there_is_a_clock() -> None:
    guessed = replace(KNOWN, guess=SIGNED + 900 * DAY)
    reading = alone(SIGNED + DAY, vouched=True)
    now = judge(reading, guessed)
    assert now == Now(SIGNED + DAY, trusted=True)
    assert judge(alone(LOST), saved(guessed, reading, now)).at == SIGNED + DAY


def test_row_10_the_operator_sets_the_clock() -> None:
    memory = set_by_operator(SIGNED)
    assert judge(alone(LOST), memory).at == SIGNED
    assert judge(alone(SIGNED + HOUR, vouched=True), memory).trusted


def test_row_11_one_role_alone() -> None:
    assert firm(alone(LOST), hear(KNOWN, witness("timestamp", ABSURD))) == SIGNED + LONE_JUMP
    assert firm(alone(LOST), hear(KNOWN, witness("timestamp", SIGNED + DAY))) == SIGNED + DAY


def test_row_12_one_role_a_hundred_times() -> None:
    memory = KNOWN
    for number in range(100):
        reading = alone(LOST)
        memory = saved(memory, reading, judge(reading, memory))
        memory = hear(memory, witness("timestamp", SIGNED + number * LONE_JUMP), witness("stable", SIGNED, "c"))
    assert firm(alone(LOST), memory) == SIGNED + LONE_JUMP


def test_row_13_two_roles_agree() -> None:
    later = SIGNED + 300 * DAY
    heard = witness("timestamp", later + 2 * DAY), witness("stable", later, "channel-key")
    assert hear(KNOWN, *heard).agreed == later
    assert firm(alone(LOST), hear(KNOWN, *heard)) == later + 2 * DAY


def test_row_14_the_online_roles_are_one() -> None:
    heard = witness("timestamp", ABSURD), witness("snapshot", ABSURD)
    assert firm(alone(LOST), hear(KNOWN, *heard)) == SIGNED + LONE_JUMP


def test_row_15_the_root_alone() -> None:
    assert hear(KNOWN, witness("root", SIGNED + 400 * DAY, "root-key")).agreed == SIGNED + 400 * DAY


def test_row_16_a_clock_to_trust_bounds_all() -> None:
    reading = alone(SIGNED + DAY, vouched=True)
    heard = witness("timestamp", ABSURD), witness("stable", ABSURD, "c"), witness("root", ABSURD, "r")
    memory = KNOWN
    for _ in range(9):
        now = judge(reading, memory)
        assert now.trusted
        memory = learned(saved(memory, reading, now), heard, reading, now)
    assert firm(reading, memory) == reading.at + SKEW


def test_row_17_keys_that_were_taken_away() -> None:
    memory = Memory(agreed=ABSURD, signed=ABSURD, saved=SIGNED)
    fresh = witness("timestamp", SIGNED + DAY), witness("stable", SIGNED, "channel-key")
    assert firm(alone(LOST), hear(disowned(memory), *fresh)) == SIGNED + DAY


def test_row_18_a_publisher_whose_clock_is_slow() -> None:
    heard = witness("timestamp", LOST), witness("stable", LOST, "c"), witness("root", LOST, "r")
    assert firm(alone(LOST), hear(KNOWN, *heard)) == SIGNED


def test_row_19_metadata_that_does_not_say_when() -> None:
    assert hear(KNOWN) == KNOWN


def test_every_row_has_a_test() -> None:
    root = Path(__file__).parents[1]
    table = (root / "docs/decisions/0007-time-without-a-clock.md").read_text()
    rows = {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    tests = "".join((root / "tests" / name).read_text() for name in ("test_clock.py", "sync/test_time.py"))
    assert rows == {int(number) for number in re.findall(r"^def test_row_(\d\d)_", tests, re.MULTILINE)}
    assert rows == set(range(1, 26))


def test_freshness_is_told_in_words() -> None:
    now = Now(SIGNED, trusted=True)
    assert str(Freshness(now, SIGNED + DAY)) == "fresh until 2027-01-01"
    assert str(Freshness(replace(now, doubt="no clock"), SIGNED - DAY)) == "may be stale since 2026-12-30 (no clock)"
