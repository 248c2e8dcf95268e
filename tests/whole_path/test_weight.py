"""What pages weigh on their way to a phone: the real content, the real server, a real browser, heads counted."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from kiosk import config
from kiosk.store import db, threads
from kiosk.store.state import State
from kiosk.web.i18n import LANGUAGES
from tests.whole_path.conftest import PHONE
from tests.whole_path.running import Demonstration
from tests.wire import Relay, relay

FIRST_BYTES, FIRST_REQUESTS, TEXT_BYTES, SECOND_BYTES = 14_000, 3, 20_000, 6_000
COURSE = "/courses/running-a-cooperative/running-a-cooperative/{}"
SECOND = (
    "/courses", COURSE, COURSE + "/what-is-a-cooperative", "/library", "/documents", "/notices", "/board",
    "/board/in/market", "/board/new", "/languages", "/members/sign-in",
)  # fmt: skip
WORDS = (
    "maize",
    "beans",
    "goat",
    "field",
    "water",
    "price",
    "market",
    "member",
    "share",
    "road",
    "school",
    "seed",
    "rain",
)


@pytest.fixture(scope="module")
def thread(demo: Demonstration) -> int:
    """A full page of posts, on a board with more threads than the first page shows."""
    seeded, now = random.Random(4), datetime.now(UTC)
    conn = db.connect(State(config.load(demo.config).state).database)
    with db.transaction(conn):
        for number in range(6):
            title = f"{' '.join(seeded.choices(WORDS, k=8))} {number}"
            opened = threads.open_thread(conn, title, "Wanjiru", "Who knows?", now)
        for _ in range(49):
            threads.reply(conn, opened, "Otieno", " ".join(seeded.choices(WORDS, k=30)), now)
    conn.close()
    return opened


@pytest.fixture(scope="module")
def line(demo: Demonstration, thread: int) -> Iterator[Relay]:
    """The radio, so to say."""
    with relay(urlsplit(demo.portal).port or 80) as running:
        yield running


class Phone:
    """A phone that was never here before."""

    def __init__(self, browser: Browser, line: Relay, language: str) -> None:
        self.page = browser.new_context(viewport=PHONE, locale=language).new_page()
        self.line = line

    def open(self, path: str) -> dict[str, int]:
        """Open a page; return what was loaded for it, and the bytes of each answer."""
        self.line.taken()
        answer = self.page.goto(self.line.url + path, wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200, path
        return self.line.taken()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_fits_the_first_round_trip(browser: Browser, line: Relay, language: str) -> None:
    phone = Phone(browser, line, language)
    first = phone.open("/")
    assert len(first) <= FIRST_REQUESTS, first
    assert sum(first.values()) <= FIRST_BYTES, first
    phone.page.context.close()


@pytest.mark.parametrize("language", ["sw", "hi"])
def test_the_pages_after_it_are_lighter(browser: Browser, line: Relay, language: str) -> None:
    phone = Phone(browser, line, language)
    phone.open("/")
    for path in SECOND:
        loaded = phone.open(path.format(language if language in ("fr", "sw") else "en"))
        assert not [each for each in loaded if each.startswith("/static")], "kept since the first page"
        assert sum(loaded.values()) <= TEXT_BYTES, (path, loaded)
        assert sum(size for each, size in loaded.items() if not is_picture(each)) <= SECOND_BYTES, (path, loaded)
    phone.page.context.close()


def is_picture(path: str) -> bool:
    return path.startswith(("/files/", "/documents/picture/", "/library/cover/"))


@pytest.mark.parametrize("language", ["en", "fr", "sw"])
def test_a_text_page_is_light_for_who_comes_first(browser: Browser, line: Relay, language: str, thread: int) -> None:
    phone = Phone(browser, line, language)
    phone.open(COURSE.format(language))
    lessons = re.findall(rf'href="({COURSE.format(language)}/[a-z-]+)"', phone.page.content())
    phone.page.context.close()
    assert len(lessons) > 5
    for path in [*lessons, f"/board/{thread}"]:
        phone = Phone(browser, line, language)
        loaded = phone.open(path)
        assert sum(loaded.values()) <= TEXT_BYTES, loaded
        phone.page.context.close()
