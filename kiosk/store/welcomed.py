"""Phones whose visitor has pressed OK on the welcome page.

Owns: the table `welcomed`. True always: no address is stored, only a keyed hash of it, and what has served is
forgotten, at the latest with the next OK of anyone.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from kiosk.store.db import Connection, from_text, to_text

LONGEST_SHIFT = timedelta(minutes=5)
"""How far ahead of the clock an OK may lie; one from further ahead was written by a clock since put right."""


def welcome(conn: Connection, secret: str, address: str, now: datetime, lasting: timedelta) -> None:
    """Remember that the visitor at `address` has pressed OK, and forget those that are over.

    Args:
        conn: in a transaction of the caller's.
        secret: the key of the hash, this kiosk's own.
        address: the phone's address on the hotspot.
        now: when it was pressed.
        lasting: how long an OK lasts.
    """
    conn.execute("DELETE FROM welcomed WHERE since <= ? OR since > ?", _bounds(now, lasting))
    conn.execute(
        "INSERT INTO welcomed VALUES (?, ?) ON CONFLICT (phone) DO UPDATE SET since = excluded.since",
        (_hashed(secret, address), to_text(now)),
    )


def since(conn: Connection, secret: str, address: str, now: datetime, lasting: timedelta) -> datetime | None:
    """Return when the visitor at `address` pressed OK; None when never, too long ago, or in a time to come."""
    row = conn.execute(
        "SELECT since FROM welcomed WHERE phone = ? AND since > ? AND since <= ?",
        (_hashed(secret, address), *_bounds(now, lasting)),
    ).fetchone()
    return from_text(row["since"]) if row else None


def forget(conn: Connection, secret: str, address: str) -> None:
    """Forget the phone at `address`: the next that has it is asked."""
    conn.execute("DELETE FROM welcomed WHERE phone = ?", (_hashed(secret, address),))


def _bounds(now: datetime, lasting: timedelta) -> tuple[str, str]:
    return to_text(now - lasting), to_text(now + LONGEST_SHIFT)


def _hashed(secret: str, address: str) -> bytes:
    return hmac.digest(secret.encode(), address.encode(), hashlib.sha256)[:16]
