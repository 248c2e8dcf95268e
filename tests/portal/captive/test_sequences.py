"""Every recorded sequence, asked of the real portal; README.md tells how to add a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from tests.portal.captive.conftest import Phone
from tests.portal.captive.sequences import FILES, FOLDER, Exact, Step, read

WELCOME = "http://kiosk.test/welcome"
REQUIRED = {
    "android-7", "android-10", "android-14", "ios-9", "ios-17", "macos-14", "windows-10", "windows-11", "firefox",
    "networkmanager", "chromeos", "kindle",
}  # fmt: skip


def test_the_systems_that_people_have_are_there() -> None:
    assert {path.stem for path in FILES} >= REQUIRED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_phone_is_answered_as_it_expects(phone: Phone, path: Path) -> None:
    for step in read(path):
        phone.wait(step.after)
        if step.event:
            phone.told_of()
        answer = phone.ask(step.url, step.method, step.headers)
        check(step, answer)


def check(step: Step, answer: TestResponse) -> None:
    if isinstance(step.answer, Exact):
        exactly(step, step.answer, answer)
    elif step.answer == "to the welcome page":
        assert answer.status_code == (302 if step.method == "GET" else 303), step.who
        assert answer.headers["Location"] in (WELCOME, "/welcome" if step.method == "POST" else WELCOME), step.who
    elif step.answer == "the portal":
        assert (answer.status_code, answer.mimetype) == (200, "text/html"), step.who
        assert "<h1>Welcome to" in answer.text, step.who
    else:
        page(step, step.answer, answer)
    if step.answer != "the portal":
        assert answer.headers["Cache-Control"] == "no-store", step.who


def exactly(step: Step, wanted: Exact, answer: TestResponse) -> None:
    assert answer.status_code == wanted.status, step.who
    assert answer.data == wanted.body.encode(), step.who
    assert answer.headers.get("Content-Type", "") == wanted.type, step.who
    assert {name: answer.headers.get(name) for name in wanted.headers} == wanted.headers, step.who
    assert "Location" not in answer.headers, step.who
    shown = "text/html" in step.headers.get("Accept", "")
    assert not (shown and wanted.status == 204), f"{step.who}: a page that is looked at must not get a 204"


def page(step: Step, wanted: str, answer: TestResponse) -> None:
    kinds = {"the welcome page": True, "the page after OK": False}
    kind, _, link = wanted.partition(", ")
    assert (answer.status_code, answer.mimetype) == (200, "text/html"), step.who
    assert ('<form class="in"' in answer.text) == kinds[kind], step.who
    assert ('href="http://kiosk.test/"' in answer.text) == {"with a link": True, "without a link": False}[link], (
        step.who
    )
    assert "kiosk.test" in answer.text, step.who
    if step.language:
        assert f'<html lang="{step.language}"' in answer.text, step.who


def test_each_file_is_told_of_in_no_other_way_than_the_readme_says() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in FILES:
        for step in read(path):
            if isinstance(step.answer, str):
                assert step.answer.replace("without", "with").split(", ")[0] in text, (path.name, step.who)
