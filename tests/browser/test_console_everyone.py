"""Every page of the console for everyone, as `test_everyone` has it for the portal: on a phone and on a wide screen,
for managers and editors; also what each form answers when it is sent as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.console import HOST_NAME, everything
from tests.browser.test_everyone import PHONE, SCRIPT, ZOOMED, Site, axe, chromium, each_page, tabbed, told
from tests.portal.conftest import configuration
from tests.serving import served
from tests.web.catalogues import compile_catalogues

__all__ = ["chromium"]  # a fixture
DESK: ViewportSize = {"width": 1280, "height": 800}
SIZES = {"phone": PHONE, "desk": DESK}
FORMS = "main form[method=post]"
FILES = "/backup/files/"
"""A form that is answered with a file."""
SEND = """form => {
  const button = form.querySelector("button[name]")
  if (button) form.append(Object.assign(document.createElement("input"), {name: button.name, value: button.value}))
  setTimeout(() => HTMLFormElement.prototype.submit.call(form))
}"""
"""Sends a form as it stands, as a browser without script and without checks of its own does."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    compile_catalogues()
    app, pages = everything(configuration(tmp_path_factory.mktemp("console")))
    with served(app, HOST_NAME) as port:
        yield Site(f"http://{HOST_NAME}:{port}", pages, "console_session")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing(
    site: Site, chromium: Browser, language: str, scheme: Literal["light", "dark"], size: str
) -> None:
    assert told(each_page(site, chromium, axe, language=language, scheme=scheme, size=SIZES[size])) == "[]"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_finger_hits_what_it_aims_at_and_nothing_leaves_the_screen(
    site: Site, chromium: Browser, language: str, size: str
) -> None:
    def look(page: Page) -> list[str]:
        return [*page.evaluate(SCRIPT + "small()"), *page.evaluate(SCRIPT + "wide()")]

    assert told(each_page(site, chromium, look, language=language, size=SIZES[size])) == "[]"


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_nothing_leaves_the_screen_at_twice_the_size(site: Site, chromium: Browser, language: str) -> None:
    found = each_page(
        site, chromium, lambda page: page.evaluate(SCRIPT + "wide()"), language=language, size=ZOOMED
    )  # fmt: skip
    assert told(found) == "[]"


def test_the_keyboard_reaches_all_there_is_and_shows_where_it_is(site: Site, chromium: Browser) -> None:
    assert told(each_page(site, chromium, tabbed)) == "[]"


@pytest.mark.parametrize(("address", "form"), [("/operators", "#add ~ form"), ("/members", "form:has(#import)")])
def test_what_is_wrong_far_down_a_page_is_seen(site: Site, chromium: Browser, address: str, form: str) -> None:
    context = chromium.new_context(viewport=PHONE, locale="en")
    context.add_cookies([{"name": site.session, "value": site.pages[0].cookie, "url": site.url}])
    page = context.new_page()
    page.goto(site.url + address)
    with page.expect_navigation() as answered:
        page.locator(form).evaluate(SEND)
    assert answered.value.status == 422
    box = page.locator("main [role=alert]").bounding_box()
    assert box
    assert 0 < box["y"] < PHONE["height"]
    context.close()


def test_axe_finds_nothing_in_what_forms_answer(site: Site, chromium: Browser) -> None:
    """Stands last: what the forms do, they do."""
    known: set[str] = set()

    def look(page: Page) -> list[str]:
        address, found = page.url, []
        for number in range(page.locator(FORMS).count()):
            page.goto(address)
            form = page.locator(FORMS).nth(number)
            if not form.count():  # what was sent before took it away
                break
            action = str(form.evaluate("form => form.action.replace(/[0-9]+/g, '1')"))
            if action in known or FILES in action:
                continue
            known.add(action)
            with page.expect_navigation() as answered:
                form.evaluate(SEND)
            assert answered.value.status < 500, action
            small, wide = page.evaluate(SCRIPT + "small()"), page.evaluate(SCRIPT + "wide()")
            found += [f"{action}: {what}" for what in (*axe(page), *small, *wide)]
        return found

    assert told(each_page(site, chromium, look)) == "[]"
    assert len(known) > 10
