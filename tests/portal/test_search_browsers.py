"""The search in real browsers: titles while one types in Chromium, the plain form without script and in w3m."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from kiosk.config import Config
from tests.browser.test_everyone import AXE
from tests.portal.conftest import Packer, village
from tests.portal.searching import portal_of, write
from tests.serving import served as serve
from tests.whole_path.conftest import PHONE, screenshot

HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture
def served(config: Config, packer: Packer) -> Iterator[str]:
    """The portal, served, with something of everything."""
    village(packer)
    app = portal_of(config, packer).application
    write(config, f"Cows {HOSTILE}", "Two cows")
    with serve(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser: Browser, served: str) -> Iterator[Page]:
    """The page of the search on a phone; nothing may go wrong in it, nor be refused by its policy."""
    context = browser.new_context(viewport=PHONE, locale="en-GB", base_url=served)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto("/search")
    yield page
    assert wrong == []
    context.close()


def test_titles_come_while_one_types(page: Page) -> None:
    page.get_by_label("What are you looking for?").press_sequentially("coo")
    options = page.get_by_role("option")
    expect(options).to_have_text(["Running a cooperative", "Gérer une coopérative"])
    screenshot(page, "search-suggestions")
    assert all(box["height"] >= 48 for box in (each.bounding_box() for each in options.all()) if box)
    options.nth(1).click()
    page.wait_for_url("**/courses/village/cooperative/fr")


def test_titles_are_reached_by_keys_and_left_by_escape(page: Page) -> None:
    box = page.get_by_role("combobox")
    box.press_sequentially("coo")
    expect(page.get_by_role("option")).to_have_count(2)
    box.press("ArrowUp")
    expect(page.get_by_role("option", selected=True)).to_have_text("Gérer une coopérative")
    box.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_count(0)
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "q-0")
    box.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    box.press("Enter")
    page.wait_for_url("**/search?q=coo")
    box = page.get_by_role("combobox")
    box.press("End")
    box.press_sequentially("p")
    expect(page.get_by_role("option")).to_have_count(2)
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/courses/village/cooperative/en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_titles_are_shown(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("combobox").press_sequentially("coo")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    found = Axe().run(page, options=AXE).response["violations"]
    assert not found, json.dumps(found, indent=1)


def test_a_title_is_text_whatever_it_holds(page: Page) -> None:
    page.get_by_role("combobox").press_sequentially("cows")
    expect(page.get_by_role("option")).to_have_text([f"Cows {HOSTILE}"])
    assert page.locator(".suggestions img").count() == 0
    assert "Search" in page.title()


def test_without_script_the_form_does_it(browser: Browser, served: str) -> None:
    context = browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False, base_url=served)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("What are you looking for?").fill("cooperative")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=re.compile("Running a cooperative")).first.click()
    page.wait_for_url("**/courses/village/cooperative/en")
    page.get_by_role("link", name="Search", exact=True).click()
    page.wait_for_url("**/search")
    context.close()


def test_w3m_shows_what_was_found(served: str) -> None:
    command = ["w3m", "-o", "use_proxy=0", "-dump", "-cols", "80", f"{served}/search?q=members"]
    text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "What are you looking for?" in text
    assert re.search(r"What it is.*All members & friends", text, re.DOTALL)
