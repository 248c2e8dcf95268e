"""Signing in and listening in real browsers, Chromium and w3m, and the card's code before a real reader."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser

from kiosk.config import Config
from kiosk.portal import create_portal
from kiosk.store.state import State
from kiosk.web import card
from tests.portal.conftest import NOW, Packer
from tests.portal.membership import Holder, join
from tests.portal.test_sounds import LESSON, spoken
from tests.serving import served as serve
from tests.sounds import silence
from tests.whole_path.conftest import PHONE, screenshot

PATIENCE_SECONDS = 30


class Served(NamedTuple):
    """A portal that answers, and a member of it."""

    url: str
    holder: Holder


@pytest.fixture
def served(config: Config, packer: Packer) -> Iterator[Served]:
    """The portal, served, with a lesson that is read aloud."""
    spoken(packer)
    packer.install()
    with serve(create_portal(config, lambda: NOW)) as port:
        yield Served(f"http://127.0.0.1:{port}", join(State(config.state)))


def test_a_member_signs_in_and_out_without_javascript(served: Served, browser: Browser) -> None:
    page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(served.url)
    page.get_by_role("link", name="For members: sign in").click()
    screenshot(page, "portal-sign-in")
    page.get_by_label("Number on the card").fill(card.grouped(served.holder.code))
    page.get_by_label("Your PIN").fill(served.holder.pin)
    page.locator("main form button").click()
    assert page.url == f"{served.url}/members"
    assert page.locator("h1").inner_text() == "Amina Okello"
    screenshot(page, "portal-member")
    page.get_by_role("button", name="Sign out").click()
    assert "You are signed out." in page.inner_text("main")
    page.go_back()
    assert "What I have read" not in page.inner_text("main"), "the way back shows nothing"


def test_the_code_on_a_card_leads_to_the_form_for_its_pin(served: Served, browser: Browser, tmp_path: Path) -> None:
    face = card.Face("Umoja", served.url, "Amina Okello", served.holder.member, served.holder.token, "0" * 12)
    page = browser.new_page()
    page.set_content(card.svg(face))
    page.screenshot(path=tmp_path / "card.png")
    command = ["zbarimg", "--quiet", "--raw", "--nodbus", str(tmp_path / "card.png")]
    read = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS).stdout.strip()
    page.goto(read)
    assert page.url == f"{served.url}/c/{served.holder.token}"
    page.get_by_label("Your PIN").fill(served.holder.pin)
    page.locator("main form button").click()
    assert page.locator("h1").inner_text() == "Amina Okello"


def test_a_lesson_is_heard(served: Served, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(served.url)
    page.get_by_role("link", name="I would rather listen").click()
    page.goto(served.url + LESSON)
    seconds = page.evaluate(
        "() => new Promise((heard, failed) => { const sound = document.querySelector('audio');"
        " sound.onloadedmetadata = () => heard(sound.duration); sound.onerror = failed; sound.load(); })"
    )
    assert seconds == pytest.approx(len(silence(60)) / 4000, rel=0.05)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save to the phone").click()
    assert saved.value.suggested_filename == "1.mp3"
    assert Path(saved.value.path()).read_bytes() == silence(60)


class Terminal:
    """A program in a terminal of its own, to which keys are typed."""

    def __init__(self, *command: str, home: Path) -> None:
        self.shown = ""
        self._pid, self._end = pty.fork()
        if self._pid == 0:
            os.execvpe(command[0], command, {**os.environ, "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8"})

    def type(self, keys: str, until: str) -> None:
        """Type keys and wait until a text is shown after them."""
        self.shown = ""
        os.write(self._end, keys.encode())
        self.wait(until)

    def wait(self, until: str) -> None:
        """Wait until a text is shown."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while until not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self._end], [], [], 0.2)[0]:
                # Where nothing is to be drawn, the cursor is moved.
                self.shown += os.read(self._end, 65536).decode(errors="replace").replace("\x1b[C", " ")

    def close(self) -> None:
        """End the program."""
        os.close(self._end)
        os.waitpid(self._pid, 0)


def test_a_member_signs_in_with_w3m(served: Served, tmp_path: Path) -> None:
    w3m = Terminal("w3m", "-cookie", f"{served.url}/members/sign-in", home=tmp_path)
    try:
        w3m.wait("Your PIN")
        w3m.type("/Number on the card\r\t\r", "TEXT:")
        w3m.type(f"{served.holder.code}\r", served.holder.code)
        w3m.type("\t\r", "Password:")
        w3m.type(f"{served.holder.pin}\r", "****")
        w3m.type("\t\r", "What I have read")
        assert "Amina Okello" in w3m.shown
    finally:
        w3m.close()
