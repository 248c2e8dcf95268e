"""Books in the browsers of old phones, w3m and NetSurf: read under the bar, searched, and left again."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.store.state import State
from tests.browser.netsurf import BUTTON, WIDTH, NetSurf, boxes, screen
from tests.browser.w3m import W3m, stops
from tests.portal import bookcase
from tests.portal.conftest import Packer, configuration

PAGE = "<!doctype html><html><head><title>{0}</title></head><body><p>{1}</p></body></html>"
PAGES = {
    "index.html": PAGE.format("Manual", "All about maize. <a href=beans.html>Beans</a>"),
    "beans.html": PAGE.format("Beans", "Grow beans with maize."),
}
MANY_SECONDS = 20


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a library with one book, a manual."""
    folder = tmp_path_factory.mktemp("kiosk")
    config = configuration(folder)
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    book = bookcase.bind(folder, "manual", {path: text.encode() for path, text in PAGES.items()})
    bookcase.put(packer, book)
    bookcase.install(packer, {"manual/en/manual.zim": book})
    with bookcase.opened(config, folder, book.uuid) as served:
        yield served.library.url


def place(url: str, tag: str, **wanted: str) -> int:
    """Return which link or field of a page it is, as w3m counts them."""
    with urllib.request.urlopen(url, timeout=30) as page:
        found = stops(page.read().decode())
    return next(n for n, (name, values) in enumerate(found, 1) if name == tag and wanted.items() <= values.items())


def shows(browser: W3m, words: str) -> str:
    """Return what has been drawn once it holds some words; w3m is asked to draw all anew, and steps over spaces."""
    until = time.monotonic() + MANY_SECONDS
    while words not in (drawn := browser.screen.replace("\x1b[C", " ")) and time.monotonic() < until:
        browser.press("\x0c")
    assert words in drawn, drawn[-1500:]
    return drawn


def test_w3m_reads_a_book_and_finds_a_word_in_it(library: str, tmp_path: Path) -> None:
    with W3m(f"{library}/content/manual/", tmp_path, "") as browser:
        page = shows(browser, "All about maize.")
        assert page.index("Back to the shelf") < page.index("All about maize.")
        browser.go_to(place(f"{library}/content/manual/", "a", href="/search?book=manual"))
        browser.press("\r")
        shows(browser, "Umoja Telecenter")
        address = f"{library}/search?book=manual"
        browser.go_to(place(address, "input", name="pattern"))
        browser.press("\r")
        browser.press("beans\r")
        browser.go_to(place(address, "button", type="submit"))
        browser.press("\r")
        shows(browser, "Grow beans with maize")
        address += "&pattern=beans"
        with urllib.request.urlopen(address, timeout=30) as page:
            hit = next(values["href"] for _tag, values in stops(page.read().decode()) if "beans.html" in str(values))
        browser.go_to(place(address, "a", href=hit))
        browser.press("\r")
        shows(browser, "<Beans>")


def test_netsurf_shows_the_bar_and_searches(library: str, tmp_path: Path) -> None:
    with screen(tmp_path / "screen") as on:
        browser = NetSurf(on, f"{library}/content/manual/")
        bar = boxes(browser.until_still(), BUTTON, WIDTH // 2)[0]
        browser.close()
        assert bar.top < 60
        assert bar.right - bar.left > WIDTH - 40
        browser = NetSurf(on, f"{library}/search?book=manual")
        empty = browser.until_still()
        browser.type(browser.fields()[0], "beans")
        browser.click(browser.buttons()[0])
        until = time.monotonic() + MANY_SECONDS
        while inked(browser.until_still()) < inked(empty) + 20 and time.monotonic() < until:
            time.sleep(0.2)
        found = browser.until_still()
        browser.close()
        assert inked(found) >= inked(empty) + 20, "there is a page to go to"


def inked(rows: list[bytes]) -> int:
    """Return how many rows of the page have more than two colours on them, beside the bar to scroll with."""
    return sum(len({row[at : at + 4] for at in range(0, 4 * (WIDTH - 40), 4)}) > 2 for row in rows)
