"""Every page for everyone: axe-core finds nothing in either direction of writing, light or dark; fingers hit what they
aim at; at twice the size nothing leaves the screen; the keyboard reaches all there is, and one sees where it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests.browser.everything import Seen, everything
from tests.chromium import CHROMIUM, FLAGS
from tests.portal.conftest import configuration
from tests.serving import served
from tests.web.catalogues import compile_catalogues

AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
PHONE: ViewportSize = {"width": 360, "height": 740}
ZOOMED: ViewportSize = {"width": 160, "height": 284}
"""A phone of 320 by 568 at 200 %."""
SCRIPT = (Path(__file__).parent / "everyone.js").read_text()
MOST_TABS = 400
SEND_UNCHECKED = """() => {
  const form = document.querySelector("main form[method=post]")
  form.noValidate = true
  setTimeout(() => form.submit())
}"""
"""Sends the page's form as it is, empty, as a browser without checks of its own does."""


@dataclass(frozen=True)
class Site:
    """A site as it is served, and its pages."""

    url: str
    pages: list[Seen]
    session: str = "portal_session"
    """The name of its cookie."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    compile_catalogues()
    app, pages = everything(configuration(tmp_path_factory.mktemp("everyone")))
    with served(app) as port:
        yield Site(f"http://127.0.0.1:{port}", pages)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def each_page(
    site: Site, chromium: Browser, look: Callable[[Page], Any], *, language: str = "en",
    scheme: Literal["light", "dark"] = "light", size: ViewportSize = PHONE,
) -> list[tuple[str, Any]]:  # fmt: skip
    """Return what `look` finds on each page, with the page's address; what is empty is left out."""
    found = []
    for cookie in {each.cookie for each in site.pages}:
        context = chromium.new_context(viewport=size, locale=language, color_scheme=scheme)
        _carry(context, site, cookie)
        page = context.new_page()
        for each in site.pages:
            if each.cookie == cookie:
                page.goto(site.url + each.address)
                found.append((each.address, look(page)))
        context.close()
    return [(address, what) for address, what in found if what]


def _carry(context: BrowserContext, site: Site, cookie: str) -> None:
    if cookie:
        context.add_cookies([{"name": site.session, "value": cookie, "url": site.url}])


def axe(page: Page) -> list[str]:
    response = Axe().run(page, options=AXE).response
    return [f"{each['id']}: {node['html'][:200]}" for each in response["violations"] for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing(site: Site, chromium: Browser, language: str, scheme: Literal["light", "dark"]) -> None:
    assert told(each_page(site, chromium, axe, language=language, scheme=scheme)) == "[]"


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("address", ["/board/new?in=market", "/board/3", "/board/post/1/report", "/members/sign-in"])
def test_axe_finds_nothing_in_what_is_said_of_an_empty_form(
    site: Site, chromium: Browser, language: str, address: str
) -> None:
    context = chromium.new_context(viewport=PHONE, locale=language)
    page = context.new_page()
    page.goto(site.url + address)
    with page.expect_navigation() as answered:
        page.evaluate(SEND_UNCHECKED)
    assert answered.value.status == 422
    assert axe(page) == []
    assert page.evaluate(SCRIPT + "small()") == []
    context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_finger_hits_what_it_aims_at(site: Site, chromium: Browser, language: str) -> None:
    assert told(each_page(site, chromium, lambda page: page.evaluate(SCRIPT + "small()"), language=language)) == "[]"


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_nothing_leaves_the_screen_at_twice_the_size(site: Site, chromium: Browser, language: str) -> None:
    found = each_page(
        site, chromium, lambda page: page.evaluate(SCRIPT + "wide()"), language=language, size=ZOOMED
    )  # fmt: skip
    assert told(found) == "[]"


def test_who_set_larger_letters_gets_them(site: Site, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 568})
    page = context.new_page()
    page.goto(site.url)
    size = "parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)"
    before = page.evaluate(size)
    page.evaluate("document.documentElement.style.fontSize = '200%'")  # what the setting does to a page
    assert page.evaluate(size) == 2 * before
    assert page.evaluate(SCRIPT + "wide()") == []
    context.close()


def test_the_keyboard_reaches_all_there_is_and_shows_where_it_is(site: Site, chromium: Browser) -> None:
    assert told(each_page(site, chromium, tabbed)) == "[]"


def tabbed(page: Page) -> list[str]:
    """Return what Tab does not reach, and where it can not be seen."""
    faults: list[str] = []
    page.evaluate(SCRIPT + "mark()")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        where = page.evaluate(SCRIPT + "focused()")
        if where is None:
            break
        if not where["seen"]:
            faults.append(f"focus is not seen: {where['html']}")
    return faults + [f"not reached: {html}" for html in page.evaluate(SCRIPT + "missed()")]


def told(found: list[tuple[str, Any]]) -> str:
    """Return findings so that a failing test prints them whole, each once with the first page it is on."""
    first: dict[str, str] = {}
    for address, whats in found:
        for what in whats:
            first.setdefault(what, address)
    return json.dumps([f"{address}: {what}" for what, address in first.items()], indent=0, ensure_ascii=False)
