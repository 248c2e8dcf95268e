"""The first page: a welcome the first time, then what is new, told from cookies that may be broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.portal import create_portal
from kiosk.store import board_settings, db, papers, threads
from kiosk.store.board_settings import BoardIs, BoardSettings
from kiosk.store.db import Connection
from kiosk.store.state import State
from tests.portal.conftest import NOW, Packer, village
from tests.portal.membership import join, sign_in

NEW = "New since your last visit"
SHOWN = {"starts": "2026-11-01", "ends": "2026-12-31", "pinned": False}


@contextmanager
def store(portal: Flask) -> Iterator[tuple[Connection, State]]:
    state: State = portal.extensions["kiosk-site"].state
    conn = db.connect(state.database)
    with db.transaction(conn):
        yield conn, state
    conn.close()


def write(portal: Flask, title: str, section: str = "talk") -> int:
    with store(portal) as (conn, _):
        return threads.open_thread(conn, title, "Wanjiru", "Healthy.", NOW, section=section)


def put_paper(portal: Flask, title: str, data: bytes, *, members_only: bool = False) -> None:
    with store(portal) as (conn, state), papers.drafted(state, BytesIO(data), len(data), 0) as draft:
        papers.add(conn, state, draft, title, "reports", "en", NOW, members_only=members_only)


def come_again(visitor: FlaskClient) -> str:
    """Open the first page an hour later: the browser has forgotten the visit."""
    visitor.delete_cookie("visit")
    return visitor.get("/").text


def listed(page: str) -> list[tuple[str, str]]:
    """Return title and address of what is listed as new."""
    part = page.partition(NEW)[2].partition("</section>")[0]
    return [
        (title, address)
        for address, title in re.findall(r'<a href="([^"]+)">.*?<strong[^>]*>(.*?)</strong>', part, re.DOTALL)
    ]


def test_the_first_time_there_is_a_welcome_with_languages_and_help(visitor: FlaskClient) -> None:
    page = visitor.get("/").text
    for part in ("Welcome to Umoja", "it needs no internet", 'href="/?lang=sw"', "Help in pictures"):
        assert part in page.partition("</main>")[0]
    assert NEW not in page
    assert "fresh" not in page
    assert "Welcome to" in visitor.get("/").text, "all through the first visit"
    page = come_again(visitor)
    assert "Welcome to" not in page
    assert "<h1>Umoja Telecenter</h1>" in page
    assert NEW not in page, "nothing came"


def test_what_came_since_the_last_visit_is_listed_all_through_the_visit(
    portal: Flask, visitor: FlaskClient, packer: Packer
) -> None:
    visitor.get("/")
    packer.add(
        "course", "bees", "en", "Keeping bees", {"subject": "farming", "level": "beginner", "lessons": []},
        lessons__1_dot_html=b"<p>Bees</p>",
    )  # fmt: skip
    packer.add(
        "book", "seeds", "en", "Seeds", {"subject": "farming", "file": "seeds_en.zim", "uuid": "x"},
        seeds_en_dot_zim=b"zim",
    )  # fmt: skip
    packer.add("document", "form", "en", "Entry form", {"category": "forms"}, form_dot_pdf=b"%PDF-1.4 form")
    packer.install(2)
    goats = write(portal, "Two goats <b>for sale</b>")
    put_paper(portal, "Minutes of October", b"%PDF-1.4 minutes")
    expected = [
        ("Keeping bees", "/courses/village/bees/en"),
        ("Seeds", "/library#seeds_en"),
        ("Minutes of October", "/documents/in/reports#paper-1-1"),
        ("Entry form", "/documents/in/forms#village-form-en"),
        ("Two goats &lt;b&gt;for sale&lt;/b&gt;", f"/board/{goats}"),
    ]
    for page in (come_again(visitor), visitor.get("/").text):
        assert listed(page) == expected
        assert page.count('<span class="fresh">1 new</span>') == 3
        assert page.count('<span class="fresh">2 new</span>') == 1
        assert page.count("for sale&lt;/b&gt;") == 1, "it does not stand on the page twice"
    assert listed(come_again(visitor)) == []


def test_addresses_of_what_is_new_lead_there(portal: Flask, visitor: FlaskClient) -> None:
    mark = kiosk(visitor)
    write(portal, "Goats")
    put_paper(portal, "Minutes", b"%PDF-1.4 minutes")
    found = []
    for collection in range(12):
        visitor.set_cookie("seen", f"{mark}.{collection}.0.0")
        found += listed(come_again(visitor))
    assert {title for title, _ in found} >= {"Goats", "Minutes", "Running a cooperative", "Handbook", "Loi de 2019"}
    for title, address in found:
        page, _, place = address.partition("#")
        answer = visitor.get(page)
        assert answer.status_code == 200
        assert title in answer.text
        assert not place or f'id="{place}"' in answer.text


def test_a_new_notice_stands_among_the_notices_and_is_counted(visitor: FlaskClient, packer: Packer) -> None:
    visitor.get("/")
    packer.add("notice", "rain", "en", "Rain", SHOWN, notice_dot_html=b"<p>Rain</p>")
    packer.install(2)
    page = come_again(visitor)
    assert re.search(r'tile notices".*?<span class="fresh">1 new</span>', page, re.DOTALL)
    assert page.count("About Rain.") == 1
    assert listed(page) == []


def test_what_changed_is_new_and_what_stayed_is_not(visitor: FlaskClient, packer: Packer, config: Config) -> None:
    visitor.get("/")
    again = Packer(State(config.state))
    village(again)
    again.items = [item for item in again.items if item.id != "by-laws"]
    again.add(
        "document", "by-laws", "en", "Better by-laws", {"category": "model-papers"}, by_laws_dot_pdf=b"%PDF-1.4 2"
    )
    again.install(2)
    assert [title for title, _ in listed(come_again(visitor))] == ["Better by-laws"]


def test_two_of_a_section_are_listed_and_all_are_counted(portal: Flask, visitor: FlaskClient) -> None:
    visitor.get("/")
    for number in range(5):
        write(portal, f"Thread {number}")
    page = come_again(visitor)
    assert [title for title, _ in listed(page)] == ["Thread 4", "Thread 3"]
    assert '<span class="fresh">5 new</span>' in page


def test_what_is_for_members_is_new_only_to_members(portal: Flask, visitor: FlaskClient) -> None:
    holder = join(portal.extensions["kiosk-site"].state)
    visitor.get("/")
    put_paper(portal, "Accounts", b"%PDF-1.4 accounts", members_only=True)
    with store(portal) as (conn, _):
        conn.execute("UPDATE sections SET members_only = 1 WHERE section = 'questions'")
    write(portal, "Whom do we elect?", "questions")
    page = come_again(visitor)
    assert "Accounts" not in page
    assert "elect" not in page
    sign_in(visitor, holder)
    answer = visitor.get("/")
    assert {title for title, _ in listed(answer.text)} == {"Accounts", "Whom do we elect?"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_hidden_threads_and_a_board_that_is_off_are_not_new(portal: Flask, visitor: FlaskClient) -> None:
    visitor.get("/")
    hidden = write(portal, "Hidden")
    with store(portal) as (conn, _):
        conn.execute("UPDATE threads SET hidden = 1 WHERE thread = ?", (hidden,))
    assert listed(come_again(visitor)) == []
    write(portal, "Goats")
    with store(portal) as (conn, _):
        board_settings.save(conn, replace(BoardSettings(), state=BoardIs.OFF))
    assert listed(come_again(visitor)) == []


def kiosk(visitor: FlaskClient) -> str:
    """Return the mark by which this kiosk knows its own cookies."""
    visitor.get("/")
    cookie = visitor.get_cookie("seen")
    assert cookie
    return cookie.value.partition(".")[0]


@pytest.mark.parametrize(
    "value", ["", "x", "{}", "{}.", "{}.1.2", "{}.1.2.x", "{}.1.2.-3", "{}.1.2.3.4", "{}.1.2.٣", "{}." + "9" * 5000,
              "{}.1.2." + "9" * 19, "00000000.1.1.1", "<script>", "{}.1.2.3\"; x=y", "%00"],
)  # fmt: skip
def test_a_broken_cookie_or_another_kiosks_is_as_none(portal: Flask, visitor: FlaskClient, value: str) -> None:
    broken = value.format(kiosk(visitor))
    write(portal, "Goats")
    for cookies in (f"seen={broken}", f"seen={broken}; visit={broken}"):
        answer = portal.test_client(use_cookies=False).get("/", headers={"Cookie": cookies})
        assert answer.status_code == 200
        assert "Welcome to" in answer.text
        assert NEW not in answer.text


def test_numbers_from_before_a_restored_backup_mend_themselves(portal: Flask, visitor: FlaskClient) -> None:
    visitor.set_cookie("seen", f"{kiosk(visitor)}.900.900.900")
    assert listed(come_again(visitor)) == []
    write(portal, "Goats")
    assert [title for title, _ in listed(come_again(visitor))] == ["Goats"]


@pytest.mark.parametrize("jump", [timedelta(days=-9000), timedelta(days=9000)])
def test_a_clock_that_jumps_makes_nothing_new_and_hides_nothing(
    config: Config, portal: Flask, visitor: FlaskClient, jump: timedelta
) -> None:
    visitor.get("/")
    later = create_portal(config, lambda: NOW + jump).test_client()
    for name in ("seen", "visit"):
        cookie = visitor.get_cookie(name)
        assert cookie
        later.set_cookie(name, cookie.value)
    write(portal, "Goats")
    assert [title for title, _ in listed(come_again(later))] == ["Goats"]
    assert [title for title, _ in listed(later.get("/").text)] == ["Goats"], "the visit goes on"
    assert listed(come_again(later)) == []


def test_the_phone_keeps_two_short_cookies_that_say_nothing_of_who_it_is(portal: Flask) -> None:
    answers = [portal.test_client().get("/").headers.getlist("Set-Cookie") for _ in range(2)]
    kept, others = ([re.sub(r"Expires=[^;]+; ", "", each) for each in answer] for answer in answers)
    assert kept == others, "alike on every phone"
    assert len(kept) == 2
    assert re.fullmatch(
        r"seen=[0-9a-f]{8}\.\d+\.\d+\.\d+; Max-Age=31536000; HttpOnly; Path=/; SameSite=Lax", kept[0]
    ), kept
    assert re.fullmatch(r"visit=[0-9a-f]{8}\.first; Max-Age=3600; HttpOnly; Path=/; SameSite=Lax", kept[1]), kept


def test_papers_added_here_are_counted(portal: Flask, visitor: FlaskClient) -> None:
    put_paper(portal, "Minutes", b"%PDF-1.4 minutes")
    put_paper(portal, "Accounts", b"%PDF-1.4 accounts", members_only=True)
    assert re.search(r'tile documents".*?class="count">3<', visitor.get("/").text, re.DOTALL)
