"""Every page is shown and every form is sent with Chromium, its script switched off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import Portal
from tests.chromium import CHROMIUM, FLAGS
from tests.portal.crawl import Form, fit
from tests.portal.test_attachments import sound, turned
from tests.whole_path.conftest import PHONE, screenshot

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


def test_a_photo_and_a_voice_note_are_sent_seen_and_heard(portal: Portal, phone: Page, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(turned())
    (tmp_path / "voice.m4a").write_bytes(sound(tmp_path))
    phone.goto(portal.url + "/board/new?in=talk")
    for name, words in (("title", "Rust on the maize"), ("body", "What is it?"), ("author", "Asha")):
        phone.fill(f"#f-{name}", words)
    for kind, capture in (("camera", "environment"), ("voice", "")):
        assert phone.get_attribute(f"#f-{kind}", "capture") == capture
    phone.set_input_files("#f-photo", tmp_path / "photo.jpg")
    phone.set_input_files("#f-voice", tmp_path / "voice.m4a")
    phone.get_by_role("button", name="Put it on the board").click()
    photo = phone.locator(".photos img")
    box = phone.locator(".photos a").bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 48
    thread = phone.url
    photo.click()
    assert phone.url.startswith(portal.url + "/board/photo/")
    # Only script can ask a browser what it made of a picture and a sound.
    browser = phone.context.browser
    assert browser
    asking = browser.new_page()
    asking.goto(thread)
    width = asking.locator(".photos img").evaluate("photo => photo.decode().then(() => photo.naturalWidth)")
    assert width == 180
    heard = "sound => new Promise(done => {"
    heard += "sound.onloadedmetadata = sound.onerror = () => done(sound.duration || 0); sound.preload = 'auto'})"
    assert round(asking.locator("audio").evaluate(heard)) == 4
    asking.close()
