"""Keeping the board fit for a public place: reports, and what operators do.

Owns: the tables `reports` and `acts`. True always: whatever is hidden, restored, closed, opened, pinned, unpinned or
moved has a row that tells who did it, when and why; nothing is deleted; the phone of a report is forgotten when
someone has looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.errors import Conflict, NotFound
from kiosk.store import board_settings, sections, threads
from kiosk.store.db import Connection, Row, from_text, to_text

REASONS = ("rude", "fraud", "private", "false", "other")
BY_REPORTS = "reports"
"""Who hid a post that enough phones reported."""
MOST_WHY = 200


@dataclass(frozen=True)
class Act:
    """Who does something to the board, when and why."""

    who: str
    now: datetime
    why: str = ""


@dataclass(frozen=True)
class Reported:
    """A post that was reported and at which no operator has looked; `reasons` counts them."""

    post: int
    thread: int
    title: str
    author: str
    body: str
    hidden: bool
    last_at: datetime
    reasons: dict[str, int]


def report(conn: Connection, post: int, reason: str, phone: str, address: str, now: datetime) -> None:
    """Note that a phone reports a post, once; hide the post when enough have, unless an operator has judged it.

    Enough are as many phones at as many addresses: a phone that forgets who it was still has its address, and several
    that share one hide nothing by themselves.

    Args:
        reason: one of `REASONS`.
        phone: the hash of the phone.
        address: the hash of its address.

    Raises:
        NotFound: there is no such post to read.
    """
    threads.get_post(conn, post)
    conn.execute(
        "INSERT INTO reports (post, reason, at, phone, address) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (post, phone) DO NOTHING",
        (post, reason, to_text(now), phone, address),
    )
    counted = conn.execute(
        "SELECT min(count(DISTINCT phone), count(DISTINCT address)) FROM reports WHERE post = ? AND settled = 0",
        (post,),
    ).fetchone()[0]
    judged = conn.execute("SELECT judged FROM posts WHERE post = ?", (post,)).fetchone()[0]
    enough = board_settings.read(conn).hidden_after
    if enough and counted >= enough and not judged:
        set_hidden(conn, post, True)
        _note(conn, "hide", Act(BY_REPORTS, now, f"{counted} reports"), _thread_of(conn, post), post)


def reports(conn: Connection, limit: int = 50) -> list[Reported]:
    """Return the posts that wait for an operator's look, the last reported first."""
    rows = conn.execute(
        "SELECT posts.post, posts.thread, threads.title, author, body, posts.hidden, reported.last_at, reasons FROM"
        " (SELECT post, max(at) AS last_at, max(report) AS last, group_concat(reason) AS reasons FROM reports"
        " WHERE settled = 0 GROUP BY post) AS reported"
        " JOIN posts USING (post) JOIN threads ON threads.thread = posts.thread"
        " WHERE posts.removed = 0 ORDER BY reported.last DESC LIMIT ?",
        (limit,),
    )
    return [_reported(row) for row in rows]


def hide(conn: Connection, post: int, act: Act) -> None:
    """Hide a post; with the first of a thread, the thread.

    Raises:
        NotFound: there is no such post.
    """
    thread = _thread_of(conn, post)
    set_hidden(conn, post, True)
    _settle(conn, post)
    _note(conn, "hide", act, thread, post)


def restore(conn: Connection, post: int, act: Act) -> None:
    """Show a post again, and its thread if it is the first; reports hide it no more.

    Raises:
        Conflict: its writer has removed it.
        NotFound: there is no such post.
    """
    thread = _thread_of(conn, post)
    if conn.execute("SELECT removed FROM posts WHERE post = ?", (post,)).fetchone()[0]:
        raise Conflict(f"the post {post} was removed by who wrote it")
    set_hidden(conn, post, False)
    _settle(conn, post)
    _note(conn, "restore", act, thread, post)


def close(conn: Connection, thread: int, act: Act, *, closed: bool = True) -> None:
    """Let a thread take no more posts, or take them again.

    Raises:
        NotFound: there is no such thread.
    """
    threads.get(conn, thread, even_hidden=True)
    conn.execute("UPDATE threads SET closed = ? WHERE thread = ?", (int(closed), thread))
    _note(conn, "close" if closed else "open", act, thread)


def pin(conn: Connection, thread: int, act: Act, *, pinned: bool = True) -> None:
    """Have a thread stand above all others, or among them again.

    Raises:
        NotFound: there is no such thread.
    """
    threads.get(conn, thread, even_hidden=True)
    level = threads.PINNED if pinned else threads.RUNNING
    conn.execute("UPDATE threads SET level = ? WHERE thread = ?", (level, thread))
    _note(conn, "pin" if pinned else "unpin", act, thread)


def move(conn: Connection, thread: int, section: str, act: Act) -> None:
    """Put a thread into another section; nothing was done when it is there already.

    Raises:
        NotFound: there is no such thread or section.
    """
    if threads.get(conn, thread, even_hidden=True).section == sections.get(conn, section).section:
        return
    conn.execute("UPDATE threads SET section = ? WHERE thread = ?", (section, thread))
    _note(conn, "move", act, thread)


def note_ban(conn: Connection, post: int, act: Act) -> None:
    """Note that the phone of a post may not write for a while."""
    _note(conn, "ban", act, _thread_of(conn, post), post)


def remove_section(conn: Connection, section: str, into: str, act: Act) -> None:
    """Take a section away and put its threads into another; `into` may be "" when there are none.

    Raises:
        Conflict: there are threads and no other section for them, it is the last, or what members alone may read
            would be for everyone.
        NotFound: there is no such section.
    """
    if into:
        if sections.get(conn, section).members_only and not sections.get(conn, into).members_only:
            raise Conflict(
                f"{section} is for members, {into} for everyone",
                "move what everyone may read thread by thread: `kiosk board move`",
            )
        for thread in sections.threads_in(conn, section):
            move(conn, thread, into, act)
    sections.remove(conn, section)


def acts(conn: Connection, limit: int = 50) -> list[tuple[str, int, int | None, Act]]:
    """Return what was done last: the kind of act, the thread, the post, and who, when and why; the newest first."""
    rows = conn.execute("SELECT * FROM acts ORDER BY act DESC LIMIT ?", (limit,))
    return [(r["kind"], r["thread"], r["post"], Act(r["who"], from_text(r["at"]), r["why"])) for r in rows]


def set_hidden(conn: Connection, post: int, hidden: bool) -> None:
    """Hide a post or show it, without a word of who does it; the first of a thread takes the thread along.

    Raises:
        NotFound: there is no such post.
    """
    thread = _thread_of(conn, post)
    conn.execute("UPDATE posts SET hidden = ? WHERE post = ?", (int(hidden), post))
    conn.execute(
        "UPDATE threads SET posts = (SELECT count(*) FROM posts WHERE posts.thread = threads.thread"
        " AND hidden = 0 AND removed = 0) WHERE thread = ?",
        (thread,),
    )
    # The title is part of what the first post says: it goes and comes with it.
    conn.execute(
        "UPDATE threads SET hidden = ? WHERE thread = ? AND"
        " ? = (SELECT min(post) FROM posts WHERE posts.thread = threads.thread)",
        (int(hidden), thread, post),
    )


def _thread_of(conn: Connection, post: int) -> int:
    row = conn.execute("SELECT thread FROM posts WHERE post = ?", (post,)).fetchone()
    if row is None:
        raise NotFound(f"there is no post {post}")
    return int(row["thread"])


def _settle(conn: Connection, post: int) -> None:
    conn.execute("UPDATE posts SET judged = 1, waiting = 0 WHERE post = ?", (post,))
    conn.execute("UPDATE reports SET settled = 1, phone = NULL, address = NULL WHERE post = ?", (post,))


def _note(conn: Connection, kind: str, act: Act, thread: int, post: int | None = None) -> None:
    conn.execute(
        "INSERT INTO acts (at, who, kind, thread, post, why) VALUES (?, ?, ?, ?, ?, ?)",
        (to_text(act.now), act.who, kind, thread, post, act.why[:MOST_WHY]),
    )


def _reported(row: Row) -> Reported:
    given = row["reasons"].split(",")
    return Reported(
        row["post"], row["thread"], row["title"], row["author"], row["body"], bool(row["hidden"]),
        from_text(row["last_at"]), {reason: given.count(reason) for reason in REASONS if reason in given},
    )  # fmt: skip
