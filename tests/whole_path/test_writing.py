"""What visitors write is on the card before they are told so; what operators see is true."""

from __future__ import annotations

import signal
from pathlib import Path

from playwright.sync_api import Page

from tests.whole_path.conftest import screenshot
from tests.whole_path.running import Demonstration


def test_a_post_outlives_a_kill_right_after_the_answer(demo: Demonstration, phone: Page, tmp_path: Path) -> None:
    phone.goto(demo.portal + "/board/new")
    phone.get_by_label("What is it about?").fill("Two goats for sale")
    phone.get_by_label("Your name").fill("Wanjiru")
    phone.locator("textarea").fill("Healthy and young.\n<script>alert(1)</script>")
    portal = demo.child("portal")
    # The answer to the form is the redirect: the process is killed as soon as it is there.
    with phone.expect_response(lambda answer: answer.request.method == "POST") as posted:
        phone.locator("main form button").click(no_wait_after=True)
    portal.send_signal(signal.SIGKILL)
    assert posted.value.status in (302, 303)
    thread = posted.value.headers["location"]
    demo.interrupt()
    demo.start()
    phone.goto(demo.portal + thread)
    text = phone.inner_text("main")
    assert "Two goats for sale" in text
    assert "Healthy and young.\n<script>alert(1)</script>" in text
    phone.locator("textarea").fill("Are they vaccinated?")
    phone.get_by_label("Your name").fill("Otieno")
    phone.locator("main form button").click()
    assert "Are they vaccinated?" in phone.inner_text("main")
    screenshot(phone, "portal-board")


def test_the_operator_signs_in_chooses_a_password_and_sees_the_sync(demo: Demonstration, desktop: Page) -> None:
    desktop.goto(demo.console)
    desktop.get_by_label("Name").fill("operator")
    desktop.locator("input[type=password]").fill(demo.password())
    desktop.locator("main form button").click()
    assert desktop.url.endswith("/password")
    for field in desktop.locator("input[type=password]").all():
        field.fill("a field of green beans")
    desktop.locator("main form button").click()
    text = desktop.inner_text("main")
    assert "Running a cooperative" in text
    assert "Notices from the federation" in text
    screenshot(desktop, "console-start")
    desktop.set_viewport_size({"width": 360, "height": 740})
    screenshot(desktop, "console-start-phone")
