"""How the main pages look, with real content, on three widths, in light and dark: nothing sticks out of any of them.

The pictures are kept in `build/screenshots/pages/`; `make screenshots` copies them into the docs (docs/pages.md).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from kiosk import config as configuration
from kiosk.store import db, threads
from kiosk.store.state import State
from kiosk.store.threads import Offer
from tests.whole_path.conftest import SCREENSHOTS
from tests.whole_path.running import ROOT, Demonstration

PAGES = {
    "home": "/",
    "courses": "/courses",
    "lesson": "/courses/running-a-cooperative/running-a-cooperative/en/what-is-a-cooperative",
    "library": "/library",
    "papers": "/documents",
    "board": "/board",
    "thread": "/board/{thread}",
    "help": "/help",
    "about": "/about",
}
SIZES = {320: 568, 360: 740, 1024: 768}
SCALES = {1024: 0.6, 1280: 0.6}
"""How much smaller the picture of a wide screen is kept."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ARABIC = ("home", "help")
NEWS = "home-360-new"
QUALITY = 24
MOST_BYTES = 1_000_000
FOLDER = SCREENSHOTS / "pages"
SAID = (
    (
        "market",
        "Two goats for sale",
        "Wanjiru",
        "Healthy and young, vaccinated in March.",
        Offer("5,000 each", "Kijiji"),
    ),
    (
        "questions",
        "White spots on the beans",
        "Otieno",
        "Since the rain the leaves have white spots. What helps?",
        Offer(),
    ),
    ("talk", "Who goes to the market on Friday?", "Amina", "There are two places left on the pick-up.", Offer()),
)


@pytest.fixture(scope="module")
def thread(demo: Demonstration) -> int:
    """A board that people have written on; the number of one thread."""
    state, now = State(configuration.load(demo.config).state), datetime.now(UTC)
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        numbers = [
            threads.open_thread(conn, title, author, body, now - timedelta(hours=9), section=section, offer=offer)
            for section, title, author, body, offer in SAID
        ]
        threads.reply(conn, numbers[1], "Wanjiru", "Pick the leaves off and burn them.", now - timedelta(hours=2))
    return numbers[1]


@pytest.fixture(params=[(width, scheme) for width in SIZES for scheme in SCHEMES], ids=lambda it: f"{it[0]}-{it[1]}")
def look(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A browser without script, of one width, light or dark."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]}, color_scheme=scheme, locale="en-GB",
        java_script_enabled=False,
    )  # fmt: skip
    context.set_default_timeout(60_000)
    yield context
    context.close()


def keep(page: Page, name: str, folder: Path = FOLDER) -> None:
    """Keep a picture of what a visitor sees first."""
    folder.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    assert size
    clip = {"x": 0, "y": 0, **size, "scale": SCALES.get(size["width"], 1)}
    session = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip})
    (folder / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))


def test_nothing_sticks_out_of_the_main_pages(
    demo: Demonstration, thread: int, look: BrowserContext, request: pytest.FixtureRequest
) -> None:
    page = look.new_page()
    width = page.viewport_size["width"] if page.viewport_size else 0
    for name, path in PAGES.items():
        page.goto(demo.portal + path.format(thread=thread))
        assert page.locator("html").evaluate("html => html.scrollWidth") <= width, path
        keep(page, f"{name}-{request.node.callspec.id}")


@pytest.mark.parametrize("name", ARABIC)
def test_arabic_runs_from_the_right(demo: Demonstration, browser: Browser, thread: int, name: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="ar", java_script_enabled=False)
    page = context.new_page()
    page.goto(demo.portal + PAGES[name])
    brand = page.locator(".brand").bounding_box()
    assert brand
    assert brand["x"] + brand["width"] > 340
    assert page.locator("html").evaluate("html => html.scrollWidth") <= 360
    keep(page, f"{name}-360-arabic")
    context.close()


def test_what_is_new_has_its_place(demo: Demonstration, browser: Browser, thread: int) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto(demo.portal)
    seen = next(each["value"] for each in context.cookies() if each["name"] == "seen")
    context.clear_cookies(name="visit")
    context.add_cookies([{"name": "seen", "value": seen.partition(".")[0] + ".0.0.0", "url": demo.portal}])
    page.goto(demo.portal)
    assert page.locator(".news li").count() >= 6
    assert page.locator("html").evaluate("html => html.scrollWidth") <= 360
    keep(page, NEWS)
    context.close()


def test_the_pictures_in_the_docs_are_small_and_all_shown() -> None:
    folder = ROOT / "docs" / "pictures" / "pages"
    kept = {path.name for path in folder.iterdir()}
    named = {f"{name}-{width}-{scheme}.webp" for name in PAGES for width in SIZES for scheme in SCHEMES}
    assert kept == named | {f"{name}-360-arabic.webp" for name in ARABIC} | {f"{NEWS}.webp"}
    pictures = [path for path in folder.parent.rglob("*.*") if path.parent.name != "console"]
    assert sum(path.stat().st_size for path in pictures) < MOST_BYTES
    shown = re.findall(r"pictures/pages/([\w-]+\.webp)", (ROOT / "docs" / "pages.md").read_text())
    assert set(shown) == kept
