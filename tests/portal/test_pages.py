"""The portal's pages: what a visitor finds on each, in which language, and what they say when there is nothing."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.store import db
from kiosk.store.state import State

COURSE = "/courses/village/cooperative"


def test_home_tells_what_there_is(visitor: FlaskClient) -> None:
    page = visitor.get("/").text
    assert "Welcome to Umoja Telecenter" in page
    for part in ("/courses", "/library", "/documents", "/notices", "/board"):
        assert f'href="{part}"' in page
    assert "New prices" in page
    assert "Mkutano" in page
    assert "Old news" not in page
    assert "Nobody has written yet" in page
    assert page.index("New prices") < page.index("Mkutano"), "the visitor's language comes first"


@pytest.mark.parametrize("path", ["/", "/courses", "/library", "/documents", "/notices", "/board"])
def test_nothing_installed_is_said_kindly(empty: FlaskClient, path: str) -> None:
    answer = empty.get(path)
    assert answer.status_code == 200
    assert "yet" in answer.text or "nothing to announce" in answer.text


def test_shelf_shows_one_card_a_course(visitor: FlaskClient) -> None:
    page = visitor.get("/courses").text
    assert page.count("<article") == 1
    assert "Running a cooperative" in page
    assert "Gérer une coopérative" not in page
    assert f'href="{COURSE}/fr" hreflang="fr" lang="fr">Français</a>' in page
    french = visitor.get("/courses", headers={"Accept-Language": "fr-CA,fr;q=0.9"}).text
    assert "Gérer une coopérative" in french
    assert f'href="{COURSE}/en"' in french


def test_language_of_a_thing_is_shown_when_it_is_not_the_visitors(visitor: FlaskClient) -> None:
    tag = '<span class="tag" lang="sw">Kiswahili</span>'
    assert tag in visitor.get("/notices").text
    assert tag not in visitor.get("/notices", headers={"Accept-Language": "sw"}).text


BLOCK = re.compile(r"<(?:article|div|section|h\d|p|legend|strong|figure)\b[^>]* lang=[^>]*>")


@pytest.mark.parametrize("interface", ["ar", "en"])
@pytest.mark.parametrize(
    "path", ["/courses", "/notices", "/notices/village/prices/en", f"{COURSE}/en", f"{COURSE}/en/what-it-is"]
)
def test_each_thing_is_laid_out_in_the_direction_of_its_language(
    visitor: FlaskClient, path: str, interface: str
) -> None:
    page = visitor.get(path, headers={"Accept-Language": interface}).text
    blocks = BLOCK.findall(page)
    assert blocks
    for block in blocks:
        language = re.search(r' lang="([a-z]+)', block)
        assert language, block
        assert f'dir="{"rtl" if language[1] == "ar" else "ltr"}"' in block or 'dir="auto"' in block, block


def test_outline(visitor: FlaskClient) -> None:
    page = visitor.get(f"{COURSE}/en").text
    for part in ("Governance", "For beginners", "21 minutes", "1 minute<", "CC-BY-4.0", "with questions", " KB"):
        assert part in page
    assert f'href="{COURSE}/en/what-it-is"' in page
    assert f'href="{COURSE}/fr"' in page


def test_lesson_is_sanitised_and_leads_on(visitor: FlaskClient) -> None:
    page = visitor.get(f"{COURSE}/en/what-it-is").text
    assert "<p>All <strong>members</strong> &amp; friends</p>" in page
    assert 'src="/files/village/cooperative/en/pictures/meeting.svg"' in page
    assert page.count("<img") == 1
    for part in ("<script", "onerror", "onclick", "javascript:", "<iframe", "evil.example", "secret"):
        assert part not in page
    assert 'rel="next"' in page
    assert 'rel="prev"' not in page
    last = visitor.get(f"{COURSE}/en/meetings").text
    assert 'rel="prev"' in last
    assert "This was the last lesson" in last
    assert 'id="quiz"' not in last


def test_a_lesson_leads_to_itself_in_other_languages(visitor: FlaskClient) -> None:
    page = visitor.get(f"{COURSE}/en/meetings").text
    assert f'<a href="{COURSE}/fr/meetings" hreflang="fr" lang="fr">Français</a>' in page
    assert '<span class="tag"' not in page
    in_french = visitor.get(f"{COURSE}/en/meetings", headers={"Accept-Language": "fr"}).text
    assert '<span class="tag" lang="en">English</span>' in in_french


def test_quiz_before_and_after_sending(visitor: FlaskClient) -> None:
    address = f"{COURSE}/en/what-it-is"
    before = visitor.get(address).text
    assert 'action="#quiz"' in before
    assert "One member, one vote." not in before
    after = visitor.get(f"{address}?a1=2&a2=2").text
    assert "1 of 2 right" in after
    assert "One member, one vote." in after
    assert "The by-laws say so." in after
    assert after.count("The right answer:") == 1
    assert after.count(" checked") == 2
    assert "2 of 2 right" in visitor.get(f"{address}?a1=2&a2=1").text
    assert "Not answered" in visitor.get(f"{address}?a1=2").text


@pytest.mark.parametrize("query", ["a1=9", "a1=-1", "a1=x&a2=", "a3=1", "a1=" + "9" * 5000])
def test_quiz_takes_only_its_choices(visitor: FlaskClient, query: str) -> None:
    answer = visitor.get(f"{COURSE}/en/what-it-is?{query}")
    assert answer.status_code == 200
    assert 'class="score"' not in answer.text


def test_papers_by_category_with_their_files(visitor: FlaskClient) -> None:
    page = visitor.get("/documents").text
    assert page.index("Model papers") < page.index("Law")
    assert 'href="/files/village/by-laws/en/by_laws.pdf"' in page
    assert "<bdi>PDF</bdi> <small>1 KB</small>" in page
    assert "ODT" in page
    assert "Prices" not in page


def test_notices_in_time_and_after(visitor: FlaskClient) -> None:
    page = visitor.get("/notices").text
    assert "Old news" not in page
    assert "Important" in page
    shown = visitor.get("/notices/village/prices/en").text
    assert "<p>Maize: 40 </p>" in shown
    assert "31 December 2026" in shown
    assert "until 31 January 2026" in visitor.get("/notices/village/old/en").text


@pytest.mark.parametrize(
    "path",
    [
        "/nope", "/courses/village/cooperative/de", "/courses/village/handbook/en", "/courses/x/y/en",
        f"{COURSE}/en/nope", "/notices/village/cooperative/en", "/notices/village/prices/fr",
        "/board/99", "/board/0", "/board/-1", "/board/" + "9" * 19, "/board/" + "9" * 5000, "/board/x",
        "/static/0/nope.css", "/static/0/..%2fapp.py",
    ],
)  # fmt: skip
def test_what_is_not_there(visitor: FlaskClient, path: str) -> None:
    answer = visitor.get(path, headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    assert '<html lang="fr"' in answer.text


def test_healthz_opens_the_database(visitor: FlaskClient, portal: Flask) -> None:
    assert visitor.get("/healthz").text == "ok\n"
    state: State = portal.extensions["kiosk-site"].state
    for path in state.folder.glob("kiosk.sqlite3*"):
        path.unlink()
    state.database.write_bytes(b"this is no database, but it is long enough to be read as one" * 40)
    answer = visitor.get("/healthz")
    assert answer.status_code == 500
    assert str(state.folder) not in answer.text
    assert "sqlite" not in answer.text.lower()


def test_one_request_sees_one_generation(visitor: FlaskClient, portal: Flask) -> None:
    state: State = portal.extensions["kiosk-site"].state
    state.current.unlink()
    assert "Running a cooperative" not in visitor.get("/courses").text
    state.current.symlink_to("generations/1")
    assert "Running a cooperative" in visitor.get("/courses").text
    db.connect(state.database).close()
