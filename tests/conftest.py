"""Fixtures that many tests share."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import figures
from tests.chromium import CHROMIUM, FLAGS
from tests.making import Village


@pytest.fixture
def village(tmp_path: Path) -> Village:
    """A federation with an empty repository, and a fresh kiosk that follows it."""
    return Village(tmp_path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; not for longer than a module, since it leaves an event loop in this thread, which
    other libraries would take for theirs.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    made = yield
    figures.take(made)
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures.show(terminalreporter)
