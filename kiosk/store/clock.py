"""What the kiosk remembers of the time, and until when its content is known to be fresh.

Owns: the table `clock`, of one row. The rules are in kiosk/clock.py.
"""

from __future__ import annotations

from datetime import datetime

from kiosk.clock import Freshness, Memory, Now, Reading, judge, saved
from kiosk.store.db import Connection, from_text, to_text


def memory(conn: Connection) -> Memory:
    """Return what is remembered; of a fresh kiosk, nothing."""
    row = conn.execute("SELECT agreed, signed, saved, guess FROM clock").fetchone()
    return Memory(*(from_text(text) for text in row)) if row else Memory()


def remember(conn: Connection, kept: Memory, fresh_until: datetime | None = None) -> None:
    """Replace what is remembered; without `fresh_until` the moment noted before stays."""
    moments = [to_text(each) for each in (kept.agreed, kept.signed, kept.saved, kept.guess)]
    conn.execute(
        "INSERT INTO clock (one, agreed, signed, saved, guess, fresh_until) VALUES (1, ?, ?, ?, ?, ?)"
        " ON CONFLICT (one) DO UPDATE SET agreed = excluded.agreed, signed = excluded.signed, saved = excluded.saved,"
        " guess = excluded.guess, fresh_until = coalesce(excluded.fresh_until, fresh_until)",
        (*moments, to_text(fresh_until) if fresh_until else None),
    )


def tick(conn: Connection, reading: Reading) -> Now:
    """Return the moment to reckon with, and remember it: to be called whenever time matters, and now and then."""
    known = memory(conn)
    now = judge(reading, known)
    remember(conn, saved(known, reading, now))
    return now


def now(conn: Connection, reading: Reading) -> Now:
    """Return the moment to reckon with, and write nothing."""
    return judge(reading, memory(conn))


def freshness(conn: Connection, reading: Reading) -> Freshness | None:
    """Return how new the content is by what is known now, link or no link; None before the first refresh."""
    row = conn.execute("SELECT fresh_until FROM clock WHERE fresh_until IS NOT NULL").fetchone()
    return Freshness(now(conn, reading), from_text(row["fresh_until"])) if row else None
