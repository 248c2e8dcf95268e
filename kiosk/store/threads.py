"""The board: threads and their posts.

Owns: the tables `threads` and `posts`, and what a post may hold. True always: a thread has at least one post, its row
counts those that may be read, no row is ever deleted (so a number means one thing for ever), and a function that
returns has its row on the card once the caller's transaction ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kiosk.errors import Conflict, InvalidInput, NotFound
from kiosk.store import sections
from kiosk.store.db import Connection, Row, from_text, to_text
from kiosk.store.typed import clean

MOST_TITLE, MOST_AUTHOR, MOST_BODY, MOST_PRICE, MOST_PLACE = 120, 40, 4000, 40, 60
"""Longest title, name, text, price and place, in characters."""
MOST_DAYS = 366
"""How far ahead the end of an offer may be."""
LATEST = (9, 0)
"""A cursor above every thread."""
PINNED, RUNNING, ENDED = 2, 1, 0
"""Levels: threads of a higher one stand above those of a lower one."""
NO_WORDS = "–"
"""What stands in a row that has no words, or none any more."""
SEND = re.compile(r"[\w-]{16,64}", re.ASCII)


@dataclass(frozen=True)
class Offer:
    """What a thread of a section that sells may add, as typed: a price, a place, and a last day (ISO 8601)."""

    price: str = ""
    place: str = ""
    ends: str = ""


@dataclass(frozen=True)
class Sending:
    """Whence a post comes: the hash of its phone, and the token of the form, which makes a double tap one post; and
    whether it carries photos or a voice note, so that it needs no words.
    """

    phone: str | None = None
    token: str | None = None
    carries: bool = False


@dataclass(frozen=True)
class Thread:
    """A topic on the board; `posts` counts those that may be read. `ends` is the last day of an offer."""

    thread: int
    title: str
    opened_at: datetime
    last_post_at: datetime
    posts: int
    section: str
    pinned: bool
    ended: bool
    closed: bool
    hidden: bool
    price: str
    place: str
    ends: date | None
    cursor: tuple[int, int]


@dataclass(frozen=True)
class Post:
    """One message in a thread; `author` is a name the visitor chose. Of one that is not `open` (hidden or removed)
    name and text are empty. `phone` is a hash, None after half an hour (see `own_posts`).
    """

    post: int
    thread: int
    author: str
    body: str
    written_at: datetime
    edited_at: datetime | None
    open: bool
    phone: str | None


UNKNOWN = Sending()
NO_OFFER = Offer()
THREAD = (
    "SELECT thread, title, opened_at, last_post_at, posts, section, level, last_post, closed, hidden, price, place,"
    " ends FROM threads"
)
POST = "SELECT post, thread, author, body, written_at, edited_at, hidden, removed, phone FROM posts"


def open_thread(
    conn: Connection,
    title: str,
    author: str,
    body: str,
    now: datetime,
    *,
    section: str = "talk",
    offer: Offer = NO_OFFER,
    sending: Sending = UNKNOWN,
) -> int:
    """Open a thread with its first post and return its number; the number of the one that this form opened before.

    Raises:
        InvalidInput: a field is empty, too long, or no day that can be an end.
        NotFound: there is no such section.
    """
    if sent := sent_before(conn, sending):
        return sent.thread
    title, price, place, ends = clean_thread(conn, title, section, offer, now)
    author, body = clean_post(author, body, may_be_empty=sending.carries)
    moment = to_text(now)
    cursor = conn.execute(
        "INSERT INTO threads (title, opened_at, last_post_at, section, price, place, ends)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (title, moment, moment, section, price, place, ends),
    )
    thread = int(cursor.lastrowid or 0)
    _insert_post(conn, thread, author, body, moment, sending)
    return thread


def reply(conn: Connection, thread: int, author: str, body: str, now: datetime, *, sending: Sending = UNKNOWN) -> int:
    """Add a post to a thread and return the post's number; the number of the one that this form made before.

    Raises:
        Conflict: the thread is closed.
        InvalidInput: a field is empty or too long.
        NotFound: there is no such thread, or it is hidden.
    """
    if sent := sent_before(conn, sending):
        return sent.post
    if get(conn, thread).closed:
        raise Conflict(f"the thread {thread} is closed")
    author, body = clean_post(author, body, may_be_empty=sending.carries)
    return _insert_post(conn, thread, author, body, to_text(now), sending)


def recent(
    conn: Connection,
    limit: int,
    before: tuple[int, int] | None = None,
    section: str | None = None,
    *,
    members: bool = False,
) -> list[Thread]:
    """Return up to `limit` threads after the cursor `before` (see `Thread.cursor`): pinned ones, then those last
    answered, then offers that ended; of one section, or of all that are open to everyone (with `members`, to members).
    """
    where = "section = ?" if section else "section IN (SELECT section FROM sections WHERE members_only <= ?)"
    rows = conn.execute(
        f"{THREAD} WHERE hidden = 0 AND {where} AND (level, last_post) < (?, ?)"
        " ORDER BY level DESC, last_post DESC LIMIT ?",
        (section or int(members), *(before or LATEST), limit),
    )
    return [_thread(row) for row in rows]


def count(conn: Connection) -> int:
    """Return how many threads everyone may read."""
    return sum(counts(conn, members=False).values())


def counts(conn: Connection, *, members: bool) -> dict[str, int]:
    """Return how many threads each section has; without `members`, of the sections that are open to everyone."""
    rows = conn.execute("SELECT section, count(*) AS threads FROM threads WHERE hidden = 0 GROUP BY section")
    found = {row["section"]: int(row["threads"]) for row in rows}
    return {each.section: found.get(each.section, 0) for each in sections.all_of(conn, members=members)}


def get(conn: Connection, thread: int, *, even_hidden: bool = False) -> Thread:
    """Return one thread.

    Raises:
        NotFound: there is no such thread, or it is hidden.
    """
    row = conn.execute(f"{THREAD} WHERE thread = ?", (thread,)).fetchone()
    if row is None or (row["hidden"] and not even_hidden):
        raise NotFound(f"there is no thread {thread}")
    return _thread(row)


def posts(conn: Connection, thread: int, after: int = 0, limit: int = 50) -> list[Post]:
    """Return up to `limit` posts of a thread, the oldest first, whose number is above `after`."""
    rows = conn.execute(f"{POST} WHERE thread = ? AND post > ? ORDER BY post LIMIT ?", (thread, after, limit))
    return [_post(row) for row in rows]


def get_post(conn: Connection, post: int) -> Post:
    """Return a post that may be read.

    Raises:
        NotFound: there is no such post, or it or its thread is hidden or removed.
    """
    row = conn.execute(f"{POST} WHERE post = ?", (post,)).fetchone()
    if row is None or not _post(row).open:
        raise NotFound(f"there is no post {post}")
    get(conn, row["thread"])
    return _post(row)


def sent_before(conn: Connection, sending: Sending) -> Post | None:
    """Return the post that this form made already, however often it is sent."""
    if sending.token is None:
        return None
    row = conn.execute(f"{POST} WHERE send = ?", (sending.token,)).fetchone()
    return _post(row) if row else None


def first_post(conn: Connection, thread: int) -> int:
    """Return the number of the post that opened a thread."""
    return int(conn.execute("SELECT min(post) FROM posts WHERE thread = ?", (thread,)).fetchone()[0])


def clean_post(author: str, body: str, *, may_be_empty: bool = False) -> tuple[str, str]:
    """Return a name and a text as they are kept.

    Raises:
        InvalidInput: one is too long, or empty; with `may_be_empty`, the text may be.
    """
    author = clean(author, "author", MOST_AUTHOR, one_line=True)
    return author, clean(body, "body", MOST_BODY, may_be_empty=may_be_empty) or NO_WORDS


def clean_thread(
    conn: Connection, title: str, section: str, offer: Offer, now: datetime
) -> tuple[str, str | None, str | None, str | None]:
    """Return title, price, place and end as they are kept in a section.

    Raises:
        InvalidInput: a field is empty, too long, or no day that can be an end.
        NotFound: there is no such section.
    """
    title = clean(title, "title", MOST_TITLE, one_line=True)
    return title, *(_clean_offer(offer, now) if sections.get(conn, section).sells else (None, None, None))


def _clean_offer(offer: Offer, now: datetime) -> tuple[str | None, str | None, str | None]:
    price = clean(offer.price, "price", MOST_PRICE, one_line=True, may_be_empty=True)
    place = clean(offer.place, "place", MOST_PLACE, one_line=True, may_be_empty=True)
    text = offer.ends.strip()
    if not text:
        return price or None, place or None, None
    try:
        ends = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("Please write the day like this: 2026-12-31.", "ends") from error
    # A day either way, since the village's day may be another than UTC's.
    if not now.date() - timedelta(days=1) <= ends <= now.date() + timedelta(days=MOST_DAYS):
        raise InvalidInput("Please choose a day within the coming year.", "ends")
    return price or None, place or None, ends.isoformat()


def _insert_post(conn: Connection, thread: int, author: str, body: str, moment: str, sending: Sending) -> int:
    if sending.token is not None and not SEND.fullmatch(sending.token):
        raise InvalidInput("Please send the form again.")
    cursor = conn.execute(
        "INSERT INTO posts (thread, author, body, written_at, phone, send) VALUES (?, ?, ?, ?, ?, ?)",
        (thread, author, body, moment, sending.phone, sending.token),
    )
    post = int(cursor.lastrowid or 0)
    conn.execute(
        "UPDATE threads SET last_post_at = ?, last_post = ?, posts = posts + 1 WHERE thread = ?", (moment, post, thread)
    )
    return post


def _thread(row: Row) -> Thread:
    return Thread(
        row["thread"], row["title"], from_text(row["opened_at"]), from_text(row["last_post_at"]), row["posts"],
        row["section"], row["level"] == PINNED, row["level"] == ENDED, bool(row["closed"]), bool(row["hidden"]),
        row["price"] or "", row["place"] or "", date.fromisoformat(row["ends"]) if row["ends"] else None,
        (row["level"], row["last_post"]),
    )  # fmt: skip


def _post(row: Row) -> Post:
    readable = not row["hidden"] and not row["removed"]
    edited = from_text(row["edited_at"]) if row["edited_at"] else None
    author, body = (row["author"], row["body"]) if readable else ("", "")
    body = "" if body == NO_WORDS else body
    return Post(row["post"], row["thread"], author, body, from_text(row["written_at"]), edited, readable, row["phone"])
