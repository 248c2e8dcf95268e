"""Wrong passwords at the console's login: slowed by name, and counted by day for operators to see.

Owns: the tables `guesses` and `failed_logins`. True always: a name is slowed in the same way whether it is an
operator's or nobody's; what was typed as a name is not kept, as it may have been a password.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kiosk.errors import InvalidInput
from kiosk.store.db import Connection, from_text, to_text

FREE_FAILURES = 5
"""Wrong passwords before each further one costs a wait, doubled each time up to `LONGEST_WAIT`."""
LONGEST_WAIT = timedelta(minutes=15)
MOST_NAMES = 5000
"""How many names are slowed at a time. Whoever drives one out with others has spent hours on their checks."""
DAYS = 30
"""How long failed logins are shown."""


@dataclass(frozen=True)
class Failed:
    """How many logins failed on a day (UTC) with an operator's name, or with names that are nobody's ("")."""

    day: date
    name: str
    failures: int


def count(conn: Connection, name: str, now: datetime, *, known: bool) -> None:
    """Count a wrong password before it is checked.

    Raises:
        InvalidInput: there were too many; the wait is not over. Such a guess is not counted.
    """
    row = conn.execute("SELECT failures, locked_until FROM guesses WHERE name = ?", (_hashed(name),)).fetchone()
    # A wait that ends far in the future was set by a clock that has since been put right.
    if row and row["locked_until"] and now < from_text(row["locked_until"]) <= now + LONGEST_WAIT:
        raise InvalidInput("Too many wrong passwords. Please wait a few minutes.", "password")
    failures = row["failures"] + 1 if row else 1
    wait = min(LONGEST_WAIT, timedelta(seconds=2 ** min(failures - FREE_FAILURES, 12)))
    until = to_text(now + wait) if failures >= FREE_FAILURES else None
    newest = conn.execute("SELECT coalesce(max(counted), 0) + 1 FROM guesses").fetchone()[0]
    conn.execute(
        "INSERT INTO guesses VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET failures = excluded.failures,"
        " locked_until = excluded.locked_until, counted = excluded.counted",
        (_hashed(name), failures, until, newest),
    )
    conn.execute(
        "DELETE FROM guesses WHERE name IN (SELECT name FROM guesses ORDER BY counted DESC LIMIT -1 OFFSET ?)",
        (MOST_NAMES,),
    )
    _add(conn, name if known else "", now, 1)
    conn.execute("DELETE FROM failed_logins WHERE day < ?", (_day(now - timedelta(days=DAYS)),))


def take_back(conn: Connection, name: str, now: datetime) -> None:
    """The password was right: the guess was none, and the name starts anew."""
    forget(conn, name)
    _add(conn, name, now, -1)


def forget(conn: Connection, name: str) -> None:
    """Let a name start anew."""
    conn.execute("DELETE FROM guesses WHERE name = ?", (_hashed(name),))


def failed(conn: Connection) -> list[Failed]:
    """Return the failed logins of the last days, the newest first."""
    rows = conn.execute("SELECT day, name, failures FROM failed_logins WHERE failures > 0 ORDER BY day DESC, name")
    return [Failed(date.fromisoformat(row["day"]), row["name"], row["failures"]) for row in rows]


def _add(conn: Connection, name: str, now: datetime, by: int) -> None:
    conn.execute(
        "INSERT INTO failed_logins VALUES (?, ?, max(0, ?)) ON CONFLICT (day, name)"
        " DO UPDATE SET failures = max(0, failures + ?)",
        (_day(now), name, by, by),
    )


def _day(moment: datetime) -> str:
    return to_text(moment)[:10]


def _hashed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:3], "big")
