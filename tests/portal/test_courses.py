"""The shelf of courses: by subject, the easiest first, with the time each takes, and narrowed down by links alone."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.portal import create_portal
from tests.portal.conftest import NOW, Packer


def add_course(packer: Packer, name: str, subject: str, level: str, minutes: int = 20, language: str = "en") -> None:
    """Add a course of one lesson without questions."""
    lesson = {"id": "one", "title": "One", "summary": "First.", "minutes": minutes, "page": "1.html"}
    packer.add(
        "course", name, language, name.title(), {"subject": subject, "level": level, "lessons": [lesson]},
        **{"1_dot_html": b"<p>Text.</p>"},
    )  # fmt: skip


@pytest.fixture
def reader(config: Config, packer: Packer) -> FlaskClient:
    add_course(packer, "accounts", "money", "advanced", 150)
    add_course(packer, "savings", "money", "beginner", 60)
    add_course(packer, "compost", "farming", "beginner")
    add_course(packer, "seed", "farming", "intermediate")
    packer.install()
    return create_portal(config, lambda: NOW).test_client()


def titles(page: str) -> list[str]:
    return re.findall(r'<h3><a class="cover"[^>]*>([^<]*)</a>', page)


def choices(page: str, title: str) -> list[tuple[str, str]]:
    """Return address and word of each choice in the row that is called `title`."""
    row = re.search(rf'<nav class="sift" aria-label="{title}">(.*?)</nav>', page, re.DOTALL)
    found = re.findall(r'<a href="([^"]*)".*?<span>([^<]*)</span>', row[1]) if row else []
    return [(address.replace("&amp;", "&"), word) for address, word in found]


def test_courses_stand_by_subject_the_easiest_first(reader: FlaskClient) -> None:
    page = reader.get("/courses").text
    assert titles(page) == ["Savings", "Accounts", "Compost", "Seed"]
    assert re.findall(r'<h2 id="s-(\w+)">', page) == ["money", "farming"]


def test_level_and_time_stand_on_the_shelf(reader: FlaskClient) -> None:
    card = reader.get("/courses").text.split("<article")[2]
    for part in ("For those who know much", "2 h 30 min", "1 lesson"):
        assert part in card


def test_links_narrow_the_shelf_down_by_both(reader: FlaskClient) -> None:
    page = reader.get("/courses").text
    assert choices(page, "Subject") == [
        ("/courses", "All"), ("/courses?subject=money", "Money"), ("/courses?subject=farming", "Farming"),
    ]  # fmt: skip
    assert [word for _, word in choices(page, "Level")][1] == "For beginners"
    narrow = reader.get("/courses?subject=money").text
    assert titles(narrow) == ["Savings", "Accounts"]
    assert ("/courses?subject=money&level=advanced", "For those who know much") in choices(narrow, "Level")
    assert "For those who know some" not in narrow, "nothing is offered that leads to an empty shelf"
    assert titles(reader.get("/courses?subject=money&level=advanced").text) == ["Accounts"]
    assert 'href="/courses?level=advanced" aria-current' not in narrow


def test_the_choice_made_is_told(reader: FlaskClient) -> None:
    page = reader.get("/courses?level=beginner").text
    assert re.findall(r'href="([^"]*)" aria-current="true"', page) == [
        "/courses?level=beginner",
        "/courses?level=beginner",
    ]
    assert titles(page) == ["Savings", "Compost"]


@pytest.mark.parametrize(
    "query", ["subject=health", "level=advanced&subject=farming", "subject=%00&level=<b>", "subject="]
)
def test_what_is_not_there_shows_all(reader: FlaskClient, query: str) -> None:
    answer = reader.get(f"/courses?{query}")
    assert answer.status_code == 200
    assert len(titles(answer.text)) == 4


def test_one_course_needs_no_choices(visitor: FlaskClient) -> None:
    assert 'class="sift"' not in visitor.get("/courses").text


@pytest.mark.parametrize("language", ["fr", "sw", "ar", "hi"])
def test_subjects_and_levels_are_told_in_the_visitors_language(reader: FlaskClient, language: str) -> None:
    page = reader.get("/courses", headers={"Accept-Language": language}).text
    for word in ("Money", "Farming", "For beginners"):
        assert word not in page
