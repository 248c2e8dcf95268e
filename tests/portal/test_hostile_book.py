"""A book that means harm, in Chromium with scripts on: it can not reach the portal, and is read all the same."""

from __future__ import annotations

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kiosk.config import Site
from kiosk.store.state import State
from tests.chromium import CHROMIUM, FLAGS
from tests.portal import bookcase
from tests.portal.conftest import Packer, configuration

TRIES = """<!doctype html><html><head><title>Harm</title></head><body><h1>Harm</h1>
<img src="PORTAL/picture"><iframe src="PORTAL/frame"></iframe><link rel="stylesheet" href="PORTAL/style">
<form id="form" method="post" action="PORTAL/form" target="_blank"><input name="post" value="1"></form>
<object data="PORTAL/object"></object><video src="PORTAL/video" autoplay></video><script src="PORTAL/script"></script>
<script>
var failed = [];
function attempt(name, action) { try { action(); } catch (error) { failed.push(name); } }
attempt('cookie', function () { document.cookie = 'portal_session=stolen; path=/'; });
attempt('domain', function () { document.cookie = 'portal_session=stolen; domain=test; path=/'; });
attempt('beacon', function () { navigator.sendBeacon('PORTAL/beacon', 'x'); });
attempt('request', function () {
  var request = new XMLHttpRequest();
  request.open('POST', 'PORTAL/request'); request.withCredentials = true; request.send();
});
attempt('socket', function () { new WebSocket('PORTAL/socket'.replace('http', 'ws')); });
attempt('form', function () { document.getElementById('form').submit(); });
attempt('base', function () { document.head.insertAdjacentHTML('beforeend', '<base href="PORTAL/base/">'); });
fetch('PORTAL/fetch', {mode: 'no-cors', credentials: 'include', method: 'POST'}).catch(function () {
  fetch('inside.html').then(function (r) { return r.text(); }).then(function (text) {
    document.body.insertAdjacentHTML('beforeend', '<p id="end">' + (text.indexOf('kiosk-bar') < 0) + '</p>');
  });
});
</script></body></html>"""
PLAIN = "<!doctype html><html><head><title>{0}</title></head><body><p>{0}</p>{1}</body></html>"
JAPANESE = PLAIN.format("養鶏の手引き", "").replace("<title>", "<meta charset=shift_jis><title>")
FILES = {
    "nobody.html": b"<!doctype html><title>Nobody</title><p>No body is named here.",
    "wide.html": ("\ufeff" + PLAIN.format("Élevage: مرحبا 養鶏", "")).encode("utf-16-le"),
    "japanese.html": PLAIN.format("養鶏の手引き", "")
    .replace("<title>", "<meta charset=shift_jis><title>")
    .encode("shift_jis"),
    "framed.html": PLAIN.format("Outside", '<iframe src="inside.html" width="300"></iframe>').encode(),
    "inside.html": PLAIN.format("Inside", "").encode(),
    "hidden.html": PLAIN.format("Hidden", "<script>document.body.innerHTML = '<p>Mine alone'</script>").encode(),
    "frames.html": b'<!doctype html><html><frameset cols="100%"><frame src="inside.html"></frameset></html>',
}


@dataclass
class Noted:
    """What stands where the portal is, and what was asked of it."""

    url: str
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def noting() -> Iterator[Noted]:
    """Give every visitor a session, and note what is asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            noted.asked.append((self.path, self.headers.get("Cookie", "")))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Set-Cookie", "portal_session=mine; HttpOnly; SameSite=Lax; Path=/")
            self.end_headers()
            # Its icon is in the page, as the portal's is: no browser asks for one later.
            self.wfile.write(b'<link rel="icon" href="data:,"><h1>The portal</h1>')

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        noted = Noted(f"http://kiosk.test:{server.server_address[1]}")
        worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        worker.start()
        try:
            yield noted
        finally:
            server.shutdown()
            worker.join()


@pytest.fixture(scope="module")
def portal() -> Iterator[Noted]:
    """What stands where the portal is."""
    with noting() as noted:
        yield noted


@pytest.fixture(scope="module")
def book(portal: Noted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the folder of a book that means harm."""
    folder = tmp_path_factory.mktemp("kiosk")
    config = configuration(folder)
    config = replace(config, portal=Site("127.0.0.1", 8300, portal.url))
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    harm = bookcase.bind(folder, "harm", FILES | {"index.html": TRIES.replace("PORTAL", portal.url).encode()})
    bookcase.put(packer, harm)
    bookcase.install(packer, {"harm/en/harm.zim": harm})
    with bookcase.opened(config, folder, harm.uuid, host="books.test") as served:
        yield f"{served.library.url}/content/harm/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, for which all hosts are this machine."""
    with sync_playwright() as playwright:
        flags = [*FLAGS, "--host-resolver-rules=MAP *.test 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of phone size in a profile of its own, with scripts."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def inside(browser: Browser, book: str) -> str:
    """What the addresses of the book's files begin with: kiwix-serve may put a namespace in."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(book)
    context.close()
    return page.url.removesuffix("index.html")


def test_it_can_not_reach_the_portal(book: str, portal: Noted, phone: Page) -> None:
    phone.goto(portal.url)
    portal.asked.clear()
    phone.goto(book)
    expect(phone.locator("#end")).to_have_text("true")
    phone.wait_for_timeout(500)
    assert portal.asked == []
    assert "mine" not in phone.evaluate("document.cookie")
    expect(phone.get_by_role("link", name="Search in this book")).to_be_visible()
    phone.get_by_role("link", name="Back to the shelf").click()
    expect(phone.get_by_role("heading", name="The portal")).to_be_visible()
    assert portal.asked[0] == ("/library", "portal_session=mine"), "and the way back is the visitor's own"


@pytest.mark.parametrize(
    ("name", "words"),
    [("nobody", "No body is named here."), ("wide", "Élevage: مرحبا 養鶏"), ("japanese", "養鶏の手引き")],
)
def test_odd_pages_are_read_under_the_bar(inside: str, phone: Page, name: str, words: str) -> None:
    phone.goto(f"{inside}{name}.html")
    expect(phone.get_by_text(words)).to_be_visible()
    box = phone.locator("#kiosk-bar").bounding_box()
    assert box
    assert box["width"] >= 340
    assert 44 <= box["height"] <= 56
    for link in phone.locator("#kiosk-bar a").all():
        size = link.bounding_box()
        assert size
        assert size["height"] >= 48


def test_a_frame_in_a_book_has_no_second_bar(inside: str, phone: Page) -> None:
    phone.goto(f"{inside}framed.html")
    frame = phone.frame_locator("iframe")
    expect(frame.get_by_text("Inside")).to_be_visible()
    expect(frame.locator("#kiosk-bar")).to_have_count(1)  # on plain http a browser does not tell that it is a frame
    expect(frame.locator("#kiosk-bar")).to_be_hidden()
    expect(phone.locator("#kiosk-bar")).to_be_visible()
    phone.goto(f"{inside}frames.html")
    expect(phone.frame_locator("frame").get_by_text("Inside")).to_be_visible()


def test_nobody_else_can_frame_a_book(inside: str, phone: Page, tmp_path: Path) -> None:
    outside = tmp_path / "outside.html"
    outside.write_text(f'<iframe src="{inside}inside.html"></iframe>')
    phone.goto(outside.as_uri())
    phone.wait_for_timeout(300)
    assert phone.frame_locator("iframe").get_by_text("Inside").count() == 0


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example", "//evil.example/?lang=fr", "?lang=fr", "/%2e%2e/"]
)
@pytest.mark.parametrize("start", ["content/harm", "harm", "content", "languages"])
def test_no_address_leads_out(book: str, start: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(book).port, timeout=30)
    connection.request("GET", f"/{start}{path}")
    location = connection.getresponse().headers.get("Location", "/")
    connection.close()
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
