"""One demonstration for all tests of the whole path, and a browser a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.whole_path.running import ROOT, Demonstration, copy_real_books, copy_recipes

PHONE: ViewportSize = {"width": 360, "height": 740}
SCREENSHOTS = ROOT / "build" / "screenshots"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """Everything in `content-packs/`, and the real books where they are, published, synced and served."""
    folder = tmp_path_factory.mktemp("demonstration")
    recipes = copy_recipes(folder, sorted(path.name for path in (ROOT / "content-packs").iterdir()))
    real = copy_real_books(folder)
    running = Demonstration(folder / "run", [*recipes.values(), *([real] if real else [])])
    running.start()
    yield running
    running.interrupt()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of phone size, English, without JavaScript, in a browser profile of its own."""
    context = browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def desktop(browser: Browser) -> Iterator[Page]:
    """A page of desktop size, English, without JavaScript, in a browser profile of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", java_script_enabled=False)
    yield context.new_page()
    context.close()


def screenshot(page: Page, name: str) -> Path:
    """Keep a picture of the page in `build/screenshots/`; `make screenshots` copies them into the docs."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path)
    return path
