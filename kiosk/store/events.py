"""What happened on this kiosk, one row an event; the console reads the progress and the end of a sync here.

Owns: the table `events`. True always: rows are only added, and the oldest go when there are too many.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.store.db import Connection, from_text, to_text

KEPT = 2000
"""How many events are kept; a card is small and nobody reads further back."""


@dataclass(frozen=True)
class Event:
    """`kind` is a dotted word such as "sync.finished"; `detail` holds what the reader needs, as JSON values."""

    event: int
    at: datetime
    kind: str
    detail: dict[str, Any]


def record(conn: Connection, kind: str, now: datetime, **detail: Any) -> int:
    """Add an event and return its number."""
    cursor = conn.execute(
        "INSERT INTO events (at, kind, detail) VALUES (?, ?, ?)",
        (to_text(now), kind, json.dumps(detail, ensure_ascii=False, sort_keys=True)),
    )
    number = int(cursor.lastrowid or 0)
    conn.execute("DELETE FROM events WHERE event <= ?", (number - KEPT,))
    return number


def last(conn: Connection, prefix: str, limit: int = 1) -> list[Event]:
    """Return the last `limit` events whose kind starts with `prefix`, the newest first."""
    rows = conn.execute(
        "SELECT event, at, kind, detail FROM events WHERE substr(kind, 1, ?) = ? ORDER BY event DESC LIMIT ?",
        (len(prefix), prefix, limit),
    )
    return [Event(r["event"], from_text(r["at"]), r["kind"], json.loads(r["detail"])) for r in rows]
