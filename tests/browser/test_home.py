"""The first page, the help and the page about this kiosk, in Chromium without script and in w3m."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kiosk.store import db, threads
from kiosk.store.state import State
from tests.browser.conftest import Portal
from tests.browser.w3m import W3m
from tests.portal.conftest import NOW

PATHS = ("/", "/help", "/about")
WIDTHS = (320, 360, 1024)
FINGER = 48
"""What a finger needs, in pixels."""


@pytest.fixture
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A profile of its own, without JavaScript."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, locale="en-GB", java_script_enabled=False)
    yield context
    context.close()


def write(portal: Portal, title: str) -> None:
    state: State = portal.app.extensions["kiosk-site"].state
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        threads.open_thread(conn, title, "Wanjiru", "Healthy and young.", NOW)


def test_a_phone_is_welcomed_and_later_told_what_is_new(portal: Portal, profile: BrowserContext) -> None:
    phone = profile.new_page()
    phone.goto(portal.url)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Welcome to Umoja Telecenter")
    phone.get_by_role("link", name="Kiswahili").click()
    expect(phone.locator("html")).to_have_attribute("lang", "sw")
    expect(phone.locator(".hero"), "the welcome stays through the first visit").to_be_visible()
    phone.goto(portal.url + "/?lang=en")
    profile.clear_cookies(name="visit")  # as the phone does after an hour
    write(portal, "Maize seed wanted")
    phone.goto(portal.url)
    expect(phone.locator(".hero")).to_have_count(0)
    section = phone.locator("section").filter(has_text="New since your last visit")
    expect(section.get_by_role("listitem")).to_have_count(1)
    expect(phone.locator(".tile.board")).to_contain_text("1 new")
    section.get_by_role("link", name="Maize seed wanted").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Maize seed wanted")


def test_help_and_about_are_found_at_the_foot_of_a_page(portal: Portal, profile: BrowserContext) -> None:
    phone = profile.new_page()
    for name, path, heading in (
        ("Help in pictures", "/help", "Help in pictures"),
        ("About", "/about", "Who runs this"),
    ):
        phone.goto(portal.url + "/courses")
        phone.get_by_role("contentinfo").get_by_role("link", name=name).click()
        assert phone.url == portal.url + path
        expect(phone.get_by_role("heading", level=1)).to_have_text(heading)
    phone.goto(portal.url + "/help")
    for drawing in phone.locator("svg.drawn").all():
        box = drawing.bounding_box()
        assert box
        assert box["width"] >= 80


def too_small(page: Page) -> list[str]:
    """Return the links of the page's own part and its foot that a finger does not hit."""
    return [
        str(link.text_content())
        for link in page.locator("main a, footer a").all()
        if (box := link.bounding_box()) and min(box["width"], box["height"]) < FINGER
    ]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en-GB", "ar"])
def test_nothing_sticks_out_and_fingers_hit(
    portal: Portal, browser: Browser, path: str, width: int, language: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 740}, locale=language)
    try:
        page = context.new_page()
        page.goto(portal.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert [link for link in too_small(page) if link not in ("New prices", "Mkutano")] == []
    finally:
        context.close()


def test_help_and_about_are_read_in_w3m(portal: Portal, tmp_path: Path) -> None:
    def read(path: str) -> str:
        command = ["w3m", "-dump", "-cols", "60", "-O", "UTF-8", portal.url + path]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=30, check=True, env={"HOME": str(tmp_path)}
        )
        return " ".join(done.stdout.split())

    page = read("/help")
    words = ("1. Join the Wi-Fi", "2. Open your browser", "kiosk.test", "3. If the phone", "8. Take your card.")
    places = [page.find(word) for word in words]
    assert places == sorted(places), page
    assert -1 not in places, page
    assert re.search(r"What is kept about you.*30 minutes.*15 minutes", read("/about"))


def test_w3m_is_welcomed_and_comes_again(portal: Portal, tmp_path: Path) -> None:
    with W3m(portal.url, tmp_path, "") as browser:
        assert "Welcome to Umoja" in browser.screen
        assert "Help in pictures" in browser.screen
        cookies = browser.press("\x0b")  # the list of cookies
        assert "seen=" in cookies
