"""How much one sender may send: a few at once, then one at a time.

Owns: the table `limits`. True always: a row lasts only until its sender has rested, and nobody waits longer than an
hour, however the clock jumps. A sender is a keyed hash, never a phone or an address.
"""

from __future__ import annotations

from datetime import datetime

from kiosk.store.db import Connection

HOUR = 3600
BURST = 4
"""A quarter of an hour's sendings may come at once."""


def wait(conn: Connection, senders: dict[str, int], now: datetime) -> int:
    """Count one sending and return 0, or count nothing and return how many seconds to wait.

    Args:
        senders: a sender, and how many sendings an hour it has; one that must rest stops the sending.
        now: the moment of sending.
    """
    second = int(now.timestamp())
    conn.execute("DELETE FROM limits WHERE rested_at <= ?", (second,))
    rests: dict[str, int] = {}
    longest = 0
    for sender, an_hour in senders.items():
        each = max(1, HOUR // an_hour)
        room = each * max(1, an_hour // BURST)
        row = conn.execute("SELECT rested_at FROM limits WHERE sender = ?", (sender,)).fetchone()
        # A clock that was set back must not make anyone wait for years.
        start = min(row["rested_at"], second + room) if row else second
        longest = max(longest, start + each - room - second)
        rests[sender] = start + each
    if longest > 0:
        return longest
    conn.executemany(
        "INSERT INTO limits VALUES (?, ?) ON CONFLICT (sender) DO UPDATE SET rested_at = excluded.rested_at",
        rests.items(),
    )
    return 0
