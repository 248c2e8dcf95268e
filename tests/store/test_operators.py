"""Operators: one-time passwords, passwords of their own, and guesses that are slowed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from kiosk.errors import InvalidInput, NotFound
from kiosk.store import db, operators
from kiosk.store.operators import Operator, Rights
from tests.making import MovableClock

GOOD = "a field of green beans"


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[db.Connection]:
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn:
        yield conn


def enter(conn: db.Connection, name: str, password: str, now: datetime) -> Operator | None:
    """Sign in as the console does."""
    guess = operators.count_guess(conn, name, now)
    return operators.sign_in(conn, guess, now) if operators.fits(guess, password) else None


def test_a_one_time_password_lets_in_once_it_must_be_changed(conn: db.Connection) -> None:
    now = MovableClock()()
    password = operators.issue_one_time_password(conn, "operator", now)
    assert password is not None
    found = enter(conn, "operator", password, now)
    assert found is not None
    assert found.must_change
    assert not operators.choose_password(conn, "operator", GOOD, now).must_change
    assert enter(conn, "operator", password, now) is None
    assert enter(conn, "operator", GOOD, now) is not None
    assert operators.issue_one_time_password(conn, "operator", now) is None


def test_a_new_one_time_password_replaces_the_old(conn: db.Connection) -> None:
    now = MovableClock()()
    first = operators.issue_one_time_password(conn, "operator", now)
    second = operators.issue_one_time_password(conn, "operator", now)
    assert first != second
    assert enter(conn, "operator", first or "", now) is None


def test_a_name_is_known_by_any_capitals_and_slowed_as_one(conn: db.Connection) -> None:
    now = MovableClock()()
    password = operators.add(conn, "Amina", Rights.EDITOR, now)
    found = enter(conn, "amina", password, now)
    assert found is not None
    assert found.name == "Amina"
    for name in ("amina", "AMINA", "Amina", "aMina", "amIna"):
        operators.count_guess(conn, name, now)
    with pytest.raises(InvalidInput, match="Too many wrong passwords"):
        operators.count_guess(conn, "Amina", now)


def test_no_password_is_stored(conn: db.Connection) -> None:
    now = MovableClock()()
    password = operators.issue_one_time_password(conn, "operator", now)
    stored = conn.execute("SELECT password_hash FROM operators").fetchone()[0]
    assert stored.startswith("scrypt:")
    assert password not in stored


def test_guesses_are_slowed_and_the_wait_ends(conn: db.Connection) -> None:
    clock = MovableClock()
    operators.issue_one_time_password(conn, "operator", clock())
    operators.choose_password(conn, "operator", GOOD, clock())
    for _ in range(operators.FREE_FAILURES):
        assert enter(conn, "operator", "wrong", clock()) is None
    with pytest.raises(InvalidInput, match="Too many wrong passwords"):
        enter(conn, "operator", GOOD, clock())
    clock.forward(minutes=16)
    assert enter(conn, "operator", GOOD, clock()) is not None


def test_a_wait_that_a_wrong_clock_set_does_not_lock_out(conn: db.Connection) -> None:
    clock = MovableClock()
    operators.issue_one_time_password(conn, "operator", clock())
    operators.choose_password(conn, "operator", GOOD, clock())
    clock.forward(days=4000)
    for _ in range(operators.FREE_FAILURES):
        enter(conn, "operator", "wrong", clock())
    clock.forward(days=-4000)
    assert enter(conn, "operator", GOOD, clock()) is not None


@pytest.mark.parametrize("password", ["short", "", "x" * 201])
def test_a_password_that_is_too_weak_or_long_is_refused(conn: db.Connection, password: str) -> None:
    operators.issue_one_time_password(conn, "operator", MovableClock()())
    with pytest.raises(InvalidInput):
        operators.choose_password(conn, "operator", password, MovableClock()())


def test_nobody_is_not_let_in(conn: db.Connection) -> None:
    assert enter(conn, "nobody", GOOD, MovableClock()()) is None
    with pytest.raises(NotFound):
        operators.choose_password(conn, "nobody", GOOD, MovableClock()())


def test_guesses_at_the_same_moment_are_slowed_too(conn: db.Connection) -> None:
    now = MovableClock()()
    operators.issue_one_time_password(conn, "operator", now)
    for _ in range(operators.FREE_FAILURES):  # none of them has been checked yet
        operators.count_guess(conn, "operator", now)
    with pytest.raises(InvalidInput, match="Too many wrong passwords"):
        operators.count_guess(conn, "operator", now)


def test_a_password_that_was_changed_while_it_was_checked_lets_nobody_in(conn: db.Connection) -> None:
    now = MovableClock()()
    password = operators.issue_one_time_password(conn, "operator", now) or ""
    guess = operators.count_guess(conn, "operator", now)
    operators.choose_password(conn, "operator", GOOD, now)
    assert operators.fits(guess, password)
    assert operators.sign_in(conn, guess, now) is None
