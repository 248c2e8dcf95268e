"""What is counted: pages for people, visits, files, courses and searches, and nothing of who it was."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.clock import Reading
from kiosk.config import Config
from kiosk.portal import counting, create_portal, tally
from kiosk.store import counts, db
from tests.portal.conftest import NOW, Packer

HERE = {"Referer": "http://kiosk.test/"}
HOUR, DAY = "2026-11-24 09", "2026-11-24"


@pytest.fixture
def conn(portal: Flask) -> Iterator[db.Connection]:
    with closing(db.connect(portal.extensions["kiosk-site"].state.database)) as conn:
        yield conn


def counted(app: Flask, conn: db.Connection) -> dict[tuple[str, str, str], int]:
    """Return all numbers, after those in memory were written."""
    counting.tally_of(app).write()
    return {(row["span"], row["kind"], row["what"]): row["number"] for row in conn.execute("SELECT * FROM counts")}


def test_pages_count_by_section_and_a_visit_once(portal: Flask, visitor: FlaskClient, conn: db.Connection) -> None:
    visitor.get("/")
    for path in ("/courses", "/documents", "/board", "/help", "/search"):
        visitor.get(path, headers=HERE)
    visitor.get("/notices", headers={"Referer": "http://library.test/"})  # from the bar above a book
    found = counted(portal, conn)
    assert found[HOUR, "visits", ""] == 1
    assert {what for _, kind, what in found if kind == "pages"} == {
        "home", "courses", "documents", "board", "other", "search", "notices"
    }  # fmt: skip


def test_after_ok_the_first_page_begins_a_visit(portal: Flask, visitor: FlaskClient, conn: db.Connection) -> None:
    visitor.get("/", headers={"Referer": "http://kiosk.test/welcome"})
    visitor.get("/courses", headers={"Referer": "http://["})
    assert counted(portal, conn)[HOUR, "visits", ""] == 2


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/generate_204", {}), ("/hotspot-detect.html", {}), ("/welcome", {}), ("/healthz", {}), ("/favicon.ico", {}),
        ("/nowhere", {}), ("/search/suggest?q=co", {}), ("/", {"User-Agent": "curl/8"}), ("/", {"User-Agent": ""}),
        ("/", {"User-Agent": "Googlebot/2.1"}), ("/", {"Purpose": "prefetch"}),
        ("/", {"User-Agent": "CaptiveNetworkSupport-390.60.1 wispr"}), ("/?lang=fr", {}), ("/c/abc", {}),
    ],
)  # fmt: skip
def test_what_is_no_page_for_a_person_is_not_counted(
    portal: Flask, visitor: FlaskClient, conn: db.Connection, path: str, headers: dict[str, str]
) -> None:
    visitor.get(path, headers=headers)
    visitor.head("/")
    assert counted(portal, conn) == {}


def test_what_is_read_is_kept_by_day(portal: Flask, visitor: FlaskClient, conn: db.Connection) -> None:
    lesson = "/courses/village/cooperative/en/what-it-is"
    for path in (lesson, f"{lesson}?a1=1", "/notices/village/prices/en"):
        assert visitor.get(path, headers=HERE).status_code == 200, path
    found = counted(portal, conn)
    assert {key: number for key, number in found.items() if key[1] == "read"} == {
        (DAY, "read", "course:village/cooperative"): 1, (DAY, "read", "notice:village/prices"): 1,
    }  # fmt: skip


def test_a_file_counts_once_however_a_player_asks(portal: Flask, visitor: FlaskClient, conn: db.Connection) -> None:
    paper = next(
        rule for rule in visitor.get("/documents").text.split('"') if rule.startswith("/files/") and "pdf" in rule
    )
    with visitor.get(paper) as answer:
        tag = answer.headers["ETag"]
    for wanted in ("bytes=0-1", "bytes=0-5", "bytes=3-5"):
        with visitor.get(paper, headers={"Range": wanted}) as answer:
            assert answer.status_code == 206
    with visitor.get(paper, headers={"If-None-Match": tag}) as answer:
        assert answer.status_code == 304
    assert counted(portal, conn)[HOUR, "files", "documents"] == 2


def test_a_course_that_is_finished_counts_once(portal: Flask, visitor: FlaskClient, conn: db.Connection) -> None:
    outline = visitor.get("/courses/village/cooperative/en").text
    lessons = sorted({part for part in outline.split('"') if part.startswith("/courses/village/cooperative/en/")})
    for _ in range(2):
        for lesson in lessons:
            page = visitor.get(f"{lesson}?a1=2&a2=1").text
            token = page.rpartition('name="csrf_token" value="')[2].partition('"')[0]
            visitor.post(lesson, data={"csrf_token": token})
    found = counted(portal, conn)
    assert found[HOUR, "courses", "village/cooperative"] == 1


def test_words_that_found_nothing_are_kept_from_the_third_day(config: Config, packer: Packer) -> None:
    packer.install()  # no books: a search is only told to have found nothing when all was looked at
    day = [0]
    app = create_portal(config, lambda: NOW, timekeeper=lambda: Reading(NOW + timedelta(days=day[0]), vouched=True))
    visitor = app.test_client()
    with closing(db.connect(packer.state.database)) as conn:
        for number in range(3):
            day[0] = number
            for question in ("Zébra  glue", "glue ZEBRA", "my number 0700123456"):
                visitor.get("/search", query_string={"q": question}, headers=HERE)
            found = counted(app, conn)
            told = {what: number for (_, kind, what), number in found.items() if kind == "words"}
            assert list(told) in ([], ["zebra glue"], ["glue zebra"])
            assert bool(told) == (number == 2)
        assert list(told.values()) == [3]
        assert sum(number for (_, kind, _), number in found.items() if kind == "missed") == 9
        assert sum(number for (_, kind, _), number in found.items() if kind == "searches") == 9
        assert "zebra" not in "".join(str(tuple(row)) for row in conn.execute("SELECT * FROM sought"))
        day[0] = 70
        counted(app, conn)
        assert conn.execute("SELECT count(*) FROM sought").fetchone()[0] == 0


def test_a_doubted_hour_belongs_to_a_month_only(config: Config, packer: Packer) -> None:
    packer.install()
    vouched = [False]
    app = create_portal(config, lambda: NOW, timekeeper=lambda: Reading(NOW, vouched=vouched[0]))
    counted_by = counting.tally_of(app)
    app.test_client().get("/")
    with closing(db.connect(packer.state.database)) as conn:
        counted_by.minute()
        assert counted(app, conn) == {("2026-11?", "pages", "home"): 1, ("2026-11?", "visits", ""): 1}
        vouched[0] = True
        for _ in range(10):
            counted_by.minute()
        assert counted(app, conn)[HOUR, "minutes", ""] == 10


def test_a_clock_that_jumps_back_counts_nothing_twice(config: Config, packer: Packer) -> None:
    packer.install()
    hours = [0]
    app = create_portal(config, lambda: NOW, timekeeper=lambda: Reading(NOW + timedelta(hours=hours[0]), vouched=True))
    with closing(db.connect(packer.state.database)) as conn:
        for hours[0] in (0, 5, 0, -3, 5):
            app.test_client().get("/", headers=HERE)
            found = counted(app, conn)
        pages = {span: number for (span, kind, _), number in found.items() if kind == "pages"}
        assert pages == {"2026-11-24 06": 1, HOUR: 2, "2026-11-24 14": 2}


def test_several_workers_count_exactly(portal: Flask, conn: db.Connection) -> None:
    def browse() -> None:
        client = portal.test_client()
        for _ in range(20):
            client.get("/help", headers=HERE)
            counting.tally_of(portal).minute()

    workers = [threading.Thread(target=browse) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert counted(portal, conn)[HOUR, "pages", "other"] == 80


def test_numbers_wait_while_the_database_is_away(portal: Flask, visitor: FlaskClient, conn: db.Connection) -> None:
    visitor.get("/help", headers=HERE)
    conn.execute("ALTER TABLE counts RENAME TO elsewhere")
    conn.execute("CREATE VIEW counts AS SELECT * FROM elsewhere")  # can not be written
    state = portal.extensions["kiosk-site"].state
    away = state.database.rename(state.database.with_suffix(".away"))
    state.database.mkdir()
    counting.tally_of(portal).write()
    state.database.rmdir()
    away.rename(state.database)
    conn.execute("DROP VIEW counts")
    conn.execute("ALTER TABLE elsewhere RENAME TO counts")
    assert counted(portal, conn)[HOUR, "pages", "other"] == 1


def test_two_years_later_hours_are_months(conn: db.Connection) -> None:
    with db.transaction(conn):
        for span, number in (("2024-10-31 09", 2), ("2024-10-30 10", 3), ("2024-11-01 09", 1), ("2024-10?", 4)):
            counts.add(conn, {counts.Counted(span, "pages", "home"): number})
        counts.add(conn, {counts.Counted("2024-10-31", "words", "zebra"): 3})
        counts.fold(conn, NOW.date())
        counts.fold(conn, NOW.date())
    assert counts.sums(conn, "2024", counts.HOUR) == {
        "2024-10": {"pages": 5}, "2024-10?": {"pages": 4}, "2024-11-01 09": {"pages": 1}
    }  # fmt: skip


def test_it_writes_by_itself_and_once_more_at_the_end(
    portal: Flask, visitor: FlaskClient, conn: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages() -> int:
        row = conn.execute("SELECT coalesce(sum(number), 0) AS number FROM counts WHERE kind = 'pages'").fetchone()
        return int(row["number"])

    monkeypatch.setattr(tally, "EVERY_SECONDS", 0.05)
    visitor.get("/help", headers=HERE)
    counting.tally_of(portal).keep()
    until = time.monotonic() + 30
    while not pages() and time.monotonic() < until:
        time.sleep(0.05)
    assert pages() == 1
    counting.tally_of(portal).end()
    visitor.get("/help", headers=HERE)
    counting.tally_of(portal).end()
    assert pages() == 2


def test_time_alone_is_written_every_ten_minutes(portal: Flask, conn: db.Connection) -> None:
    for turn in range(1, 21):
        counting.tally_of(portal).minute()
        minutes = conn.execute("SELECT coalesce(sum(number), 0) AS minutes FROM counts").fetchone()["minutes"]
        assert minutes == turn // 10 * 10
