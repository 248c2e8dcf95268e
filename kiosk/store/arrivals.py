"""What came to this kiosk, in the order in which it came.

Owns: how far a kiosk has come, as three numbers. True always: they are numbers of rows, which rise with what comes, so
no clock takes part in telling what is new; what was rolled back and comes again is new again.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.store import papers
from kiosk.store.db import Connection
from kiosk.store.papers import Paper


@dataclass(frozen=True)
class Reach:
    """How far a kiosk has come: the highest collection of its generation, version of a paper, and thread."""

    collection: int
    version: int
    thread: int


def reach(conn: Connection, generation: int) -> Reach:
    """Return how far the kiosk has come with this generation."""
    row = conn.execute(
        "SELECT (SELECT coalesce(max(collection), 0) FROM items WHERE generation = ?),"
        " (SELECT coalesce(max(rowid), 0) FROM paper_versions), (SELECT coalesce(max(thread), 0) FROM threads)",
        (generation,),
    ).fetchone()
    return Reach(*row)


def added_papers(conn: Connection, since: Reach, *, to_members: bool) -> list[Paper]:
    """Return the papers added here of which a version came since then, the last one first."""
    rows = conn.execute(
        "SELECT paper FROM paper_versions v JOIN papers USING (paper)"
        " WHERE v.rowid > ? AND withdrawn_at IS NULL AND members_only <= ?"
        " GROUP BY paper ORDER BY max(v.rowid) DESC",
        (since.version, to_members),
    ).fetchall()
    return [papers.get(conn, row["paper"]) for row in rows]


def threads(conn: Connection, since: Reach, limit: int, *, members: bool) -> list[tuple[int, str]]:
    """Return number and title of up to `limit` threads that were opened since then, the last one first; without
    `members`, of the sections that are open to everyone.
    """
    rows = conn.execute(
        "SELECT thread, title FROM threads WHERE thread > ? AND hidden = 0"
        " AND section IN (SELECT section FROM sections WHERE members_only <= ?) ORDER BY thread DESC LIMIT ?",
        (since.thread, members, limit),
    )
    return [(row["thread"], row["title"]) for row in rows]
