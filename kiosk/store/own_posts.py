"""What a phone may still do with what it wrote.

Owns: the rule of the half hour, and the forgetting of phones. True always: a post is changed only with the hash of the
phone that wrote it, and that hash is gone once it can no longer serve; of what waits or was reported it is kept until
an operator has looked, who may ban the phone. What its writer removes is overwritten.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kiosk.errors import NotFound
from kiosk.store import attachments, bans, threads
from kiosk.store.db import Connection, to_text
from kiosk.store.threads import NO_WORDS, Offer, Post

OWN_MINUTES = 30
"""How long a phone may change what it wrote."""


def is_own(post: Post, phone: str | None, now: datetime) -> bool:
    """Tell whether a phone may change a post: it wrote it, less than half an hour ago, whichever way the clock went."""
    young = abs(now - post.written_at) <= timedelta(minutes=OWN_MINUTES)
    return phone is not None and post.phone == phone and post.open and young


def get(conn: Connection, post: int, phone: str | None, now: datetime) -> Post:
    """Return a post that this phone may change.

    Raises:
        NotFound: there is no such post, or it is not for this phone to change, or not any more.
    """
    found = threads.get_post(conn, post)
    if not is_own(found, phone, now):
        raise NotFound(f"the post {post} is not this phone's to change")
    return found


def change(conn: Connection, post: int, phone: str | None, author: str, body: str, now: datetime) -> Post:
    """Change name and text of a post; reports are heard of it again. Return the post as it was.

    Raises:
        InvalidInput: a field is empty or too long.
        NotFound: see `get`.
    """
    found = get(conn, post, phone, now)
    author, body = threads.clean_post(author, body, may_be_empty=bool(attachments.of_posts(conn, [post])))
    conn.execute(
        "UPDATE posts SET author = ?, body = ?, edited_at = ?, judged = 0 WHERE post = ?",
        (author, body, to_text(now), post),
    )
    return found


def change_thread(conn: Connection, post: int, phone: str | None, title: str, offer: Offer, now: datetime) -> None:
    """Change what a thread says of itself: its title and, in a section that sells, price, place and last day.

    Args:
        post: the one that opened it.

    Raises:
        InvalidInput: a field is empty, too long, or no day that can be an end.
        NotFound: see `get`; or the post did not open its thread.
    """
    thread = threads.get(conn, get(conn, post, phone, now).thread)
    if threads.first_post(conn, thread.thread) != post:
        raise NotFound(f"the post {post} opened no thread")
    fields = threads.clean_thread(conn, title, thread.section, offer, now)
    # An offer that has sunk rises: its last day is another now, and `tidy` lets it sink again if it is over.
    conn.execute(
        "UPDATE threads SET title = ?, price = ?, place = ?, ends = ?, level = max(level, 1) WHERE thread = ?",
        (*fields, thread.thread),
    )


def remove(conn: Connection, post: int, phone: str | None, now: datetime) -> Post:
    """Take a post away for good, and its thread when nothing else is in it. Return the post as it was.

    Raises:
        NotFound: see `get`.
    """
    found = get(conn, post, phone, now)
    conn.execute(
        "UPDATE posts SET author = ?, body = ?, phone = NULL, removed = 1 WHERE post = ?", (NO_WORDS, NO_WORDS, post)
    )
    conn.execute("UPDATE threads SET posts = posts - 1 WHERE thread = ?", (found.thread,))
    conn.execute(
        "UPDATE threads SET hidden = 1, title = ?, price = NULL, place = NULL WHERE thread = ? AND NOT EXISTS"
        " (SELECT 1 FROM posts WHERE posts.thread = threads.thread AND removed = 0)",
        (NO_WORDS, found.thread),
    )
    return found


def is_untidy(conn: Connection, now: datetime, today: date) -> bool:
    """Tell whether `tidy` has anything to do; costs little, so that pages are read without writing to the card."""
    old, ahead = _not_own(now)
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM forgettable WHERE written_at < ?)"
        " OR EXISTS (SELECT 1 FROM forgettable WHERE written_at > ?)"
        " OR EXISTS (SELECT 1 FROM threads WHERE level = 1 AND ends < ?)"
        " OR EXISTS (SELECT 1 FROM bans WHERE ends < ?)",
        (old, ahead, today.isoformat(), today.isoformat()),
    ).fetchone()
    return bool(row[0])


def tidy(conn: Connection, now: datetime, today: date) -> None:
    """Forget the phones of posts that can no longer be changed and of bans that are over, and let offers sink whose
    last day has passed.
    """
    old, ahead = _not_own(now)
    conn.execute(
        "UPDATE posts SET phone = NULL WHERE post IN (SELECT post FROM forgettable WHERE written_at < ?)", (old,)
    )
    conn.execute(
        "UPDATE posts SET phone = NULL WHERE post IN (SELECT post FROM forgettable WHERE written_at > ?)", (ahead,)
    )
    conn.execute("UPDATE threads SET level = 0 WHERE level = 1 AND ends < ?", (today.isoformat(),))
    bans.forget_over(conn, today)


def _not_own(now: datetime) -> tuple[str, str]:
    most = timedelta(minutes=OWN_MINUTES)
    return to_text(now - most), to_text(now + most)
