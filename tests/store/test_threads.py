"""The board's rows: what a post may hold, and that paging holds while others write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.errors import InvalidInput, NotFound
from kiosk.store import db, threads
from tests.making import MovableClock


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[db.Connection]:
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn:
        yield conn


def test_a_thread_has_its_first_post(conn: db.Connection) -> None:
    clock = MovableClock()
    with db.transaction(conn):
        number = threads.open_thread(conn, " Maize  for sale ", "Amina", "Two bags.\r\n\r\nCome by.", clock())
        thread = threads.get(conn, number)
        (post,) = threads.posts(conn, number)
    assert (thread.title, thread.posts, thread.opened_at) == ("Maize for sale", 1, clock())
    assert (post.author, post.body) == ("Amina", "Two bags.\n\nCome by.")


@pytest.mark.parametrize(
    ("title", "author", "body", "field"),
    [
        ("", "A", "b", "title"),
        (" \u202e ", "A", "b", "title"),
        ("t" * 121, "A", "b", "title"),
        ("t", "\n", "b", "author"),
        ("t", "A" * 41, "b", "author"),
        ("t", "A", "\x00\x07", "body"),
        ("t", "A", "b" * 4001, "body"),
    ],
)
def test_what_can_not_be_taken_is_told_by_field_and_leaves_nothing(
    conn: db.Connection, title: str, author: str, body: str, field: str
) -> None:
    with closing(conn):
        with pytest.raises(InvalidInput) as refusal, db.transaction(conn):
            threads.open_thread(conn, title, author, body, MovableClock()())
        assert refusal.value.field == field
        assert threads.recent(conn, 10) == []


def test_a_reply_brings_its_thread_to_the_top(conn: db.Connection) -> None:
    clock = MovableClock()
    with db.transaction(conn):
        first = threads.open_thread(conn, "First", "A", "x", clock())
        clock.forward(minutes=1)
        second = threads.open_thread(conn, "Second", "A", "x", clock())
        assert [t.thread for t in threads.recent(conn, 10)] == [second, first]
        clock.forward(minutes=1)
        threads.reply(conn, first, "B", "y", clock())
        assert [t.thread for t in threads.recent(conn, 10)] == [first, second]


def test_a_reply_to_no_thread_is_told(conn: db.Connection) -> None:
    with closing(conn), pytest.raises(NotFound), db.transaction(conn):
        threads.reply(conn, 7, "B", "y", MovableClock()())


def test_paging_meets_each_thread_once_while_others_write(conn: db.Connection) -> None:
    clock = MovableClock()
    with db.transaction(conn):
        numbers = []
        for n in range(7):
            numbers.append(threads.open_thread(conn, f"T{n}", "A", "x", clock()))
            clock.forward(seconds=1 if n % 2 else 0)  # some have the same moment
        seen, before = [], None
        while page := threads.recent(conn, 2, before):
            seen += [thread.thread for thread in page]
            before = page[-1].cursor
            threads.open_thread(conn, "new", "A", "x", clock())
        assert sorted(seen) == numbers


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Bonjour\u00a0!", "Bonjour !"),
        ("maize\t300", "maize 300"),
        ("a\u2028b\x0bc", "a b c"),
        ("\U0001f468\u200d\U0001f33e", "\U0001f468\u200d\U0001f33e"),  # a farmer: two signs and a joiner
    ],
)
def test_words_are_not_run_together_nor_emoji_torn(conn: db.Connection, typed: str, kept: str) -> None:
    with db.transaction(conn):
        thread = threads.open_thread(conn, typed, "A", typed, MovableClock()())
        assert threads.get(conn, thread).title == kept
        assert threads.posts(conn, thread)[0].body == kept


def test_joiners_alone_are_no_text(conn: db.Connection) -> None:
    with closing(conn), pytest.raises(InvalidInput), db.transaction(conn):
        threads.open_thread(conn, "\u200d\u200c", "A", "x", MovableClock()())
