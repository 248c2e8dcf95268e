"""Members of the cooperative, and what each has read of what is for members only.

Owns: the tables `members` and `readings`. True always: a member is known by the number that the cooperative gave; a
reading is kept with its time and is never changed. Their cards are `store.cards`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.errors import Conflict, InvalidInput, NotFound
from kiosk.store.db import Connection, from_text, to_text
from kiosk.store.typed import line

MOST_NAME, MOST_NUMBER = 80, 999_999_999
SAME_READING = timedelta(minutes=10)
"""A browser asks for a paper in pieces, and again when it is turned: within this time that is one reading."""


@dataclass(frozen=True)
class Member:
    """One of the cooperative."""

    member: int
    name: str
    added_at: datetime


@dataclass(frozen=True)
class Read:
    """What a member has read of one paper: its version, when first and last, and how often."""

    paper: int
    version: int
    first_at: datetime
    last_at: datetime
    times: int


def add(conn: Connection, name: str, now: datetime, number: int | None = None) -> int:
    """Add a member and return the number: the given one, or the next that is free.

    Raises:
        Conflict: the number is another member's.
        InvalidInput: no name or too long a one, or a number out of bounds; `field` is "name" or "number".
    """
    name = line(name, "name", MOST_NAME)
    if number is None:
        number = int(conn.execute("SELECT coalesce(max(member), 0) + 1 FROM members").fetchone()[0])
    if not 1 <= number <= MOST_NUMBER:
        raise InvalidInput("This number is too small or too large.", "number")
    if conn.execute("SELECT 1 FROM members WHERE member = ?", (number,)).fetchone():
        raise Conflict(f"there is a member {number} already", "give another number, or `kiosk member list`")
    conn.execute("INSERT INTO members VALUES (?, ?, ?)", (number, name, to_text(now)))
    return number


def rename(conn: Connection, member: int, name: str) -> None:
    """Give a member another name.

    Raises:
        InvalidInput: no name or too long a one.
        NotFound: there is no such member.
    """
    if not conn.execute(
        "UPDATE members SET name = ? WHERE member = ?", (line(name, "name", MOST_NAME), member)
    ).rowcount:
        raise NotFound(f"there is no member {member}")


def get(conn: Connection, member: int) -> Member:
    """Return a member.

    Raises:
        NotFound: there is none of this number.
    """
    row = conn.execute("SELECT * FROM members WHERE member = ?", (member,)).fetchone()
    if row is None:
        raise NotFound(f"there is no member {member}")
    return Member(row["member"], row["name"], from_text(row["added_at"]))


def all_of(conn: Connection) -> list[Member]:
    """Return all members by their number."""
    rows = conn.execute("SELECT * FROM members ORDER BY member")
    return [Member(row["member"], row["name"], from_text(row["added_at"])) for row in rows]


def record_reading(conn: Connection, member: int, paper: int, version: int, at: datetime) -> None:
    """Record that a member reads a version of a paper now; asking for it again within minutes is the same reading."""
    row = conn.execute(
        "SELECT max(read_at) FROM readings WHERE member = ? AND paper = ? AND version = ?", (member, paper, version)
    ).fetchone()
    if row[0] is None or abs(at - from_text(row[0])) > SAME_READING:
        conn.execute(
            "INSERT INTO readings (member, paper, version, read_at) VALUES (?, ?, ?, ?)",
            (member, paper, version, to_text(at)),
        )


def read_by(conn: Connection, member: int) -> list[Read]:
    """Return what a member has read, the last read first."""
    rows = conn.execute(
        "SELECT paper, version, min(read_at) AS first_at, max(read_at) AS last_at, count(*) AS times FROM readings"
        " WHERE member = ? GROUP BY paper, version ORDER BY last_at DESC, paper, version DESC",
        (member,),
    )
    return [
        Read(row["paper"], row["version"], from_text(row["first_at"]), from_text(row["last_at"]), row["times"])
        for row in rows
    ]
