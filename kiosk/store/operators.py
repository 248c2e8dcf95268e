"""Who may enter the console, and with which rights.

Owns: the table `operators`, password hashes and one-time passwords. True always: no password is stored; a one-time
password lets its holder do nothing but choose a password; one active manager is always left; names are never given
again, so that the list of acts stays true; a change of password ends every session there was.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from werkzeug.security import check_password_hash, generate_password_hash

from kiosk.errors import InvalidInput, NotFound
from kiosk.store import guesses
from kiosk.store.db import Connection, Row, from_text, to_text
from kiosk.store.guesses import FREE_FAILURES

__all__ = ["FREE_FAILURES"]
LEAST_PASSWORD, MOST_PASSWORD = 10, 200
"""Length of a password in characters. Length protects; rules about signs only make people write it down."""
MOST_NAME = 40
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters of a one-time password: none that is taken for another on paper."""


class Rights(StrEnum):
    """What an operator may do: look after contents and people, or the machine and the other operators as well."""

    EDITOR = "editor"
    MANAGER = "manager"


@dataclass(frozen=True)
class Operator:
    """One who may enter. `changed_at` is when the password was set, `sign_outs` how often all sessions were ended:
    sessions from before either are void. `signed_in_at` is the last sign-in, None when there was none.
    """

    name: str
    must_change: bool
    changed_at: datetime
    sign_outs: int
    rights: Rights = Rights.MANAGER
    shut_out: bool = False
    signed_in_at: datetime | None = None


def get(conn: Connection, name: str) -> Operator:
    """Return an operator.

    Raises:
        NotFound: there is none of this name.
    """
    row = conn.execute("SELECT * FROM operators WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"there is no operator {name}")
    return _operator(row)


def all_of(conn: Connection) -> list[Operator]:
    """Return all operators by name, also those who are shut out."""
    return [_operator(row) for row in conn.execute("SELECT * FROM operators ORDER BY name")]


def add(conn: Connection, name: str, rights: Rights, now: datetime) -> str:
    """Make an operator and return the one-time password: 12 letters, some 59 bits, told this once.

    Raises:
        InvalidInput: the name is empty, too long, has signs that can not be read, or is or was somebody's.
    """
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable() or name != name.strip():
        raise InvalidInput("Please type a name of 1 to 40 letters.", "name")
    taken = {each.name.casefold() for each in all_of(conn)}
    if name.casefold() in taken:
        raise InvalidInput("There is an operator of this name.", "name")
    password = _one_time_password()
    conn.execute(
        "INSERT INTO operators (name, password_hash, must_change, changed_at, rights) VALUES (?, ?, 1, ?, ?)",
        (name, generate_password_hash(password), to_text(now), rights),
    )
    return password


def issue_one_time_password(conn: Connection, name: str, now: datetime) -> str | None:
    """Give an operator who has not yet chosen a password a new one-time password, and return it; else None.

    The operator is made, a manager, when missing.
    """
    row = conn.execute("SELECT must_change FROM operators WHERE name = ?", (name,)).fetchone()
    if row is None:
        return add(conn, name, Rights.MANAGER, now)
    return reset(conn, name, now) if row["must_change"] else None


def reset(conn: Connection, name: str, now: datetime) -> str:
    """Give an operator who forgot the password a one-time password and return it; the old one opens nothing any more.

    Raises:
        NotFound: there is no such operator.
    """
    password = _one_time_password()
    _set_password(conn, get(conn, name).name, password, now, must_change=True)
    return password


def change_rights(conn: Connection, name: str, rights: Rights) -> None:
    """Give an operator other rights, at once.

    Raises:
        InvalidInput: no active manager would be left.
        NotFound: there is no such operator.
    """
    get(conn, name)
    conn.execute("UPDATE operators SET rights = ? WHERE name = ?", (rights, name))
    _check_manager_left(conn)


def shut_out(conn: Connection, name: str, *, shut: bool) -> None:
    """Let an operator in no more, ending every session, or let one in again.

    Raises:
        InvalidInput: no active manager would be left.
        NotFound: there is no such operator.
    """
    get(conn, name)
    conn.execute("UPDATE operators SET shut_out = ?, sign_outs = sign_outs + 1 WHERE name = ?", (shut, name))
    _check_manager_left(conn)


def _check_manager_left(conn: Connection) -> None:
    if not conn.execute("SELECT 1 FROM operators WHERE rights = 'manager' AND NOT shut_out LIMIT 1").fetchone():
        raise InvalidInput("One manager must be left.")


@dataclass(frozen=True)
class Guess:
    """A password is about to be tried: the hash it must fit, None when nobody of this name may enter."""

    name: str
    password_hash: str | None


def count_guess(conn: Connection, name: str, now: datetime) -> Guess:
    """Count a guess as wrong before it is checked, so that many at once are slowed as well; `sign_in` takes it back.

    Names that are nobody's are slowed in the same way, so that the wait does not tell which names there are.

    Raises:
        InvalidInput: there were too many wrong passwords; the wait is not over.
    """
    # A phone begins a name with a capital by itself; no two names differ by that alone.
    name = next((each.name for each in all_of(conn) if each.name.casefold() == name.casefold()), name)
    row = conn.execute("SELECT name, password_hash, shut_out FROM operators WHERE name = ?", (name,)).fetchone()
    guesses.count(conn, name, now, known=row is not None)
    return Guess(name, row["password_hash"] if row is not None and not row["shut_out"] else None)


def fits(guess: Guess, password: str) -> bool:
    """Tell whether the password is right. Takes a tenth of a second and more, so not inside a transaction."""
    if guess.password_hash is None:
        generate_password_hash(password)  # as slow as a real check, so that names can not be told apart
        return False
    return check_password_hash(guess.password_hash, password)


def sign_in(conn: Connection, guess: Guess, now: datetime) -> Operator | None:
    """Return the operator whose password fitted; None when it was changed since. Forgets the wrong guesses."""
    changed = conn.execute(
        "UPDATE operators SET signed_in_at = ? WHERE name = ? AND password_hash = ? AND NOT shut_out",
        (to_text(now), guess.name, guess.password_hash),
    )
    if not changed.rowcount:
        return None
    guesses.take_back(conn, guess.name, now)
    return get(conn, guess.name)


def sign_out(conn: Connection, name: str) -> None:
    """End every session of an operator, also one whose cookie somebody kept."""
    conn.execute("UPDATE operators SET sign_outs = sign_outs + 1 WHERE name = ?", (name,))


def choose_password(conn: Connection, name: str, password: str, now: datetime) -> Operator:
    """Set the password an operator chose and return the operator; every session there was ends.

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
    _set_password(conn, name, password, now, must_change=False)
    return get(conn, name)


def _set_password(conn: Connection, name: str, password: str, now: datetime, *, must_change: bool) -> None:
    # Times are kept in whole seconds: it is the count that ends a session of this very second.
    conn.execute(
        "UPDATE operators SET password_hash = ?, must_change = ?, changed_at = ?, sign_outs = sign_outs + 1"
        " WHERE name = ?",
        (generate_password_hash(password), must_change, to_text(now), name),
    )
    guesses.forget(conn, name)


def _one_time_password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


def _operator(row: Row) -> Operator:
    signed_in_at = from_text(row["signed_in_at"]) if row["signed_in_at"] else None
    return Operator(
        row["name"], bool(row["must_change"]), from_text(row["changed_at"]), row["sign_outs"],
        Rights(row["rights"]), bool(row["shut_out"]), signed_in_at,
    )  # fmt: skip
