"""Sections, offers, double taps, one's own posts, and what a board page costs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import Conflict, InvalidInput, NotFound
from kiosk.store import db, own_posts, threads
from kiosk.store.threads import Offer, Sending
from tests.making import START, MovableClock

PHONE, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[db.Connection]:
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn:
        yield conn


def test_what_was_on_the_board_before_sections_is_talk(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.sqlite3"
    with closing(sqlite3.connect(path)) as old:
        for name in ("0001_first.sql", "0002_clock.sql", "0003_manners.sql"):
            old.executescript((resources.files("kiosk.store") / "schema" / name).read_text())
        moment = db.to_text(START)
        old.execute("INSERT INTO threads VALUES (1, 'Old', ?, ?)", (moment, moment))
        old.executemany("INSERT INTO posts VALUES (?, 1, 'A', 'x', ?)", [(n, moment) for n in (1, 2)])
        old.execute("PRAGMA user_version = 3")
        old.commit()
    with closing(db.connect(path)) as conn:
        (thread,) = threads.recent(conn, 9)
        assert (thread.section, thread.posts, thread.cursor) == ("talk", 2, (threads.RUNNING, 2))
        assert [row["post"] for row in conn.execute("SELECT * FROM open_posts")] == [1, 2]


def test_an_offer_is_kept_sinks_when_its_day_is_over_and_the_pinned_stand_above(conn: db.Connection) -> None:
    offer = Offer("500 a bag", "By the  mill", "2026-11-25")
    with db.transaction(conn):
        sold = threads.open_thread(conn, "Maize", "A", "x", START, section="market", offer=offer)
        talk = threads.open_thread(conn, "Talk", "A", "x", START, offer=offer)
        conn.execute("UPDATE threads SET level = 2 WHERE thread = ?", (talk,))
        threads.reply(conn, sold, "B", "y", START)
    found = threads.get(conn, sold)
    assert (found.price, found.place, found.ends) == ("500 a bag", "By the mill", date(2026, 11, 25))
    assert threads.get(conn, talk).price == "", "only the market sells"
    assert not own_posts.is_untidy(conn, START, date(2026, 11, 25))
    assert own_posts.is_untidy(conn, START, date(2026, 11, 26))
    with db.transaction(conn):
        last = threads.open_thread(conn, "Goats", "A", "x", START, section="market")
        own_posts.tidy(conn, START, date(2026, 11, 26))
        threads.reply(conn, sold, "B", "still there?", START)
    assert [t.thread for t in threads.recent(conn, 9)] == [talk, last, sold]
    assert [t.thread for t in threads.recent(conn, 9, section="market")] == [last, sold]
    assert threads.get(conn, sold).ended
    assert threads.counts(conn, members=False) == {"market": 2, "questions": 0, "good-practice": 0, "talk": 1}


@pytest.mark.parametrize("ends", ["tomorrow", "2026-13-01", "2026-11-01", "2031-01-01"])
def test_an_end_is_a_day_of_the_coming_year(conn: db.Connection, ends: str) -> None:
    with pytest.raises(InvalidInput) as refusal, db.transaction(conn):
        threads.open_thread(conn, "T", "A", "x", START, section="market", offer=Offer(ends=ends))
    assert refusal.value.field == "ends"


def test_a_form_sent_twice_makes_one_post(conn: db.Connection) -> None:
    first, second = (Sending(PHONE, letter * 22) for letter in "xy")
    with db.transaction(conn):
        thread = threads.open_thread(conn, "T", "A", "x", START, sending=first)
        assert threads.open_thread(conn, "T", "A", "x", START, sending=first) == thread
        post = threads.reply(conn, thread, "A", "y", START, sending=second)
        assert threads.reply(conn, thread, "A", "y", START, sending=second) == post
    assert threads.get(conn, thread).posts == 2


def test_closed_and_hidden_threads_take_nothing(conn: db.Connection) -> None:
    with db.transaction(conn):
        thread = threads.open_thread(conn, "T", "A", "x", START)
        conn.execute("UPDATE threads SET closed = 1")
        with pytest.raises(Conflict):
            threads.reply(conn, thread, "A", "y", START)
        conn.execute("UPDATE threads SET hidden = 1")
        with pytest.raises(NotFound):
            threads.reply(conn, thread, "A", "y", START)
        with pytest.raises(NotFound):
            threads.get_post(conn, 1)
    assert threads.recent(conn, 9) == []
    assert conn.execute("SELECT * FROM open_posts").fetchall() == []


@pytest.mark.parametrize(
    ("phone", "minutes", "allowed"),
    [
        (PHONE, 29, True),
        (PHONE, -29, True),
        (PHONE, 31, False),
        (PHONE, -31, False),
        (OTHER, 1, False),
        (None, 1, False),
    ],
)
def test_only_the_phone_that_wrote_changes_and_only_for_half_an_hour(
    conn: db.Connection, phone: str | None, minutes: int, allowed: bool
) -> None:
    later = START + timedelta(minutes=minutes)
    with db.transaction(conn):
        thread = threads.open_thread(conn, "T", "A", "first words", START, sending=Sending(PHONE))
        threads.reply(conn, thread, "B", "second", START)
    changing = partial(own_posts.change, conn, 1, phone, "A", "new words", later)
    removing = partial(own_posts.remove, conn, 1, phone, later)
    for act in (changing, removing):
        if allowed:
            with db.transaction(conn):
                act()
        else:
            with pytest.raises(NotFound), db.transaction(conn):
                act()
    first, second = threads.posts(conn, thread)
    assert (first.open, first.body) == ((False, "") if allowed else (True, "first words"))
    assert second.body == "second"
    assert threads.get(conn, thread).posts == (1 if allowed else 2)
    kept = [row[0] for row in conn.execute("SELECT body FROM posts WHERE post = 1")]
    assert kept == ["–" if allowed else "first words"], "what is removed is not kept"


def test_a_post_without_phone_is_nobodys(conn: db.Connection) -> None:
    with db.transaction(conn):
        threads.open_thread(conn, "T", "A", "x", START)
    with pytest.raises(NotFound):
        own_posts.get(conn, 1, None, START)


def test_a_thread_whose_only_post_is_removed_is_gone(conn: db.Connection) -> None:
    with db.transaction(conn):
        threads.open_thread(conn, "Secret", "A", "x", START, sending=Sending(PHONE))
        own_posts.remove(conn, 1, PHONE, START)
    assert threads.recent(conn, 9) == []
    assert conn.execute("SELECT title FROM threads").fetchone()[0] == "–"


@pytest.mark.parametrize("minutes", [31, -31])
def test_phones_are_forgotten_whichever_way_the_clock_goes(conn: db.Connection, minutes: int) -> None:
    later = START + timedelta(minutes=minutes)
    with db.transaction(conn):
        threads.open_thread(conn, "T", "A", "x", START, sending=Sending(PHONE))
    assert not own_posts.is_untidy(conn, START, START.date())
    assert own_posts.is_untidy(conn, later, later.date())
    with db.transaction(conn):
        own_posts.tidy(conn, later, later.date())
    assert threads.posts(conn, 1)[0].phone is None
    assert not own_posts.is_untidy(conn, later, later.date())


ACTS = st.lists(st.tuples(st.sampled_from(["open", "reply", "read", "back"]), st.integers(0, 30)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(before=st.integers(1, 12), acts=ACTS)
def test_paging_meets_each_thread_once_whatever_others_do(before: int, acts: list[tuple[str, int]]) -> None:
    clock = MovableClock()
    conn = db.connect(Path(":memory:"))
    numbers = [threads.open_thread(conn, f"T{n}", "A", "x", clock()) for n in range(before)]
    seen: list[int] = []
    answered: set[int] = set()
    cursor: tuple[int, int] | None = None
    to_the_end = [("read", 0)] * (before + len(acts))
    for act, which in [*acts, *to_the_end]:
        if act == "open":
            threads.open_thread(conn, "new", "A", "x", clock())
        elif act == "reply":
            thread = numbers[which % len(numbers)]
            answered.add(thread)
            threads.reply(conn, thread, "B", "y", clock())
        elif act == "back":
            clock.forward(minutes=-which)
        elif page := threads.recent(conn, 2, cursor):
            seen += [thread.thread for thread in page]
            cursor = page[-1].cursor
    conn.close()
    assert len(seen) == len(set(seen)), "no thread is shown twice"
    assert set(numbers) - answered <= set(seen), "none is passed over, but those that went to the top meanwhile"


@pytest.mark.parametrize("section", [None, "talk"])
def test_a_board_page_costs_the_same_however_much_is_written(conn: db.Connection, section: str | None) -> None:
    asked: list[str] = []
    conn.set_trace_callback(asked.append)
    threads.recent(conn, 20, (1, 7), section)
    threads.posts(conn, 1, 5)
    threads.get(conn, 1) if threads.recent(conn, 1) else None
    own_posts.is_untidy(conn, START, START.date())
    conn.set_trace_callback(None)
    for query in asked:
        plan = [row["detail"] for row in conn.execute(f"EXPLAIN QUERY PLAN {query}")]
        assert not any("TEMP B-TREE" in step for step in plan), plan
        assert not any(step.startswith(("SCAN threads", "SCAN posts")) for step in plan), plan
