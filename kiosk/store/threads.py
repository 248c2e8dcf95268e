"""The board: threads and their posts.

Owns: the tables `threads` and `posts`, and what a post may hold. True always: a thread has at least one post, and a
function that returns has its row on the card once the caller's transaction ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.errors import InvalidInput, NotFound
from kiosk.store.db import Connection, Row, from_text, to_text

MOST_TITLE, MOST_AUTHOR, MOST_BODY = 120, 40, 4000
"""Longest title, name and text, in characters."""
LATEST = ("9999", 0)
"""A cursor above every thread."""
TURNERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the writing direction round; in a name or text they only serve to deceive a reader."""

JOINERS = "\u200c\u200d"
"""Invisible signs that belong to words of some scripts, and to emoji of several parts."""


@dataclass(frozen=True)
class Thread:
    """A topic on the board; `posts` counts its posts."""

    thread: int
    title: str
    opened_at: datetime
    last_post_at: datetime
    posts: int


@dataclass(frozen=True)
class Post:
    """One message in a thread; `author` is a name the visitor chose."""

    post: int
    author: str
    body: str
    written_at: datetime


def open_thread(conn: Connection, title: str, author: str, body: str, now: datetime) -> int:
    """Open a thread with its first post and return its number.

    Raises:
        InvalidInput: a field is empty or too long.
    """
    title = _clean(title, "title", MOST_TITLE, one_line=True)
    author, body = _clean_post(author, body)
    moment = to_text(now)
    cursor = conn.execute(
        "INSERT INTO threads (title, opened_at, last_post_at) VALUES (?, ?, ?)", (title, moment, moment)
    )
    thread = int(cursor.lastrowid or 0)
    _insert_post(conn, thread, author, body, moment)
    return thread


def reply(conn: Connection, thread: int, author: str, body: str, now: datetime) -> int:
    """Add a post to a thread and return the post's number.

    Raises:
        InvalidInput: a field is empty or too long.
        NotFound: there is no such thread.
    """
    author, body = _clean_post(author, body)
    get(conn, thread)
    moment = to_text(now)
    conn.execute("UPDATE threads SET last_post_at = ? WHERE thread = ?", (moment, thread))
    return _insert_post(conn, thread, author, body, moment)


def recent(conn: Connection, limit: int, before: tuple[str, int] | None = None) -> list[Thread]:
    """Return up to `limit` threads, the last answered first, after the cursor `before` (see `cursor_of`)."""
    rows = conn.execute(
        "SELECT thread, title, opened_at, last_post_at,"
        " (SELECT count(*) FROM posts WHERE posts.thread = threads.thread) AS posts"
        " FROM threads WHERE (last_post_at, thread) < (?, ?) ORDER BY last_post_at DESC, thread DESC LIMIT ?",
        (*(before or LATEST), limit),
    )
    return [_thread(row) for row in rows]


def count(conn: Connection) -> int:
    """Return how many threads there are."""
    return int(conn.execute("SELECT count(*) FROM threads").fetchone()[0])


def cursor_of(thread: Thread) -> tuple[str, int]:
    """Return the place of a thread in `recent`, to go on from there."""
    return to_text(thread.last_post_at), thread.thread


def get(conn: Connection, thread: int) -> Thread:
    """Return one thread.

    Raises:
        NotFound: there is no such thread.
    """
    row = conn.execute(
        "SELECT thread, title, opened_at, last_post_at,"
        " (SELECT count(*) FROM posts WHERE posts.thread = threads.thread) AS posts"
        " FROM threads WHERE thread = ?",
        (thread,),
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no thread {thread}")
    return _thread(row)


def posts(conn: Connection, thread: int, after: int = 0, limit: int = 50) -> list[Post]:
    """Return up to `limit` posts of a thread, the oldest first, whose number is above `after`."""
    rows = conn.execute(
        "SELECT post, author, body, written_at FROM posts WHERE thread = ? AND post > ? ORDER BY post LIMIT ?",
        (thread, after, limit),
    )
    return [Post(row["post"], row["author"], row["body"], from_text(row["written_at"])) for row in rows]


def _thread(row: Row) -> Thread:
    return Thread(
        row["thread"], row["title"], from_text(row["opened_at"]), from_text(row["last_post_at"]), row["posts"]
    )


def _insert_post(conn: Connection, thread: int, author: str, body: str, moment: str) -> int:
    cursor = conn.execute(
        "INSERT INTO posts (thread, author, body, written_at) VALUES (?, ?, ?, ?)", (thread, author, body, moment)
    )
    return int(cursor.lastrowid or 0)


def _clean_post(author: str, body: str) -> tuple[str, str]:
    return _clean(author, "author", MOST_AUTHOR, one_line=True), _clean(body, "body", MOST_BODY)


def _clean(text: str, field: str, most: int, *, one_line: bool = False) -> str:
    text = text.replace("\r\n", "\n")
    spaced = (" " if sign.isspace() and sign != "\n" else sign for sign in text)
    kept = "".join(s for s in spaced if s == "\n" or s in JOINERS or (s.isprintable() and s not in TURNERS))
    text = " ".join(kept.split()) if one_line else kept.strip()
    if not text.strip(JOINERS):
        raise InvalidInput("Please fill in this field.", field)
    if len(text) > most:
        raise InvalidInput("This text is too long.", field)
    return text
