"""Signing in with a card and a PIN, and who is signed in.

Owns: the table `sessions`, and how wrong PINs are counted. True always: a PIN is counted as wrong before it is looked
at, so that many at once are slowed as well; what is counted on phones that a card does not know keeps nobody out on one
it does; a session is over when it was idle, when it is too old, and as soon as its card, phone or PIN is another.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.errors import InvalidInput
from kiosk.store.cards import CODE_DIGITS, MOST_FAILURES, Press, digits
from kiosk.store.db import Connection, Row, from_text, to_text

FREE_FAILURES = 3
"""Wrong PINs before each further one costs a wait, doubled each time."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
MOST_PHONES = 10
"""Phones that a card knows; the one that was used longest ago is forgotten for the next."""
EXACT = timedelta(minutes=1)
"""How exactly it is known when a session was last seen: a card does not bear a write a page."""


@dataclass(frozen=True)
class Known:
    """A card that a phone knows, since it signed someone in there: the row of the two, and the member's name."""

    phone: int
    name: str


@dataclass(frozen=True)
class Guess:
    """A PIN is about to be tried for a card; `phone` is the row of the phone it is typed on, None if it is new."""

    card: int
    member: int
    phone: int | None
    salt: bytes
    pin_hash: str


@dataclass(frozen=True)
class SignedIn:
    """A session that began: its token, and what its member should be told of the time since the last one on this
    phone: how many phones came to the card, and how many wrong PINs were typed elsewhere.
    """

    token: str
    member: int
    new_phones: int
    failures: int


@dataclass(frozen=True)
class Session:
    """Who is signed in, by which card, on which phone; `stale` tells that `touch` is due."""

    member: int
    name: str
    card: int
    phone: int
    stale: bool


def known(conn: Connection, press: Press, phone: str) -> list[Known]:
    """Return the cards that a phone knows, the last used first; `phone` is the phone's own random text."""
    rows = conn.execute(
        "SELECT phone, name FROM card_phones JOIN cards USING (card) JOIN members USING (member)"
        " WHERE phone_mark = ? AND revoked_at IS NULL ORDER BY last_at DESC, phone DESC",
        (press.mark("phone", phone),),
    )
    return [Known(row["phone"], row["name"]) for row in rows]


def count_guess(conn: Connection, press: Press, shown: str | int, phone: str, now: datetime) -> Guess | None:
    """Count a PIN for a card as wrong before it is looked at; `sign_in` takes it back.

    Args:
        conn, press: the store, and what knows cards.
        shown: the card's token, its code as typed, or the row of a phone that knows it.
        phone: the random text of the phone on which it is typed; "" for one that has none yet.
        now: the time.

    Returns: None when there is no such card, or not any more.

    Raises:
        InvalidInput: there were too many wrong PINs; the wait is not over, or the card is locked.
    """
    card, here = _found(conn, press, shown, phone)
    if card is None:
        return None
    counted = here if here is not None else card
    if counted["failures"] >= MOST_FAILURES:
        raise InvalidInput("This card is locked. The people of the telecenter can open it again.", "pin")
    # A wait that ends far in the future was set by a clock that has since been put right.
    if counted["wait_until"] and now < from_text(counted["wait_until"]) <= now + LONGEST_WAIT:
        raise InvalidInput("Too many wrong PINs. Please wait a few minutes.", "pin")
    failures = int(counted["failures"]) + 1
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** max(0, failures - FREE_FAILURES))
    until = to_text(now + wait) if failures >= FREE_FAILURES else None
    if here is not None:
        conn.execute(
            "UPDATE card_phones SET failures = ?, wait_until = ? WHERE phone = ?", (failures, until, here["phone"])
        )
    else:
        conn.execute("UPDATE cards SET failures = ?, wait_until = ? WHERE card = ?", (failures, until, card["card"]))
    return Guess(
        card["card"], card["member"], here["phone"] if here is not None else None, card["salt"], card["pin_hash"]
    )


def _found(conn: Connection, press: Press, shown: str | int, phone: str) -> tuple[Row | None, Row | None]:
    """Return the card that is shown, and its row with this phone if it knows it."""
    mark = press.mark("phone", phone)
    if isinstance(shown, int):
        card = conn.execute(
            "SELECT cards.* FROM cards JOIN card_phones USING (card)"
            " WHERE phone = ? AND phone_mark = ? AND revoked_at IS NULL",
            (shown, mark),
        ).fetchone()
    else:
        code = digits(shown)
        # Of a code only its digits count, however they are grouped; a token holds letters too.
        is_code = len(code) == CODE_DIGITS and not any(sign.isalpha() for sign in shown)
        card = conn.execute(
            "SELECT * FROM cards WHERE (token_mark = ?1 OR code_mark = ?1) AND revoked_at IS NULL",
            (press.mark("find", code if is_code else shown),),
        ).fetchone()
    if card is None or not phone:
        return card, None
    here = conn.execute("SELECT * FROM card_phones WHERE card = ? AND phone_mark = ?", (card["card"], mark)).fetchone()
    return card, here


def fits(press: Press, guess: Guess, pin: str) -> bool:
    """Tell whether the PIN is right. Slow by design, so not inside a transaction."""
    return press.fits(guess.salt, guess.pin_hash, digits(pin))


def sign_in(conn: Connection, press: Press, guess: Guess, phone: str, now: datetime) -> SignedIn | None:
    """Begin a session for the guess whose PIN fitted, on a phone that the card knows from now on; it is the only one
    of card and phone. None when card or PIN was changed meanwhile.
    """
    card = conn.execute(
        "SELECT * FROM cards WHERE card = ? AND revoked_at IS NULL AND pin_hash = ?", (guess.card, guess.pin_hash)
    ).fetchone()
    if card is None:
        return None
    before = conn.execute("SELECT last_at FROM card_phones WHERE phone = ?", (guess.phone,)).fetchone()
    since = before["last_at"] if before else to_text(now)
    new = conn.execute(
        "SELECT count(*) FROM card_phones WHERE card = ? AND first_at > ?", (guess.card, since)
    ).fetchone()[0]
    if before is None:
        conn.execute("UPDATE cards SET failures = 0, wait_until = NULL WHERE card = ?", (guess.card,))
    row = _know(conn, guess.card, press.mark("phone", phone), now)
    token = secrets.token_urlsafe(16)
    conn.execute("DELETE FROM sessions WHERE phone = ?", (row,))
    conn.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (_mark(token), row, to_text(now), to_text(now)))
    return SignedIn(token, guess.member, new, card["failures"] if before else 0)


def _know(conn: Connection, card: int, mark: bytes, now: datetime) -> int:
    row = conn.execute(
        "INSERT INTO card_phones (card, phone_mark, first_at, last_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (card, phone_mark) DO UPDATE SET last_at = excluded.last_at, failures = 0,"
        " wait_until = NULL RETURNING phone",
        (card, mark, to_text(now), to_text(now)),
    ).fetchone()
    conn.execute(
        "DELETE FROM card_phones WHERE card = ?1 AND phone NOT IN"
        " (SELECT phone FROM card_phones WHERE card = ?1 ORDER BY phone = ?2 DESC, last_at DESC, phone DESC LIMIT ?3)",
        (card, row["phone"], MOST_PHONES),
    )
    return int(row["phone"])


def find(conn: Connection, token: str, now: datetime, idle: timedelta, longest: timedelta) -> Session | None:
    """Return the session with this token; None if there is none or it is over."""
    row = conn.execute(
        "SELECT s.*, p.card, m.member, m.name FROM sessions s JOIN card_phones p USING (phone) "
        " JOIN cards c USING (card) JOIN members m USING (member) WHERE session_mark = ? AND c.revoked_at IS NULL",
        (_mark(token),),
    ).fetchone()
    if row is None:
        return None
    # A clock that was set back makes these lie ahead: that is no reason to keep a session for years.
    unseen, age = abs(now - from_text(row["seen_at"])), abs(now - from_text(row["began_at"]))
    if unseen > idle or age > longest:
        return None
    return Session(row["member"], row["name"], row["card"], row["phone"], unseen >= EXACT)


def touch(conn: Connection, token: str, now: datetime) -> None:
    """Note that a session is used."""
    conn.execute("UPDATE sessions SET seen_at = ? WHERE session_mark = ?", (to_text(now), _mark(token)))


def end(conn: Connection, token: str) -> None:
    """End a session; also one whose cookie somebody kept."""
    conn.execute("DELETE FROM sessions WHERE session_mark = ?", (_mark(token),))


def forget(conn: Connection, card: int, phone: int) -> None:
    """Make a card forget a phone, which signs it out there; nothing happens when it does not know it."""
    conn.execute("DELETE FROM card_phones WHERE card = ? AND phone = ?", (card, phone))


def _mark(token: str) -> bytes:
    # The token has 128 random bits: a plain hash is enough.
    return hashlib.sha256(token.encode()).digest()
