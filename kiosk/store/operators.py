"""Who may enter the console.

Owns: the table `operators`, password hashes and the slowing down of guesses. True always: no password is stored, and
a one-time password lets its holder do nothing but choose a password.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.security import check_password_hash, generate_password_hash

from kiosk.errors import InvalidInput, NotFound
from kiosk.store.db import Connection, from_text, to_text

LEAST_PASSWORD, MOST_PASSWORD = 10, 200
"""Length of a password in characters. Length protects; rules about signs only make people write it down."""
FREE_FAILURES = 5
"""Wrong passwords before each further one costs a wait, doubled each time up to `LONGEST_WAIT`."""
LONGEST_WAIT = timedelta(minutes=15)
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters of a one-time password: none that is taken for another on paper."""


@dataclass(frozen=True)
class Operator:
    """One who may enter. `changed_at` is when the password was set, `sign_outs` how often the operator signed out:
    sessions from before either are void.
    """

    name: str
    must_change: bool
    changed_at: datetime
    sign_outs: int


def get(conn: Connection, name: str) -> Operator:
    """Return an operator.

    Raises:
        NotFound: there is none of this name.
    """
    row = conn.execute("SELECT * FROM operators WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"there is no operator {name}")
    return Operator(row["name"], bool(row["must_change"]), from_text(row["changed_at"]), row["sign_outs"])


def issue_one_time_password(conn: Connection, name: str, now: datetime) -> str | None:
    """Give an operator who has not yet chosen a password a new one-time password, and return it; else None.

    The operator is made when missing. The password has 12 letters, some 59 bits.
    """
    row = conn.execute("SELECT must_change FROM operators WHERE name = ?", (name,)).fetchone()
    if row is not None and not row["must_change"]:
        return None
    password = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))
    conn.execute(
        "INSERT INTO operators (name, password_hash, must_change, changed_at) VALUES (?, ?, 1, ?)"
        " ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash,"
        " changed_at = excluded.changed_at, failures = 0, locked_until = NULL",
        (name, generate_password_hash(password), to_text(now)),
    )
    return password


@dataclass(frozen=True)
class Guess:
    """A password is about to be tried: the hash it must fit, None when there is no operator of this name."""

    name: str
    password_hash: str | None


def count_guess(conn: Connection, name: str, now: datetime) -> Guess:
    """Count a guess as wrong before it is checked, so that many at once are slowed as well; `sign_in` takes it back.

    Raises:
        InvalidInput: there were too many wrong passwords; the wait is not over.
    """
    row = conn.execute("SELECT * FROM operators WHERE name = ?", (name,)).fetchone()
    if row is None:
        return Guess(name, None)
    # A wait that ends far in the future was set by a clock that has since been put right.
    if row["locked_until"] and now < from_text(row["locked_until"]) <= now + LONGEST_WAIT:
        raise InvalidInput("Too many wrong passwords. Please wait a few minutes.", "password")
    _count_failure(conn, name, int(row["failures"]) + 1, now)
    return Guess(name, row["password_hash"])


def fits(guess: Guess, password: str) -> bool:
    """Tell whether the password is right. Takes a tenth of a second and more, so not inside a transaction."""
    if guess.password_hash is None:
        generate_password_hash(password)  # as slow as a real check, so that names can not be told apart
        return False
    return check_password_hash(guess.password_hash, password)


def sign_in(conn: Connection, guess: Guess) -> Operator | None:
    """Return the operator whose password fitted; None when it was changed since. Forgets the wrong guesses."""
    changed = conn.execute(
        "UPDATE operators SET failures = 0, locked_until = NULL WHERE name = ? AND password_hash = ?",
        (guess.name, guess.password_hash),
    )
    return get(conn, guess.name) if changed.rowcount else None


def sign_out(conn: Connection, name: str) -> None:
    """End every session of an operator, also one whose cookie somebody kept."""
    conn.execute("UPDATE operators SET sign_outs = sign_outs + 1 WHERE name = ?", (name,))


def _count_failure(conn: Connection, name: str, failures: int, now: datetime) -> None:
    wait = min(LONGEST_WAIT, timedelta(seconds=2 ** min(failures - FREE_FAILURES, 12)))
    until = to_text(now + wait) if failures >= FREE_FAILURES else None
    conn.execute("UPDATE operators SET failures = ?, locked_until = ? WHERE name = ?", (failures, until, name))


def choose_password(conn: Connection, name: str, password: str, now: datetime) -> Operator:
    """Set the password an operator chose and return the operator.

    Raises:
        InvalidInput: too short, too long, the operator's own name, or the password there was.
        NotFound: there is no such operator.
    """
    if len(password) < LEAST_PASSWORD:
        raise InvalidInput("A password needs at least 10 characters.", "password")
    if len(password) > MOST_PASSWORD or password.strip().lower() == name.lower():
        raise InvalidInput("Please choose another password.", "password")
    row = conn.execute("SELECT password_hash FROM operators WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"there is no operator {name}")
    if check_password_hash(row["password_hash"], password):
        raise InvalidInput("Please choose another password.", "password")
    conn.execute(
        "UPDATE operators SET password_hash = ?, must_change = 0, changed_at = ?, failures = 0, locked_until = NULL"
        " WHERE name = ?",
        (generate_password_hash(password), to_text(now), name),
    )
    return get(conn, name)
