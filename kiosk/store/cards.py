"""The cards by which members sign in: a token printed as a QR code, its short typed form, and a PIN.

Owns: the tables `cards` and `card_phones`. True always: a card signs nobody in without its PIN; a member has at most
one card that is valid; what is printed on a card can not be made from the database alone, since a secret of the kiosk
goes into it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from werkzeug.security import check_password_hash, generate_password_hash

from kiosk.errors import InvalidInput, NotFound
from kiosk.store import settings
from kiosk.store.db import Connection, Row, from_text, to_text
from kiosk.store.state import State

TOKEN_BYTES, CODE_DIGITS = 16, 12
LEAST_PIN, MOST_PIN = 4, 6
PIN_METHOD = "scrypt:4096:8:1"
"""4 MB and some 0.1 s on the smallest kiosk. A PIN has too few digits for any cost to save it; the secret does."""
MOST_FAILURES = 10
"""Wrong PINs after which no more are taken for a card, or on one phone that it knows."""


@dataclass(frozen=True)
class Phone:
    """A phone that a card knows: its row, and when the card first and last signed someone in on it."""

    phone: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Card:
    """A card that is or was valid. `failures` are the wrong PINs on phones it does not know, since the last right one;
    `locked` tells that no more are taken there.
    """

    card: int
    member: int
    issued_at: datetime
    revoked_at: datetime | None
    failures: int
    locked: bool
    phones: tuple[Phone, ...]


@dataclass(frozen=True)
class Printed:
    """What is printed on a card: the token (22 signs, 128 bits) and the code to type (12 digits, 40 bits)."""

    token: str
    code: str


def secret(conn: Connection, state: State) -> str:
    """Return the secret of the cards that are valid by this database: a restored database names another file than
    `cards`, so that database and secret change in one instant.
    """
    return state.secret(str(settings.read(conn, "cards", lambda _, value: str(value)).get("secret", "cards")))


def take_secret(conn: Connection, name: str) -> None:
    """Have the cards of this database belong to the secret of this name."""
    settings.keep(conn, "cards", "secret", name, "cards")


class Press:
    """Makes what is printed on cards, and knows it again. Holds the secret `cards` of the kiosk."""

    def __init__(self, secret: str) -> None:
        self._key = bytes.fromhex(secret)

    def printed(self, salt: bytes) -> Printed:
        """Return what is printed on the card with this salt."""
        token = base64.urlsafe_b64encode(self.mark("token", salt)[:TOKEN_BYTES]).rstrip(b"=").decode()
        number = int.from_bytes(self.mark("code", salt)[:16], "big") % 10**CODE_DIGITS
        return Printed(token, f"{number:0{CODE_DIGITS}}")

    def mark(self, use: str, value: bytes | str) -> bytes:
        """Return a value's keyed hash (32 bytes): by it the database knows a thing without holding it."""
        data = value.encode() if isinstance(value, str) else value
        return hmac.digest(self._key, use.encode() + b":" + data, hashlib.sha256)

    def pin_hash(self, salt: bytes, pin: str) -> str:
        """Return the hash to keep of a PIN."""
        return generate_password_hash(self._pin(salt, pin), PIN_METHOD)

    def fits(self, salt: bytes, pin_hash: str, pin: str) -> bool:
        """Tell whether a PIN is right. Slow by design."""
        return check_password_hash(pin_hash, self._pin(salt, pin))

    def _pin(self, salt: bytes, pin: str) -> str:
        return self.mark("pin", salt + pin.encode()).hex()


def digits(text: str) -> str:
    """Return the digits in a text, whatever script they are written in, as 0 to 9."""
    return "".join(str(unicodedata.digit(sign)) for sign in text if unicodedata.digit(sign, None) is not None)


def random_pin() -> str:
    """Return a PIN of the fewest digits that is not too easy."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(LEAST_PIN))
        if not _easy(pin):
            return pin


def issue(conn: Connection, press: Press, member: int, pin: str, now: datetime) -> int:
    """Make a card for a member, revoke the one there was, and return its number.

    Raises:
        InvalidInput: the PIN is not one.
        NotFound: there is no such member.
    """
    if conn.execute("SELECT 1 FROM members WHERE member = ?", (member,)).fetchone() is None:
        raise NotFound(f"there is no member {member}")
    revoke(conn, member, now)
    salt = secrets.token_bytes(16)
    printed = press.printed(salt)
    done = conn.execute(
        "INSERT INTO cards (member, salt, token_mark, code_mark, pin_hash, issued_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            member, salt, press.mark("find", printed.token), press.mark("find", printed.code),
            press.pin_hash(salt, _checked(pin)), to_text(now),
        ),
    )  # fmt: skip
    return int(done.lastrowid or 0)


def revoke(conn: Connection, member: int, now: datetime) -> bool:
    """Make a member's card open nothing any more, and sign the member out everywhere; False when there was none."""
    row = conn.execute("SELECT card FROM cards WHERE member = ? AND revoked_at IS NULL", (member,)).fetchone()
    if row is None:
        return False
    conn.execute("DELETE FROM card_phones WHERE card = ?", (row["card"],))
    conn.execute("UPDATE cards SET revoked_at = ? WHERE card = ?", (to_text(now), row["card"]))
    return True


def printed(conn: Connection, press: Press, member: int) -> Printed:
    """Return what is printed on a member's card.

    Raises:
        NotFound: the member has no valid card.
    """
    return press.printed(_valid(conn, member)["salt"])


def all_of(conn: Connection, member: int) -> list[Card]:
    """Return a member's cards, the newest first: of these only the first can be valid."""
    rows = conn.execute("SELECT * FROM cards WHERE member = ? ORDER BY card DESC", (member,))
    return [_card(conn, row) for row in rows]


def get(conn: Connection, card: int) -> Card:
    """Return a card.

    Raises:
        NotFound: there is none of this number.
    """
    row = conn.execute("SELECT * FROM cards WHERE card = ?", (card,)).fetchone()
    if row is None:
        raise NotFound(f"there is no card {card}")
    return _card(conn, row)


def unlock(conn: Connection, member: int) -> None:
    """Forget the wrong PINs that were typed for a member's card, on whatever phone.

    Raises:
        NotFound: the member has no valid card.
    """
    card = _valid(conn, member)["card"]
    conn.execute("UPDATE cards SET failures = 0, wait_until = NULL WHERE card = ?", (card,))
    conn.execute("UPDATE card_phones SET failures = 0, wait_until = NULL WHERE card = ?", (card,))


def change_pin(conn: Connection, press: Press, member: int, pin: str) -> None:
    """Set another PIN for a member's card, and sign the member out everywhere.

    Raises:
        InvalidInput: the PIN is not one, or the one there was.
        NotFound: the member has no valid card.
    """
    row = _valid(conn, member)
    if press.fits(row["salt"], row["pin_hash"], _checked(pin)):
        raise InvalidInput("Please choose another PIN.", "new")
    conn.execute("UPDATE cards SET pin_hash = ? WHERE card = ?", (press.pin_hash(row["salt"], pin), row["card"]))
    conn.execute("DELETE FROM sessions WHERE phone IN (SELECT phone FROM card_phones WHERE card = ?)", (row["card"],))
    unlock(conn, member)


def _valid(conn: Connection, member: int) -> Row:
    row = conn.execute("SELECT * FROM cards WHERE member = ? AND revoked_at IS NULL", (member,)).fetchone()
    if row is None:
        raise NotFound(f"member {member} has no valid card", "kiosk member reissue makes one")
    found: Row = row
    return found


def _card(conn: Connection, row: Row) -> Card:
    phones = conn.execute("SELECT * FROM card_phones WHERE card = ? ORDER BY first_at, phone", (row["card"],))
    return Card(
        row["card"],
        row["member"],
        from_text(row["issued_at"]),
        from_text(row["revoked_at"]) if row["revoked_at"] else None,
        row["failures"],
        row["failures"] >= MOST_FAILURES,
        tuple(Phone(each["phone"], from_text(each["first_at"]), from_text(each["last_at"])) for each in phones),
    )


def _checked(pin: str) -> str:
    if not (pin.isascii() and pin.isdigit() and LEAST_PIN <= len(pin) <= MOST_PIN):
        raise InvalidInput("A PIN has 4 to 6 digits.", "new")
    if _easy(pin):
        raise InvalidInput("Please choose another PIN.", "new")
    return pin


def _easy(pin: str) -> bool:
    # What everyone tries first: 1111, 1234, 4321, and such.
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
