"""Books read through `kiosk serve library`: the bar, what a phone keeps, ranges, and the search in a book."""

from __future__ import annotations

import gzip
import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import quote

import psutil
import pytest

from kiosk.store.state import State
from tests.portal import bookcase
from tests.portal.bookcase import Bound
from tests.portal.conftest import Packer, configuration

PAGE = "<!doctype html><html><head><meta charset=utf-8><title>{0}</title></head><body><p>{1}</p></body></html>"
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 4.4)", "Accept": "text/html,*/*;q=0.8"}
SOUND = bytes(range(256)) * 400
MOST_MEMORY_BYTES = 80_000_000


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode()


@dataclass
class Reader:
    """A phone that reads."""

    port: int
    headers: dict[str, str] = field(default_factory=lambda: dict(PHONE))

    def get(self, path: str, method: str = "GET", **more: str) -> Answer:
        headers = self.headers | {name.replace("_", "-"): value for name, value in more.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def led_to(self, path: str) -> str:
        """Return the address to which an address leads in the end."""
        while (answer := self.get(path)).status == 302:
            path = answer.headers["Location"]
        assert answer.status == 200, path
        return path


def pages() -> dict[str, bytes]:
    """Return the files of a book."""
    found = {
        "index.html": PAGE.format("Manual", "Maize, <a href='deep/two%20words.html'>more</a>"),
        "deep/two words.html": PAGE.format("Beans", "Grow beans with maize. Élevage de chèvres."),
        "part.html": PAGE.format("Part", "of a page"),
        "huge.html": PAGE.format("Huge", "goats " * 400_000),
        "style.css": "p{color:green}" * 100,
    }
    found |= {f"hen{number}.html": PAGE.format(f"Hen {number}", f"A hen, the {number}th.") for number in range(45)}
    return {path: text.encode() for path, text in found.items()} | {"song.mp3": SOUND}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Bound:
    """A book of several pages."""
    return bookcase.bind(tmp_path_factory.mktemp("books"), "manual", pages())


@pytest.fixture(scope="module")
def reader(book: Bound, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader of a kiosk with one book."""
    folder = tmp_path_factory.mktemp("kiosk")
    config = configuration(folder)
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    bookcase.put(packer, book)
    bookcase.install(packer, {"manual/en/manual.zim": book})
    with bookcase.opened(config, folder, book.uuid) as served:
        yield Reader(served.library.port)


@pytest.fixture(scope="module")
def inside(reader: Reader) -> str:
    """What the addresses of the book's files begin with: kiwix-serve may put a namespace in."""
    return reader.led_to("/content/manual/").removesuffix("index.html")


def test_a_page_stands_under_the_bar(reader: Reader, inside: str) -> None:
    answer = reader.get(f"{inside}index.html")
    before, bar, after = re.split(r'(<div id="kiosk-bar".*?</script>)', answer.text)
    assert (before + after).encode() == pages()["index.html"], "and nothing else was changed"
    assert before.endswith("<body>")
    assert 'href="http://kiosk.test/library#manual"' in bar
    assert "Back to the shelf" in bar
    assert 'href="/search?book=manual"' in bar
    assert "Search in this book" in bar


def test_every_address_that_a_version_of_kiwix_serve_has_leads_to_the_page(reader: Reader, inside: str) -> None:
    assert inside.startswith("/content/manual/")
    for address in ("/content/manual", "/manual", "/manual/", inside.removeprefix("/content") + "index.html"):
        assert reader.led_to(address) == f"{inside}index.html"
    assert reader.get("/").headers["Location"] == "http://kiosk.test/library"


def test_the_bar_speaks_the_visitors_language(reader: Reader, inside: str) -> None:
    switched = reader.get(f"{inside}index.html?lang=ar")
    assert (switched.status, switched.headers["Location"]) == (302, f"{inside}index.html")
    cookie = switched.headers["Set-Cookie"].partition(";")[0]
    assert cookie == "lang=ar"
    page = reader.get(f"{inside}index.html", Cookie=cookie)
    assert 'lang="ar" dir="rtl"' in page.text
    assert page.headers["Content-Language"] == "eng", "and the page that of the book"


def test_a_page_is_sent_once_as_long_as_book_and_bar_are_the_same(reader: Reader, inside: str) -> None:
    page = reader.get(f"{inside}index.html")
    assert page.headers["Cache-Control"] == "no-cache"
    again = reader.get(f"{inside}index.html", If_None_Match=page.headers["ETag"])
    assert (again.status, again.data, again.headers["ETag"]) == (304, b"", page.headers["ETag"])
    french = reader.get(f"{inside}index.html", If_None_Match=page.headers["ETag"], Accept_Language="fr")
    assert french.status == 200
    style = reader.get(f"{inside}style.css")
    assert style.headers["Cache-Control"] == "max-age=3600"
    assert reader.get(f"{inside}style.css", If_None_Match=style.headers["ETag"]).status == 304


def test_what_is_text_is_packed_on_the_way(reader: Reader, inside: str) -> None:
    plain, packed = (reader.get(f"{inside}huge.html", Accept_Encoding=each) for each in ("identity", "gzip"))
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 50
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "kiosk-bar" in plain.text[:3000]
    sound = reader.get(f"{inside}song.mp3", Accept_Encoding="gzip")
    assert (sound.data, sound.headers.get("Content-Encoding")) == (SOUND, None)


def test_a_sound_is_sent_in_ranges(reader: Reader, inside: str) -> None:
    whole = reader.get(f"{inside}song.mp3")
    assert whole.headers["Content-Length"] == str(len(SOUND))
    tag = whole.headers["ETag"]
    part = reader.get(f"{inside}song.mp3", Range="bytes=1000-1999")
    assert (part.status, part.data, part.headers["ETag"]) == (206, SOUND[1000:2000], tag)
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(SOUND)}"
    rest = reader.get(f"{inside}song.mp3", Range="bytes=1000-", If_Range=tag)
    assert (rest.status, rest.data) == (206, SOUND[1000:])
    other = reader.get(f"{inside}song.mp3", Range="bytes=1000-", If_Range='"another book"')
    assert (other.status, other.data) == (200, SOUND)
    assert reader.get(f"{inside}song.mp3", Range="bytes=999999-").status == 416
    page = reader.get(f"{inside}index.html", Range="bytes=0-9")
    assert page.status == 200, "a page under the bar is none of the book's bytes"
    assert b"kiosk-bar" in page.data


@pytest.mark.parametrize(
    "header",
    [
        {"X_Requested_With": "XMLHttpRequest"},
        {"Accept": "*/*"},
        {"Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Dest": "iframe"},
    ],
)
def test_what_a_script_of_the_book_asks_for_has_no_bar(reader: Reader, inside: str, header: dict[str, str]) -> None:
    piece = reader.get(f"{inside}part.html", **header)
    assert piece.data == pages()["part.html"]
    assert reader.get(f"{inside}part.html", If_None_Match=piece.headers["ETag"]).status == 200


def test_a_small_browser_that_accepts_anything_has_the_bar(reader: Reader, inside: str) -> None:
    page = Reader(reader.port, {"User-Agent": "NetSurf/3.10 (Linux)", "Accept": "*/*"}).get(f"{inside}part.html")
    assert b"kiosk-bar" in page.data


def test_the_head_alone(reader: Reader, inside: str) -> None:
    for name in ("index.html", "song.mp3", "huge.html"):
        answer = reader.get(f"{inside}{name}", "HEAD")
        assert (answer.status, answer.data) == (200, b"")
        assert answer.headers["ETag"] == reader.get(f"{inside}{name}").headers["ETag"]


def test_what_is_not_there_is_told_with_a_way_back(reader: Reader, inside: str) -> None:
    for path in (
        f"{inside}nope.html",
        "/content/nope/",
        "/nope",
        "/search?book=nope",
        "/skin/taskbar.css",
        "/content/..",
    ):
        answer = reader.get(path)
        assert answer.status == 404, path
        assert "This page is not here" in answer.text
        assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert reader.get(f"{inside}index.html", "POST").status in (400, 405)


def test_words_are_found_in_the_book(reader: Reader, inside: str) -> None:
    page = reader.get("/search?book=manual&pattern=beans").text
    assert f'href="{inside}deep/two%20words.html"' in page
    assert reader.led_to(f"{inside}deep/two%20words.html")
    assert "Grow <mark>beans</mark> with maize." in page
    assert 'value="beans"' in page
    assert 'href="http://kiosk.test/library#manual"' in page
    for words in ("CHEVRES", "chèvres", "Élevage chèvres", '"beans'):
        assert "two%20words.html" in reader.get(f"/search?book=manual&pattern={quote(words)}").text, words


def test_the_shelf_s_form_and_kiwix_serves_own_addresses_lead_to_the_search(reader: Reader, book: Bound) -> None:
    for query in (f"books.id={book.uuid}", "books.name=manual", "content=manual", "book=manual"):
        assert "two%20words.html" in reader.get(f"/search?{query}&pattern=beans").text
    assert 'name="pattern"' in reader.get("/search?book=manual").text


def test_more_is_found_than_a_page_holds(reader: Reader) -> None:
    found, address = [], "/search?book=manual&pattern=hen"
    for number in range(3):
        page = reader.get(address).text
        found += re.findall(r"<strong[^>]*><mark>Hen</mark> (\d+)</strong>", page)
        assert ('rel="prev"' in page) == (number > 0)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following:
            address = unescape(following[1])
    assert following is None
    assert sorted(map(int, found)) == list(range(45))


@pytest.mark.parametrize("words", ["wombat", "<script>alert(1)</script>", "% %% %s", "AND OR NOT (", "\0", "é" * 3000])
def test_nothing_found_is_said(reader: Reader, words: str) -> None:
    answer = reader.get(f"/search?book=manual&pattern={quote(words)}&from=99999999")
    assert answer.status == 200
    assert "Nothing was found for" in answer.text
    assert "<script" not in answer.text


def test_programs_are_told_what_kiwix_serve_says(reader: Reader, book: Bound) -> None:
    assert book.uuid in reader.get("/catalog/v2/entries?count=-1").text


def test_kiwix_serves_own_search_is_not_asked(reader: Reader, book: Bound) -> None:
    answer = reader.get(f"/search?format=xml&pattern=beans&books.id={book.uuid}")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reader.get("/suggest?content=manual&term=be").status == 404


def test_no_cookie_of_the_library_tells_anything(reader: Reader, inside: str) -> None:
    for path in (f"{inside}index.html", "/search?book=manual&pattern=hen", "/nope"):
        assert "Set-Cookie" not in reader.get(path).headers


def test_little_memory(reader: Reader, inside: str) -> None:
    for _ in range(20):
        assert reader.get(f"{inside}huge.html", Accept_Encoding="gzip").status == 200
    parent = next(each for each in psutil.process_iter() if is_library(each, reader.port))
    assert parent.memory_info().rss < MOST_MEMORY_BYTES


def is_library(process: psutil.Process, port: int) -> bool:
    """Tell whether a process is the one that listens for the library."""
    try:
        listening = [each for each in process.net_connections() if each.status == "LISTEN" and each.laddr]
        return any(each.laddr.port == port for each in listening)
    except psutil.Error:
        return False
