"""Versions that an operator went back from.

Owns: the table `holds`. True always: a pack has at most one hold; it says which version must not come again by
itself (0: that the pack goes away) and which one was kept instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kiosk.store.db import Connection, from_text, to_text


@dataclass(frozen=True)
class Hold:
    """A pack stays at version `kept`, since `refused` was gone back from; a version of 0 stands for "not there"."""

    pack: str
    refused: int
    kept: int
    since: datetime


def all_of(conn: Connection) -> dict[str, Hold]:
    """Return the holds by pack."""
    rows = conn.execute("SELECT * FROM holds ORDER BY pack")
    return {r["pack"]: Hold(r["pack"], r["refused"], r["kept"], from_text(r["since"])) for r in rows}


def put(conn: Connection, pack: str, refused: int, kept: int, now: datetime) -> None:
    """Hold a pack; a hold that it has is replaced."""
    conn.execute(
        "INSERT INTO holds VALUES (?, ?, ?, ?) ON CONFLICT (pack) DO UPDATE SET"
        " refused = excluded.refused, kept = excluded.kept, since = excluded.since",
        (pack, refused, kept, to_text(now)),
    )


def lift(conn: Connection, packs: Iterable[str]) -> None:
    """Take the holds of these packs away; the next sync takes what is offered."""
    conn.executemany("DELETE FROM holds WHERE pack = ?", [(pack,) for pack in packs])
