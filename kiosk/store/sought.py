"""What was searched for and not found, told only when it can hardly be one person's own affair.

Owns: the table `sought`. True always: words are kept only from the third different day on which they were typed; until
then there is only a keyed hash, which is forgotten after two months; long questions and numbers are never kept. Why:
docs/decisions/0018-counting.md.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, timedelta

from kiosk.store import counts
from kiosk.store.counts import Counted, Kind
from kiosk.store.db import Connection

KEY = "sought"
"""The name of the secret by which words are hashed."""
ENOUGH_DAYS = 3
"""On so many different days must words have been typed to be told."""
MOST_WORDS, MOST_LETTERS = 4, 40
NUMBER = re.compile(r"\d{3}")
KEPT = timedelta(days=60)
MOST_KEPT = 5_000


def may_be_told(words: tuple[str, ...]) -> bool:
    """Tell whether words may ever be kept: few, short, and without what could be a number of a phone or a card."""
    text = " ".join(words)
    return 0 < len(words) <= MOST_WORDS and len(text) <= MOST_LETTERS and not NUMBER.search(text)


def note(conn: Connection, key: str, words: tuple[str, ...], span: str, today: date) -> None:
    """Note that words found nothing on a day; on the third they become a number of `span`, and count once a day.

    Args:
        key: the kiosk's secret, hex.
        words: folded, as the search compares them.
        span: what `counts.span_of` returned.
        today: the day, or the best guess of it.
    """
    if not may_be_told(words):
        return
    digest = _hash(key, words)
    row = conn.execute("SELECT days, last FROM sought WHERE hash = ?", (digest,)).fetchone()
    if row and row["last"] >= today.isoformat():
        return
    days = row["days"] + 1 if row else 1
    conn.execute(
        "INSERT INTO sought VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET"
        " days = excluded.days, last = excluded.last",
        (digest, days, today.isoformat()),
    )
    conn.execute(
        "DELETE FROM sought WHERE hash IN (SELECT hash FROM sought ORDER BY last DESC, hash LIMIT -1 OFFSET ?)",
        (MOST_KEPT,),
    )
    if days >= ENOUGH_DAYS:
        told = Counted(span[: counts.DAY], Kind.WORDS, " ".join(words))
        counts.add(conn, {told: days if days == ENOUGH_DAYS else 1})


def forget(conn: Connection, key: str, text: str) -> None:
    """Forget words that are told; they are again only when they are typed on three more days.

    Args:
        text: the words as they are told.
    """
    conn.execute("DELETE FROM sought WHERE hash = ?", (_hash(key, tuple(text.split())),))
    conn.execute("DELETE FROM counts WHERE kind = 'words' AND what = ?", (text,))


def _hash(key: str, words: tuple[str, ...]) -> str:
    return hashlib.blake2b(" ".join(sorted(words)).encode(), key=bytes.fromhex(key), digest_size=16).hexdigest()


def prune(conn: Connection, today: date) -> None:
    """Forget what was last typed two months ago, or on a day that is still to come."""
    oldest = (today - KEPT).isoformat()
    conn.execute("DELETE FROM sought WHERE last < ? OR last > ?", (oldest, today.isoformat()))
