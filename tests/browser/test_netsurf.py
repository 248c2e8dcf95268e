"""Every page is shown and every form is sent with NetSurf, which knows old style sheets and no script."""

from __future__ import annotations

import time
from pathlib import Path

from tests.browser.conftest import Portal
from tests.browser.netsurf import NetSurf, Screen, screen
from tests.portal.crawl import Form

MOST_BUTTONS = 12
SENT_SECONDS = 5


def test_every_page_is_drawn(portal: Portal, tmp_path: Path) -> None:
    with screen(tmp_path / "screen") as on:
        for page in portal.pages:
            browser = NetSurf(on, portal.url + page.address)
            rows = browser.until_still()
            browser.close()
            lively = sum(len({row[at : at + 4] for at in range(0, len(row), 4)}) > 4 for row in set(rows))
            assert lively > 40, f"{page.address}: there is hardly anything on it"


def test_every_form_can_be_sent(portal: Portal, tmp_path: Path) -> None:
    forms = portal.forms()
    assert len(forms) >= 4
    with screen(tmp_path / "screen") as on:
        for form in forms:
            assert is_sent(portal, on, form), form
            status = portal.noting.answers(form)[-1].status
            assert status in (200, 302, 303, 401, 403, 409, 422, 429), (form, status)


def is_sent(portal: Portal, on: Screen, form: Form) -> bool:
    """Type into every field of the page, press its buttons one after another, and tell whether one sent the form."""
    for number in range(MOST_BUTTONS):
        browser = NetSurf(on, portal.url + form.page)
        for box in browser.fields():
            browser.type(box, "Maize")
        buttons = browser.buttons()
        if number < len(buttons):
            browser.click(buttons[number])
            ends = time.monotonic() + SENT_SECONDS
            while not portal.noting.answers(form) and time.monotonic() < ends:
                time.sleep(0.1)
        browser.close()
        if portal.noting.answers(form):
            return True
        if number >= len(buttons):
            return False
    return False
