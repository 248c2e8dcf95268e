"""Every page is shown and every form is sent with Chromium, its script switched off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import Portal
from tests.portal.crawl import Form, fit
from tests.whole_path.conftest import CHROMIUM, FLAGS, PHONE, screenshot

TYPED = "input:not([type=hidden]):not([type=radio]):not([type=checkbox]):not([type=file]), textarea"


@pytest.fixture(scope="module")
def phone() -> Iterator[Page]:
    """A page of phone size without JavaScript."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False).new_page()
        browser.close()


def test_the_button_of_the_welcome_page_is_in_sight_on_a_small_screen(portal: Portal, phone: Page) -> None:
    phone.goto(portal.url + "/welcome")
    screenshot(phone, "portal-welcome")
    phone.set_viewport_size({"width": 320, "height": 480})
    box = phone.locator("main button").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 480
    assert box["height"] >= 48
    phone.set_viewport_size(PHONE)


def test_every_page_is_shown_without_a_fault(portal: Portal, phone: Page) -> None:
    faults: list[str] = []
    phone.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    phone.on("requestfailed", lambda request: faults.append(request.url))
    for page in portal.pages:
        answer = phone.goto(portal.url + page.address)
        assert answer is not None
        assert answer.status == 200, page.address
        assert phone.locator("h1").first.is_visible(), page.address
        assert faults == [], page.address


def send(portal: Portal, phone: Page, form: Form) -> None:
    phone.goto(portal.url + form.page)
    found = phone.locator("form").nth(form.number)
    for each in found.locator(TYPED).all():
        if each.is_visible() and not each.input_value():
            each.fill(fit(each.get_attribute("type") or "text"))
    for group in found.locator("fieldset").all():
        if group.locator("input[type=radio]").count():
            group.locator("input[type=radio]").first.check()
    found.locator("button, input[type=submit]").first.click()


def test_every_form_can_be_sent(portal: Portal, phone: Page) -> None:
    forms = portal.forms()
    assert len(forms) >= 4
    for form in forms:
        send(portal, phone, form)
        answers = portal.noting.answers(form)
        assert answers, (form, portal.noting.asked[-3:])
        assert answers[-1].status in (200, 302, 303, 401, 403, 409, 422, 429), (form, answers[-1])
