"""From a recipe to a page: what was published is read in Chromium and in w3m, without JavaScript."""

from __future__ import annotations

import subprocess

import pytest
from playwright.sync_api import Page, expect

from tests.whole_path.conftest import screenshot
from tests.whole_path.running import REAL_BOOKS, ROOT, Demonstration

LESSON = "/courses/running-a-cooperative/running-a-cooperative/{}/what-is-a-cooperative"


def w3m(url: str) -> str:
    """Return a page as w3m shows it."""
    command = ["w3m", "-dump", "-cols", "80", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def test_the_home_page_leads_to_everything(demo: Demonstration, phone: Page) -> None:
    phone.goto(demo.portal)
    for word in ("Courses", "Library", "Papers", "Notices", "Board"):
        expect(phone.get_by_role("link", name=word).first).to_be_visible()
    screenshot(phone, "portal-home")


def test_a_lesson_is_read_in_chromium_and_in_w3m(demo: Demonstration, phone: Page) -> None:
    phone.goto(demo.portal)
    phone.get_by_role("link", name="Courses").first.click()
    phone.get_by_role("link", name="Running a cooperative").first.click()
    phone.get_by_role("link", name="What a cooperative is").first.click()
    heading = phone.locator("h1").inner_text()
    sentence = phone.locator("main p").nth(1).inner_text().split(".")[0]
    phone.wait_for_function("document.images[0].complete")
    assert phone.evaluate("document.images[0].naturalWidth") > 0
    screenshot(phone, "portal-lesson")
    text = " ".join(w3m(phone.url).split())
    assert heading in text
    assert " ".join(sentence.split()) in text


def test_a_quiz_answers_at_once_and_says_why(demo: Demonstration, phone: Page) -> None:
    phone.goto(demo.portal + LESSON.format("en"))
    for question in phone.locator("fieldset").all():
        question.locator("input[type=radio]").first.check()
    phone.locator("form button").last.click()
    assert "a1=1" in phone.url
    assert phone.locator("text=/[Rr]ight|[Cc]orrect/").count() > 0
    screenshot(phone, "portal-quiz")


@pytest.mark.parametrize("language", ["en", "fr", "sw"])
def test_lessons_are_there_in_three_languages(demo: Demonstration, phone: Page, language: str) -> None:
    answer = phone.goto(demo.portal + LESSON.format(language))
    assert answer is not None
    assert answer.status == 200


def test_a_book_opens_and_its_search_finds_a_word(demo: Demonstration, phone: Page) -> None:
    phone.goto(demo.portal + "/library")
    screenshot(phone, "portal-library")
    book = phone.locator("article.card").filter(has_text="Handbook").first
    book.get_by_role("searchbox").fill("compost")
    book.get_by_role("searchbox").press("Enter")
    assert phone.url.startswith(demo.library)
    assert "compost" in phone.inner_text("body").lower()
    phone.locator("a", has_text="ompost").first.click()
    assert "compost" in phone.inner_text("body").lower()
    assert phone.locator("p").count() > 3


@pytest.mark.skipif(not REAL_BOOKS.is_dir(), reason=f"the real ZIM books are not in {REAL_BOOKS}")
def test_real_books_made_by_others_open_and_are_searched(demo: Demonstration, phone: Page) -> None:
    phone.goto(demo.portal + "/library")
    book = phone.locator("article.card").filter(has_text="Ray Charles").first
    book.get_by_role("searchbox").fill("piano")
    book.get_by_role("searchbox").press("Enter")
    phone.get_by_role("link", name="Confession Blues").first.click()
    assert "Maxin Trio" in phone.inner_text("body")
    phone.goto(demo.library + "/real-books_wikibooks_be/")
    assert "Вікі-Кнігі" in phone.inner_text("body")


def test_papers_come_as_real_files(demo: Demonstration, phone: Page) -> None:
    phone.goto(demo.portal + "/documents")
    screenshot(phone, "portal-papers")
    link = phone.locator("a[href$='.pdf']").first.get_attribute("href")
    answer = phone.request.get(demo.portal + str(link))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")


def test_every_pack_of_the_project_is_served(demo: Demonstration, phone: Page) -> None:
    released = {line.split()[1] for line in demo.printed().splitlines() if line.strip().startswith("released")}
    assert released >= {path.name for path in (ROOT / "content-packs").iterdir()}
    assert "left out" not in demo.printed()
