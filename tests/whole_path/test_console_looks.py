"""How the console's main pages look, with a demonstration's content: each section that its navigation has, on a phone
and on a wide screen; nothing sticks out of any of them.

The pictures are kept in `build/screenshots/console/`; `make screenshots` copies them into the docs (docs/operator.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page

from kiosk import config as configuration
from kiosk.console.sections import SECTIONS
from kiosk.store import audit, cards, db, events, moderation, operators, queue, roll, threads
from kiosk.store.db import Connection
from kiosk.store.moderation import Act
from kiosk.store.operators import Rights
from kiosk.store.state import State
from tests.whole_path.conftest import SCREENSHOTS
from tests.whole_path.running import ROOT, Demonstration
from tests.whole_path.test_looks import keep

NAME, PASSWORD = "Grace", "a field of green beans"
SIZES = {360: 740, 1280: 800}
FOLDER = SCREENSHOTS / "console"
MOST_BYTES = 600_000
MEMBERS = ("Amina Okello", "Joseph Mukasa", "Wanjirũ Kimathi", "محمد بن عبد الله", "श्रीमती कृष्णा")


@pytest.fixture(scope="module")
def village(demo: Demonstration) -> Demonstration:
    """A demonstration with people in it."""
    state, now = State(configuration.load(demo.config).state), datetime.now(UTC)
    with closing(db.connect(state.database)) as conn:
        operators.add(conn, NAME, Rights.MANAGER, now)
        operators.choose_password(conn, NAME, PASSWORD, now)
        with db.transaction(conn):
            _fill(conn, state, now - timedelta(hours=9))
    return demo


def _fill(conn: Connection, state: State, now: datetime) -> None:
    operators.add(conn, "Daudi", Rights.EDITOR, now)
    for name in MEMBERS:
        number, _ = roll.enrol(conn, cards.Press(state.secret("cards")), name, now)
        audit.record(conn, NAME, "member.added", f"№ {number}", now)
    beans = threads.open_thread(conn, "White spots on the beans", "Otieno", "What helps?", now, section="questions")
    cheap = threads.open_thread(conn, "Cheap fertilizer", "Mr. Quick", "Send money first.", now, section="market")
    for phone in "abc":
        moderation.report(conn, threads.first_post(conn, cheap), "fraud", phone * 32, phone * 32, now)
    queue.hold(conn, threads.reply(conn, beans, "Juma", "I am new here: try ash.", now))
    moderation.pin(conn, beans, Act(NAME, now, "many ask this"))
    audit.record(conn, NAME, "operator.added.editor", "Daudi", now)
    audit.record(conn, "Daudi", "clock.set", "", now)
    events.record(conn, "backup.finished", now)


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, browser: Browser, village: Demonstration) -> Iterator[Page]:
    """A browser without script in which a manager is signed in."""
    context = browser.new_context(
        viewport={"width": request.param, "height": SIZES[request.param]}, locale="en-GB", java_script_enabled=False
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(village.console)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main form button").click()
    page.locator(".leave").wait_for()
    yield page
    context.close()


def test_nothing_sticks_out_of_the_console_s_sections(village: Demonstration, page: Page) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    names = {each.name: str(each.word) for each in SECTIONS}
    ways = page.locator(".ways").filter(visible=True).locator("a")
    found = {str(way.get_attribute("href")): way.inner_text().strip() for way in ways.all()}
    assert list(found.values()) == list(names.values())
    for name, address in zip(names, found, strict=True):
        page.goto(village.console + address)
        assert page.locator("html").evaluate("html => html.scrollWidth") <= width, address
        keep(page, f"{name}-{width}", FOLDER)


def test_the_pictures_in_the_docs_are_small_and_all_shown() -> None:
    folder = ROOT / "docs" / "pictures" / "console"
    kept = {path.name for path in folder.iterdir()}
    assert {name.rpartition("-")[0] for name in kept} <= {each.name for each in SECTIONS}
    assert sum(path.stat().st_size for path in folder.iterdir()) < MOST_BYTES
    assert set(re.findall(r"pictures/console/([\w-]+\.webp)", (ROOT / "docs" / "operator.md").read_text())) == kept
