"""What was done of a course: kept by the phone, or for the member who is signed in; and the record one prints of it."""

from __future__ import annotations

import random
import re
import urllib.parse
import urllib.request
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import Config
from kiosk.portal import phone_progress
from kiosk.portal.phone_progress import MOST_LETTERS
from kiosk.store import db, progress
from kiosk.store.progress import Mark
from kiosk.web.db import conn
from tests.portal.conftest import Packer, village
from tests.portal.membership import join, post, sign_in, state_of
from tests.portal.serving import serving

COURSE = "/courses/village/cooperative/en"
RECORD = "/records/village/cooperative/en"
QUIZ, PLAIN = f"{COURSE}/what-it-is", f"{COURSE}/meetings"
RIGHT, HALF = "?a1=2&a2=1", "?a1=2&a2=2"


def kept(portal: Flask) -> list[tuple[object, ...]]:
    """Return the rows of what members have done."""
    with closing(db.connect(state_of(portal).database)) as base:
        return [tuple(row) for row in base.execute("SELECT * FROM progress ORDER BY lesson")]


def do_all(visitor: FlaskClient) -> None:
    visitor.get(QUIZ + RIGHT)
    assert post(visitor, PLAIN, PLAIN).status_code == 303


def test_nothing_is_kept_of_who_only_reads(visitor: FlaskClient) -> None:
    for page in ("/courses", COURSE, QUIZ):
        answer = visitor.get(page)
        assert "Set-Cookie" not in answer.headers, page
        assert "lessons done" not in answer.text


def test_a_lesson_is_done_when_all_its_questions_were_answered(visitor: FlaskClient) -> None:
    visitor.get(f"{QUIZ}?a1=2")
    assert "lessons done" not in visitor.get(COURSE).text
    answer = visitor.get(QUIZ + HALF)
    assert "1 of 2 right" in answer.text
    assert "Done" in answer.text
    outline = visitor.get(COURSE).text
    assert "1 of 2 lessons done" in outline
    assert "1 of 2 right" in outline
    assert f'href="{PLAIN}">' in outline[outline.index("Go on") - 400 : outline.index("Go on")], "on to the next lesson"
    assert "1 of 2 lessons done" in visitor.get("/courses").text


def test_the_best_answers_stay(visitor: FlaskClient) -> None:
    for query, told in ((HALF, "1 of 2 right"), (RIGHT, "2 of 2 right"), (HALF, "2 of 2 right")):
        visitor.get(QUIZ + query)
        assert told in visitor.get(COURSE).text


def test_a_lesson_without_questions_is_done_by_saying_so(visitor: FlaskClient) -> None:
    assert "I have done this lesson" in visitor.get(PLAIN).text
    assert "I have done this lesson" not in visitor.get(QUIZ).text
    assert visitor.post(PLAIN).status_code == 400, "not without the form's token"
    answer = post(visitor, PLAIN, PLAIN)
    assert (answer.status_code, answer.location) == (303, COURSE)
    assert "I have done this lesson" not in visitor.get(PLAIN).text
    assert "1 of 2 lessons done" in visitor.get(COURSE).text


def test_one_with_questions_can_not_be_skipped(visitor: FlaskClient) -> None:
    answer = post(visitor, QUIZ, PLAIN)
    assert (answer.status_code, answer.location) == (303, f"{QUIZ}#quiz")
    assert "lessons done" not in visitor.get(COURSE).text


def test_it_counts_in_every_language_of_the_course(visitor: FlaskClient) -> None:
    visitor.get(QUIZ + RIGHT)
    assert "1 of 2 lessons done" in visitor.get("/courses/village/cooperative/fr").text


def test_of_a_phone_the_kiosk_keeps_nothing(portal: Flask, visitor: FlaskClient) -> None:
    do_all(visitor)
    assert kept(portal) == []
    cookie = visitor.get_cookie("progress")
    assert cookie
    assert cookie.http_only
    assert len(cookie.value) < 30
    assert "lessons done" not in portal.test_client().get(COURSE).text, "another phone"


def test_a_member_finds_it_on_every_phone_and_the_phone_keeps_nothing(portal: Flask, visitor: FlaskClient) -> None:
    holder = join(state_of(portal))
    sign_in(visitor, holder)
    do_all(visitor)
    assert visitor.get_cookie("progress") is None
    assert kept(portal) == [
        (1, "village", "cooperative", "meetings", 0, 0), (1, "village", "cooperative", "what-it-is", 2, 2),
    ]  # fmt: skip
    answer = visitor.get(COURSE)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "kept with your card" in answer.text
    post(visitor, "/members/sign-out", "/members")
    assert "lessons done" not in visitor.get(COURSE).text, "nothing of a member stays on a shared phone"
    other = portal.test_client()
    sign_in(other, holder)
    assert "2 of 2 lessons done" in other.get(COURSE).text
    someone = portal.test_client()
    sign_in(someone, join(state_of(portal), "Jean", "9182"))
    assert "lessons done" not in someone.get(COURSE).text


def test_it_goes_when_a_member_goes(portal: Flask) -> None:
    holder = join(state_of(portal))
    with closing(db.connect(state_of(portal).database)) as base, db.transaction(base):
        progress.note(base, holder.member, "village", "cooperative", "meetings", Mark(0, 0))
        base.execute("DELETE FROM members")
    assert kept(portal) == []


@pytest.mark.parametrize("as_member", [False, True])
def test_it_can_be_forgotten(portal: Flask, visitor: FlaskClient, as_member: bool) -> None:
    if as_member:
        sign_in(visitor, join(state_of(portal)))
    do_all(visitor)
    assert visitor.post("/courses/forget").status_code == 400
    assert post(visitor, "/courses/forget", COURSE).status_code == 303
    assert "lessons done" not in visitor.get(COURSE).text
    assert visitor.get_cookie("progress") is None
    assert kept(portal) == []


def test_lessons_that_went_with_an_update_do_not_count(portal: Flask, visitor: FlaskClient) -> None:
    holder = join(state_of(portal))
    with closing(db.connect(state_of(portal).database)) as base, db.transaction(base):
        progress.note(base, holder.member, "village", "cooperative", "gone", Mark(0, 0))
        progress.note(base, holder.member, "elsewhere", "cooperative", "meetings", Mark(0, 0))
    sign_in(visitor, holder)
    assert "lessons done" not in visitor.get(COURSE).text


def test_a_card_that_can_not_be_written_keeps_no_lesson_from_being_shown(portal: Flask, visitor: FlaskClient) -> None:
    worn_out: list[bool] = []

    @portal.before_request
    def wear() -> None:
        if worn_out:
            conn().execute("PRAGMA query_only = ON")

    sign_in(visitor, join(state_of(portal)))
    worn_out.append(True)
    answer = visitor.get(QUIZ + RIGHT)
    assert answer.status_code == 200
    assert "2 of 2 right" in answer.text
    assert kept(portal) == []


def test_done_lessons_outlive_a_kill(config: Config, packer: Packer, tmp_path: Path) -> None:
    village(packer)
    packer.install()
    holder = join(packer.state)
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def ask(url: str, data: bytes | None = None) -> str:
        with browser.open(urllib.request.Request(url, data, {"Host": "kiosk.test"}), timeout=30) as answer:
            return str(answer.read().decode())

    with serving(config, tmp_path) as served:
        page = ask(f"{served.url}/c/{holder.token}")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        form = {"csrf_token": token[1], "token": holder.token, "pin": holder.pin}
        ask(f"{served.url}/members/sign-in", urllib.parse.urlencode(form).encode())
        assert "2 of 2 right" in ask(served.url + QUIZ + RIGHT)
        served.process.kill()  # as soon as the answer is there
        served.process.wait(30)
    with serving(config, tmp_path) as served:
        assert "1 of 2 lessons done" in ask(served.url + COURSE)


def test_the_record_needs_all_lessons(visitor: FlaskClient) -> None:
    visitor.get(QUIZ + RIGHT)
    page = visitor.get(RECORD).text
    assert "You get it when every lesson is done." in page
    assert 'name="name"' not in page
    assert "has done all lessons" not in post(visitor, RECORD, PLAIN, name="Amina").text
    post(visitor, PLAIN, PLAIN)
    assert f'href="{RECORD}"' in visitor.get(COURSE).text
    assert 'name="name"' in visitor.get(RECORD).text


def test_the_record_shows_the_name_that_is_typed_and_nothing_keeps_it(portal: Flask, visitor: FlaskClient) -> None:
    do_all(visitor)
    answer = post(visitor, RECORD, RECORD, name="  Zawadi   <Mwangaza> ")
    for part in ("Zawadi &lt;Mwangaza&gt;", "Running a cooperative", "2 of 2 right", "24 November 2026", "2 lessons"):
        assert part in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    for path in state_of(portal).folder.rglob("*"):
        assert not path.is_file() or b"Mwangaza" not in path.read_bytes(), path
    assert "Zawadi" not in visitor.get(RECORD).text


@pytest.mark.parametrize(("name", "told"), [(" ", "Please fill in this field."), ("x" * 81, "This text is too long.")])
def test_a_name_that_is_none_is_asked_for_again(visitor: FlaskClient, name: str, told: str) -> None:
    do_all(visitor)
    answer = post(visitor, RECORD, RECORD, name=name)
    assert answer.status_code == 422
    assert told in answer.text
    assert "has done all lessons" not in answer.text


@pytest.mark.parametrize(
    "lesson", ["nope", "..", "%2e%2e%2fsecret", "x" * 3000, "%00", "'%20OR%201=1--", "what-it-is%0a"]
)
def test_a_lesson_that_is_not_there_is_not_done(portal: Flask, visitor: FlaskClient, lesson: str) -> None:
    sign_in(visitor, join(state_of(portal)))
    for address in (f"{COURSE}/{lesson}", f"/courses/village/{lesson}/en/meetings", f"/courses/{lesson}/x/en/meetings"):
        assert post(visitor, address, PLAIN).status_code == 404
    assert visitor.get(f"{COURSE}/{lesson}{RIGHT}").status_code == 404
    assert kept(portal) == []


@pytest.mark.parametrize("address", ["/records/village/nope/en", "/records/village/handbook/en", "/records/x/..%2f/en"])
def test_records_are_of_courses(visitor: FlaskClient, address: str) -> None:
    assert visitor.get(address).status_code == 404


@pytest.mark.parametrize(
    "cookie",
    ["x", "." * 4000, "A" * 5000, "AAAAAAbbbbzz.AAAAAAbbbb", "é" * 50, "\x00", '"', "%00", "AAAAAA" + "٣" * 6],
)
def test_any_cookie_is_read(portal: Flask, cookie: str) -> None:
    visitor = portal.test_client(use_cookies=False)
    for page in ("/courses", COURSE, QUIZ + RIGHT, RECORD):
        assert visitor.get(page, headers={"Cookie": f"progress={cookie}"}).status_code == 200


KEYS = st.text(phone_progress.DIGITS, min_size=6, max_size=6)
MARKS = st.builds(lambda asked, wrong: Mark(max(0, asked - wrong), asked), st.integers(0, 50), st.integers(0, 50))


@given(st.dictionaries(KEYS, st.dictionaries(KEYS.map(lambda key: key[:4]), MARKS, min_size=1, max_size=5), max_size=5))
def test_what_is_written_is_read(courses: dict[str, dict[str, Mark]]) -> None:
    text = phone_progress.write(courses)
    assert phone_progress.read(text) == courses
    assert list(phone_progress.read(text)) == list(courses)


@given(st.text(st.sampled_from([*phone_progress.DIGITS, ".", "é"]), max_size=200))
def test_reading_never_fails(text: str) -> None:
    for marks in phone_progress.read(text).values():
        assert all(0 <= mark.correct <= mark.asked for mark in marks.values())


def test_the_cookie_stays_small_and_the_latest_stays() -> None:
    dice = random.Random(4)
    courses: phone_progress.Kept = {}
    for number in range(200):
        key = "".join(dice.choices(phone_progress.DIGITS, k=4))
        courses = phone_progress.with_mark(courses, phone_progress.course_key("p", str(number)), key, Mark(1, 2))
    text = phone_progress.write({name: {**marks, "aaaa": Mark(0, 0)} for name, marks in courses.items()})
    assert len(text) <= MOST_LETTERS
    found = list(phone_progress.read(text))
    assert found == list(courses)[: len(found)]
    assert len(found) > 150
