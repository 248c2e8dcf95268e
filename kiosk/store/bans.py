"""Phones that may not write to the board for some days.

Owns: the table `bans`. True always: of a phone nothing is kept but its hash and the last day of the ban; what is over
is forgotten when the board is next used; no ban lasts longer than `MOST_DAYS`, however the clock jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from kiosk.errors import InvalidInput, NotFound
from kiosk.store import moderation
from kiosk.store.db import Connection
from kiosk.store.moderation import Act

MOST_DAYS = 90


@dataclass(frozen=True)
class Ban:
    """A ban that holds, and its last day."""

    ban: int
    ends: date


def ban(conn: Connection, post: int, days: int, act: Act, today: date) -> date:
    """Ban the phone that wrote a post, and hide the post; return the last day.

    Raises:
        InvalidInput: the days are too few or too many, or the phone is forgotten.
        NotFound: there is no such post.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput("This number is too small or too large.", "days")
    row = conn.execute("SELECT phone FROM posts WHERE post = ?", (post,)).fetchone()
    if row is None:
        raise NotFound(f"there is no post {post}")
    if row["phone"] is None:
        raise InvalidInput("The kiosk has forgotten which phone wrote this.", "days")
    forget_over(conn, today)
    ends = today + timedelta(days=days - 1)
    conn.execute(
        "INSERT INTO bans (phone, ends) VALUES (?, ?) ON CONFLICT (phone) DO UPDATE SET ends = excluded.ends",
        (row["phone"], ends.isoformat()),
    )
    moderation.hide(conn, post, act)
    moderation.note_ban(conn, post, act)
    return ends


def is_banned(conn: Connection, phone: str, today: date) -> bool:
    """Tell whether a phone may not write today."""
    row = conn.execute("SELECT ends FROM bans WHERE phone = ?", (phone,)).fetchone()
    return row is not None and _holds(date.fromisoformat(row["ends"]), today)


def all_of(conn: Connection, today: date) -> list[Ban]:
    """Return the bans that hold, the newest first."""
    found = [Ban(r["ban"], date.fromisoformat(r["ends"])) for r in conn.execute("SELECT * FROM bans ORDER BY ban DESC")]
    return [each for each in found if _holds(each.ends, today)]


def lift(conn: Connection, number: int, today: date) -> date:
    """End a ban; return the day that would have been its last.

    Raises:
        NotFound: there is no such ban.
    """
    row = conn.execute("DELETE FROM bans WHERE ban = ? RETURNING ends", (number,)).fetchone()
    if row is None:
        raise NotFound(f"there is no ban {number}")
    forget_over(conn, today)
    return date.fromisoformat(row["ends"])


def _holds(ends: date, today: date) -> bool:
    return today <= ends <= today + timedelta(days=MOST_DAYS)


def forget_over(conn: Connection, today: date) -> None:
    """Forget the phones whose ban is over."""
    conn.execute("DELETE FROM bans WHERE ends < ?", (today.isoformat(),))
