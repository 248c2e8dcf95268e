"""What an operator sees of the board: all there is, also what waits, what was reported and what is hidden.

Owns nothing; reads the tables of `threads` and `moderation`. True always: of what its writer removed no words are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.store.db import Connection, Row, from_text
from kiosk.store.moderation import REASONS
from kiosk.store.threads import NO_WORDS


@dataclass(frozen=True)
class Seen:
    """A post as an operator sees it. `waiting`: it is the first of a phone; `reasons` counts the reports at which
    nobody has looked; `phone` is the hash of who wrote it, None when it is forgotten.
    """

    post: int
    thread: int
    title: str
    author: str
    body: str
    written_at: datetime
    hidden: bool
    removed: bool
    waiting: bool
    reasons: dict[str, int]
    phone: str | None


SEEN = (
    "SELECT post, thread, title, author, body, written_at, posts.hidden, removed, waiting, phone,"
    " (SELECT group_concat(reason) FROM reports WHERE reports.post = posts.post AND settled = 0) AS reasons"
    " FROM posts JOIN threads USING (thread)"
)
COUNT = "SELECT count(*) FROM posts"
UNSEEN = (
    "removed = 0 AND post IN (SELECT post FROM reports WHERE settled = 0 UNION SELECT post FROM posts WHERE waiting)"
)


def to_look_at(conn: Connection, limit: int) -> list[Seen]:
    """Return the posts that were reported or wait, at which no operator has looked, the newest first."""
    rows = conn.execute(f"{SEEN} WHERE {UNSEEN} ORDER BY post DESC LIMIT ?", (limit,))
    return [_seen(row) for row in rows]


def count(conn: Connection) -> int:
    """Return how many posts `to_look_at` has in all."""
    return int(conn.execute(f"{COUNT} WHERE {UNSEEN}").fetchone()[0])


def of_thread(conn: Connection, thread: int, after: int, limit: int) -> list[Seen]:
    """Return up to `limit` posts of a thread whose number is above `after`, the oldest first."""
    rows = conn.execute(f"{SEEN} WHERE thread = ? AND post > ? ORDER BY post LIMIT ?", (thread, after, limit))
    return [_seen(row) for row in rows]


def _seen(row: Row) -> Seen:
    given = (row["reasons"] or "").split(",")
    return Seen(
        row["post"], row["thread"], row["title"], row["author"], "" if row["body"] == NO_WORDS else row["body"],
        from_text(row["written_at"]), bool(row["hidden"]), bool(row["removed"]), bool(row["waiting"]),
        {reason: given.count(reason) for reason in REASONS if reason in given}, row["phone"],
    )  # fmt: skip
