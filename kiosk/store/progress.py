"""Which lessons members have done.

Owns: the table `progress`. True always: it is written for members alone, tells no time, and goes with them; of a
lesson's questions the best answers are kept, for as long as they are the same number of questions.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.store.db import Connection

Done = dict[tuple[str, str], dict[str, "Mark"]]
"""Marks by lesson, by pack and item."""


@dataclass(frozen=True)
class Mark:
    """A lesson that was done: how many of its questions were answered right. Both are 0 where there are none."""

    correct: int
    asked: int

    def better(self, older: Mark | None) -> Mark:
        """Return the better of two; an older one for another number of questions does not count any more."""
        return older if older and older.asked == self.asked and older.correct > self.correct else self


def of(conn: Connection, member: int) -> Done:
    """Return what a member has done."""
    found: Done = {}
    for row in conn.execute("SELECT * FROM progress WHERE member = ?", (member,)):
        found.setdefault((row["pack"], row["item"]), {})[row["lesson"]] = Mark(row["correct"], row["asked"])
    return found


def note(conn: Connection, member: int, pack: str, item: str, lesson: str, mark: Mark) -> None:
    """Note that a member did a lesson; of two marks the better one stays."""
    best = mark.better(of(conn, member).get((pack, item), {}).get(lesson))
    conn.execute(
        "INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " correct = excluded.correct, asked = excluded.asked",
        (member, pack, item, lesson, best.correct, best.asked),
    )


def forget(conn: Connection, member: int) -> None:
    """Forget all that a member has done."""
    conn.execute("DELETE FROM progress WHERE member = ?", (member,))
