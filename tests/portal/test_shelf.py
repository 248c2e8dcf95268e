"""The shelf with real books behind it: by subject, by language, with the covers that books bring."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from kiosk.portal import create_portal
from kiosk.store.state import State
from tests.portal import bookcase
from tests.portal.bookcase import Bound
from tests.portal.conftest import NOW, Packer, configuration, village
from tests.whole_path.running import REAL_BOOKS

RAY_CHARLES = REAL_BOOKS / "wikipedia_en_ray_charles.zim"
PAGE = b"<!doctype html><html><head><title>%s</title></head><body>%s</body></html>"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Bound:
    """A book of one page."""
    return bookcase.bind(tmp_path_factory.mktemp("books"), "manual", {"index.html": PAGE % (b"Manual", b"Maize")})


@pytest.fixture(scope="module")
def visitor(book: Bound, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A visitor of a kiosk with three books, one of which is there in two languages and one not served."""
    folder = tmp_path_factory.mktemp("kiosk")
    config = configuration(folder)
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    village(packer)
    bookcase.put(packer, book)
    bookcase.put(packer, book, "fr")
    bookcase.put(packer, book, "sw", "health", "afya")
    books = {"manual/en/manual.zim": book}
    if RAY_CHARLES.exists():
        books["ray/en/ray.zim"] = replace(bookcase.bound(RAY_CHARLES), name="ray")
        bookcase.put(packer, books["ray/en/ray.zim"], subject="language")
    bookcase.install(packer, books)
    with bookcase.opened(config, folder, *(each.uuid for each in books.values())) as served:
        yield create_portal(served, lambda: NOW).test_client()


def titles(page: str) -> list[str]:
    return re.findall(r"<h3[^>]*>(.*?)</h3>", page)


def test_books_stand_by_subject(visitor: FlaskClient) -> None:
    page = visitor.get("/library").text
    assert re.findall(r"<h2>(Farming|Health|Reference)</h2>", page) == ["Farming", "Health", "Reference"]
    assert [title for title in titles(page) if "Ray" not in title] == ["Handbook", "Manual in sw", "Manual in en"]
    assert set(re.findall(r'<a href="#(\w+)">', page)) >= {"farming", "health", "reference"}


def test_the_shelf_of_one_language(visitor: FlaskClient) -> None:
    page = visitor.get("/library").text
    assert re.findall(r'href="/library\?in=(\w+)"', page) == ["en", "fr", "sw"]
    assert titles(visitor.get("/library?in=fr").text) == ["Manual in fr"]
    assert titles(visitor.get("/library?in=sw").text) == ["Manual in sw"]
    assert 'hreflang="sw" aria-current="true"' in visitor.get("/library?in=sw").text
    assert titles(visitor.get("/library?in=<script>").text) == titles(page), "an unknown language is no choice"


def test_covers_come_from_the_pack_or_from_the_book_and_only_when_they_are_seen(visitor: FlaskClient) -> None:
    page = visitor.get("/library").text
    jackets = re.findall(r'<img class="jacket" src="([^"]+)" alt="" loading="lazy"', page)
    assert jackets[0] == "/files/village/handbook/en/cover.png"
    cover = visitor.get(jackets[1])
    assert cover.data == bookcase.COVER.read_bytes()
    assert cover.mimetype == "image/png"
    assert "max-age=3600" in cover.headers["Cache-Control"]
    assert "sandbox" in cover.headers["Content-Security-Policy"]


@pytest.mark.skipif(not RAY_CHARLES.exists(), reason=f"the real ZIM books are not in {REAL_BOOKS}")
def test_a_book_without_a_picture_is_shown_with_that_of_any_book(visitor: FlaskClient) -> None:
    jacket = re.search(r'id="ray".*?src="([^"]+)"', visitor.get("/library").text, re.DOTALL)
    assert jacket
    picture = visitor.get(jacket[1])
    assert picture.mimetype == "image/svg+xml"


@pytest.mark.parametrize("uuid", ["00000000-633f-087b-fb55-7ac324ff9baf", "..%2f..%2fcatalog", "x"])
def test_no_cover_where_the_library_has_no_such_book(visitor: FlaskClient, uuid: str) -> None:
    assert visitor.get(f"/library/cover/{uuid}").status_code == 404


def test_a_book_is_taken_home_whole_and_goes_on_where_it_broke_off(visitor: FlaskClient, book: Bound) -> None:
    page = visitor.get("/library?in=en").text
    card = page[page.index('id="manual"') :]
    link = re.search(r'href="(/files/[^"]+\.zim)" download>.*?Take the whole book home: (\d+) KB', card)
    assert link
    assert int(link[2]) == round(len(book.data) / 1000)
    with visitor.get(link[1]) as whole:
        assert whole.data == book.data
        assert whole.headers["Content-Disposition"] == "attachment; filename=manual.zim"
    with visitor.get(link[1], headers={"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]}) as rest:
        assert rest.status_code == 206
        assert book.data[:1000] + rest.data == book.data
