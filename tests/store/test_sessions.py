"""Cards and sessions where the portal's pages do not reach: many guesses at once, many phones, and what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.errors import Conflict, InvalidInput
from kiosk.store import cards, db, members, sessions
from kiosk.store.cards import Press

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PIN = "4071"
PRESS = Press("ab" * 32)
IDLE, LONGEST = timedelta(minutes=15), timedelta(hours=4)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[db.Connection]:
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn, db.transaction(conn):
        members.add(conn, "Amina", NOW, 12)
        cards.issue(conn, PRESS, 12, PIN, NOW)
        yield conn


def token(conn: db.Connection) -> str:
    return cards.printed(conn, PRESS, 12).token


def enter(conn: db.Connection, phone: str, now: datetime = NOW) -> str:
    guess = sessions.count_guess(conn, PRESS, token(conn), phone, now)
    assert guess
    assert sessions.fits(PRESS, guess, PIN)
    begun = sessions.sign_in(conn, PRESS, guess, phone, now)
    assert begun
    return begun.token


def test_guesses_count_before_they_are_looked_at(conn: db.Connection) -> None:
    begun = [sessions.count_guess(conn, PRESS, token(conn), "", NOW) for _ in range(sessions.FREE_FAILURES)]
    assert all(begun)
    with pytest.raises(InvalidInput, match="Too many wrong PINs"):
        sessions.count_guess(conn, PRESS, token(conn), "", NOW)


def test_a_guess_for_a_pin_that_was_changed_meanwhile_opens_nothing(conn: db.Connection) -> None:
    guess = sessions.count_guess(conn, PRESS, token(conn), "a", NOW)
    assert guess
    cards.change_pin(conn, PRESS, 12, "5820")
    assert sessions.sign_in(conn, PRESS, guess, "a", NOW) is None


def test_the_phone_used_longest_ago_makes_room(conn: db.Connection) -> None:
    begun = [enter(conn, f"phone {n}", NOW + timedelta(seconds=n)) for n in range(sessions.MOST_PHONES)]
    now = NOW + timedelta(minutes=1)
    begun[0] = enter(conn, "phone 0", now)
    enter(conn, "one more", now + timedelta(seconds=1))
    assert len(cards.all_of(conn, 12)[0].phones) == sessions.MOST_PHONES
    assert sessions.find(conn, begun[0], now, IDLE, LONGEST)
    assert sessions.find(conn, begun[1], now, IDLE, LONGEST) is None
    assert sessions.known(conn, PRESS, "phone 1") == []


def test_a_second_session_of_card_and_phone_ends_the_first(conn: db.Connection) -> None:
    first, second = enter(conn, "a"), enter(conn, "a")
    assert sessions.find(conn, first, NOW, IDLE, LONGEST) is None
    assert sessions.find(conn, second, NOW, IDLE, LONGEST)


def test_a_copy_of_the_database_gives_no_card_no_pin_and_no_session(conn: db.Connection) -> None:
    printed, session = cards.printed(conn, PRESS, 12), enter(conn, "the phone's number")
    dump = "\n".join(str(tuple(row)) for table in ("cards", "card_phones", "sessions")
                     for row in conn.execute(f"SELECT * FROM {table}"))  # fmt: skip
    for secret in (printed.token, printed.code, session, "the phone's number"):
        assert secret not in dump
    other = Press("cd" * 32)
    assert cards.printed(conn, other, 12) != printed
    guess = sessions.count_guess(conn, PRESS, printed.token, "", NOW)
    assert guess
    assert sessions.fits(PRESS, guess, PIN)
    assert not sessions.fits(other, guess, PIN), "without the secret the right PIN can not be told from others"
    assert sessions.count_guess(conn, other, printed.token, "", NOW) is None


def test_tokens_have_128_bits_and_codes_twelve_digits(conn: db.Connection) -> None:
    found = [PRESS.printed(n.to_bytes(16, "big")) for n in range(200)]
    assert len({each.token for each in found}) == len({each.code for each in found}) == 200
    assert {len(each.token) for each in found} == {22}
    assert all(len(each.code) == 12 and each.code.isdigit() for each in found)


def test_a_random_pin_is_one_that_is_taken() -> None:
    for _ in range(300):
        assert not cards._easy(cards.random_pin())


def test_a_number_is_one_members(conn: db.Connection) -> None:
    with pytest.raises(Conflict):
        members.add(conn, "Juma", NOW, 12)
    assert members.add(conn, "Juma", NOW) == 13
