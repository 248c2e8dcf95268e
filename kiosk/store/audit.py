"""What operators did at the console: who, when, what, and to what.

Owns: the table `audit`. True always: rows are only added, in the transaction of the act they tell of, and the oldest go
when there are too many. No password, PIN or key is ever part of a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.store.db import Connection, from_text, to_text

KEPT = 20_000
"""How many acts are kept: years of a busy telecenter, some 2 MB."""
MOST_DETAIL = 200


@dataclass(frozen=True)
class Act:
    """`kind` is a dotted word such as "paper.withdrawn"; `detail` names what it was done to, such as a title."""

    act: int
    at: datetime
    who: str
    kind: str
    detail: str


def record(conn: Connection, who: str, kind: str, detail: str, now: datetime) -> None:
    """Add an act; call it in the transaction that does it.

    Args:
        who: the operator's name.
        kind: a dotted word such as "paper.withdrawn".
        detail: what it was done to, for people to read; cut at 200 characters.
    """
    cursor = conn.execute(
        "INSERT INTO audit (at, who, kind, detail) VALUES (?, ?, ?, ?)",
        (to_text(now), who, kind, detail[:MOST_DETAIL]),
    )
    conn.execute("DELETE FROM audit WHERE act <= ?", (int(cursor.lastrowid or 0) - KEPT,))


def last(conn: Connection, limit: int, *, before: int | None = None, who: str = "") -> list[Act]:
    """Return the last acts, the newest first.

    Args:
        limit: how many.
        before: only acts with a smaller number, for the next page; None: from the newest.
        who: only this operator's; "": everyone's.
    """
    rows = conn.execute(
        "SELECT * FROM audit WHERE act < coalesce(?, act + 1) AND who = coalesce(nullif(?, ''), who)"
        " ORDER BY act DESC LIMIT ?",
        (before, who, limit),
    )
    return [Act(r["act"], from_text(r["at"]), r["who"], r["kind"], r["detail"]) for r in rows]
