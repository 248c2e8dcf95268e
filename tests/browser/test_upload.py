"""The console's script for uploads, in Chromium: on through a killed console, and clear words where it can not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from kiosk.store import db, operators, papers
from kiosk.store.operators import Rights
from tests.console.cutting import Console
from tests.console.entering import OWN
from tests.making import Village


@pytest.fixture
def console(village: Village) -> Iterator[Console]:
    village.state.prepare()
    with closing(db.connect(village.state.database)) as conn:
        operators.add(conn, "amina", Rights.EDITOR, village.clock())
        operators.choose_password(conn, "amina", OWN, village.clock())
    console = Console(village)
    console.start()
    yield console
    console.kill()


@pytest.fixture
def page(browser: Browser, console: Console) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{console.port}/login")
    page.fill("[name=name]", "amina")
    page.fill("[name=password]", OWN)
    page.click("main button")
    page.goto(f"http://127.0.0.1:{console.port}/documents")
    yield page
    context.close()


def test_the_script_goes_on_through_a_killed_console(page: Page, console: Console, village: Village) -> None:
    file = village.folder / "Minutes of May.txt"
    file.write_bytes(b"The assembly has decided.\n" * 800_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.set_input_files("#f-file", file)
    page.check("[value=members]")
    asked = 0

    def cut(route: object) -> None:
        nonlocal asked
        asked += 1
        if asked == 4:
            console.kill()
        route.continue_()  # type: ignore[attr-defined]

    page.route("**/uploads/*?at=*", cut)
    page.click("#upload button")
    page.wait_for_selector("text=It goes on by itself")
    assert page.locator(".sent progress").count() == 1
    console.start()
    page.wait_for_url("**/documents/1", timeout=60_000)
    with closing(db.connect(village.state.database)) as conn:
        (paper,) = papers.all_of(conn)
    assert (paper.newest.title, paper.members_only) == ("Minutes of May", True)
    assert village.state.document_path(paper.newest.sha256).read_bytes() == file.read_bytes()
    assert not [text for text in said if "Content Security Policy" in text]


def test_of_several_files_each_is_told(page: Page, village: Village) -> None:
    files = []
    for name, data in (("one.txt", b"One."), ("two.pdf", b"<html>"), ("three.txt", b"Three."), ("four.txt", b"")):
        files.append(village.folder / name)
        files[-1].write_bytes(data)
    page.set_input_files("#f-file", [str(Path(each)) for each in files])
    page.click("#upload button")
    page.wait_for_selector("text=This file is empty.")
    told = [line.inner_text().split("\n")[-1] for line in page.locator(".sent li").all()]
    assert [text.strip() for text in told] == [
        "It is on the shelf now.", "This is not a kind of paper that phones can open.", "It is on the shelf now.",
        "This file is empty.",
    ]  # fmt: skip
    page.context.clear_cookies()
    page.set_input_files("#f-file", [str(files[0])])
    page.click("#upload button")
    page.wait_for_selector("text=Sign in again")
