"""How far the sync is that runs.

Owns: the table `transfer`, of one row. True always: it only informs, and only while somebody holds the lock of syncs;
after a power cut an old row may be left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk.store.db import Connection, from_text, to_text


class Step(StrEnum):
    """What a sync is at: asking what is offered, fetching, or installing and making it searchable."""

    LOOK = "look"
    FETCH = "fetch"
    INSTALL = "install"


@dataclass(frozen=True)
class Transfer:
    """How far it was at `at`.

    Args:
        began: when this step began.
        pack: what is being fetched, "" at the other steps.
        done_bytes, total_bytes: of what is to be fetched.
    """

    began: datetime
    at: datetime
    step: Step
    pack: str = ""
    done_bytes: int = 0
    total_bytes: int = 0

    @property
    def seconds_left(self) -> int | None:
        """How long the rest takes at the speed so far, or None where that says nothing yet."""
        took = (self.at - self.began).total_seconds()
        if self.step is not Step.FETCH or took <= 0 or not self.done_bytes:
            return None
        return round((self.total_bytes - self.done_bytes) * took / self.done_bytes)


def get(conn: Connection) -> Transfer | None:
    """Return how far it is, or None where no sync told."""
    row = conn.execute("SELECT * FROM transfer").fetchone()
    if row is None:
        return None
    return Transfer(
        from_text(row["began"]), from_text(row["at"]), Step(row["step"]), row["pack"], row["done_bytes"],
        row["total_bytes"],
    )  # fmt: skip


def put(conn: Connection, now: Transfer) -> None:
    """Note how far it is."""
    conn.execute(
        "INSERT OR REPLACE INTO transfer VALUES (1, ?, ?, ?, ?, ?, ?)",
        (to_text(now.began), to_text(now.at), now.step, now.pack, now.done_bytes, now.total_bytes),
    )


def clear(conn: Connection) -> None:
    """Forget it: no sync runs."""
    conn.execute("DELETE FROM transfer")
