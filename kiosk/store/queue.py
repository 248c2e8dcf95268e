"""The queue for a phone's first post: it waits until an operator has looked, where the operator wants that.

True always: what waits is hidden; an operator's judgement, one way or the other, ends the wait (see `moderation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.store import moderation
from kiosk.store.db import Connection, from_text


@dataclass(frozen=True)
class Waiting:
    """A post that waits."""

    post: int
    thread: int
    title: str
    author: str
    body: str
    written_at: datetime


def hold(conn: Connection, post: int) -> None:
    """Let a post wait, and with the first of a thread, the thread. Raises NotFound."""
    conn.execute("UPDATE posts SET waiting = 1 WHERE post = ?", (post,))
    moderation.set_hidden(conn, post, True)


def waiting(conn: Connection, limit: int = 50) -> list[Waiting]:
    """Return the posts that wait, the longest waiting first."""
    rows = conn.execute(
        "SELECT post, thread, title, author, body, written_at FROM posts JOIN threads USING (thread)"
        " WHERE waiting = 1 ORDER BY post LIMIT ?",
        (limit,),
    )
    return [Waiting(**{**dict(row), "written_at": from_text(row["written_at"])}) for row in rows]


def passed(conn: Connection, post: int) -> bool:
    """Tell whether a post may be read by everyone: it waits no more, and is neither hidden nor removed."""
    row = conn.execute("SELECT hidden OR removed FROM posts WHERE post = ?", (post,)).fetchone()
    return row is not None and not row[0]
