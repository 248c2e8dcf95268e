"""A film plays in Chromium without script: inside the lesson and by itself, and only when someone presses play; w3m is
offered each size as a link.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from kiosk.portal import create_portal
from kiosk.store.state import State
from tests.browser.conftest import Noting
from tests.browser.test_w3m import read
from tests.chromium import CHROMIUM, FLAGS
from tests.films import MP4
from tests.portal.conftest import NOW, Packer, configuration
from tests.portal.test_films import FILES, LESSON, filmed
from tests.web.catalogues import compile_catalogues
from tests.whole_path.conftest import PHONE, screenshot

FILM = f"{FILES}/sacks.240p.mp4"


@pytest.fixture(scope="module")
def noting(tmp_path_factory: pytest.TempPathFactory) -> Noting:
    """A portal with a lesson that shows a film, which notes what is asked of it."""
    compile_catalogues()
    config = configuration(tmp_path_factory.mktemp("films"))
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    filmed(packer)
    packer.install()
    return Noting(create_portal(config, lambda: NOW).wsgi_app)


@pytest.fixture(scope="module")
def url(noting: Noting) -> Iterator[str]:
    """Where that portal is served."""
    server = make_server("127.0.0.1", 0, noting, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="module")
def phone() -> Iterator[Page]:
    """A page of phone size without JavaScript."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False).new_page()
        browser.close()


def play(phone: Page) -> None:
    """Press play as a keyboard does, and wait until the film has run to its end."""
    film = phone.locator("video")
    film.focus()
    if film.evaluate("film => film.paused"):
        phone.keyboard.press("Space")
    for _ in range(100):
        if film.evaluate("film => film.error ? film.error.message : film.ended"):
            break
        phone.wait_for_timeout(100)
    assert film.evaluate("film => film.error && film.error.message") is None
    assert film.evaluate("film => film.currentTime") > 1


def test_a_film_plays_in_its_lesson_when_asked_to(url: str, noting: Noting, phone: Page) -> None:
    refused: list[str] = []
    phone.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    phone.goto(url + LESSON, wait_until="networkidle")
    screenshot(phone, "portal-film")
    assert not [each for each in noting.asked if each.path.endswith((".mp4", ".mp3"))], "nothing is fetched unasked"
    play(phone)
    assert {each.path for each in noting.asked if each.path.endswith(".mp4")} == {FILM}, "the smallest"
    assert refused == []


def test_a_film_plays_by_itself(url: str, phone: Page) -> None:
    phone.goto(url + LESSON)
    phone.locator(f'a[href="{FILM}"]').click()
    phone.wait_for_url(f"**{FILM}")
    play(phone)


def test_a_film_is_saved_whole(url: str, phone: Page, tmp_path: Path) -> None:
    phone.goto(url + LESSON)
    with phone.expect_download() as saving:
        phone.locator(f'a[href="{FILM}?save=yes"]').click()
    assert saving.value.suggested_filename == "sacks.240p.mp4"
    saving.value.save_as(tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == MP4


def test_w3m_is_offered_each_size(url: str, tmp_path: Path) -> None:
    text = read(url + LESSON, tmp_path)
    for part in ("Watch 240p", "Watch 720p", "Save to the phone: 4.2 MB", 'Sacks & "poles"'):
        assert part in text
