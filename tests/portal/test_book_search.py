"""Pages of books in the search: real books in five languages, indexed as a sync does, and what goes wrong with them."""

from __future__ import annotations

import dataclasses
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.config import Config, Site
from kiosk.portal import book_search
from kiosk.store import book_index, books, db
from kiosk.store.search import Asked
from kiosk.store.search_words import words
from tests.portal.bookcase import bind, break_book, put
from tests.portal.conftest import NOW, Packer
from tests.portal.searching import found, portal_of

PAGE = '<!doctype html><html><head><meta charset="utf-8"><title>{}</title></head><body>{}</body></html>'
BOOKS = {
    "en": {"Goats": "Goats eat maize <b>leaves</b> &amp; grass.", "Storing": "Dry the maize well."},
    "fr": {
        "Chèvres": "Notre élevage de chèvres, l’avenir du village.",
        "Maïs": "Séchez bien le maïs, maize en anglais.",
    },
    "sw": {"Mbuzi": "Mbuzi hula majani ya mahindi, maize kwa Kiingereza."},
    "hi": {"बकरी": "बकरी के लिए पानी और हिन्दी में किताब।"},
    "ar": {"ماعز": "تربية الماعز في القَرْية."},
}
LIBRARY = "http://library.test:8080"


def page(title: str, body: str) -> bytes:
    return PAGE.format(title, body).encode()


def file_name(title: str) -> str:
    return f"{title}.html" if title.isascii() else f"page{sum(map(ord, title))}.html"


@pytest.fixture
def farm(config: Config, packer: Packer, tmp_path: Path) -> FlaskClient:
    """A visitor of a kiosk with a book in each language."""
    for language, pages in BOOKS.items():
        files = {file_name(title): page(title, text) for title, text in pages.items()}
        links = "".join(f'<a href="{name}">.</a>' for name in files)
        put(packer, bind(tmp_path, f"farm_{language}", {**files, "index.html": page("Front", links)}), language)
    return portal_of(dataclasses.replace(config, library=Site("127.0.0.1", 9, LIBRARY)), packer)


def place(title: str, language: str) -> str:
    return f"{LIBRARY}/content/farm_{language}/{file_name(title)}"


def test_all_books_are_found_in_the_visitors_language_first(farm: FlaskClient) -> None:
    farm.set_cookie("lang", "fr")
    every = found(farm, "maize", **{"in": "library"})
    assert every[0] == place("Maïs", "fr")
    assert set(every) == {place("Maïs", "fr"), place("Goats", "en"), place("Storing", "en"), place("Mbuzi", "sw")}
    text = farm.get("/search?q=maize").text
    assert "<mark>maize</mark> en anglais" in text
    assert "Farm_fr in fr" in text, "the book's title is told"
    assert 'lang="sw" hreflang="sw"' in text


def test_accents_and_forms_make_no_difference(farm: FlaskClient) -> None:
    for question in ("ELEVAGE chevres", "élevage chèvres", "elevage", "chèvre", "l’avenir", "l'avenir", "avenir"):
        assert place("Chèvres", "fr") in found(farm, question), question
    assert found(farm, "goat grasses") == found(farm, "goats grass") == [place("Goats", "en")]


def test_words_of_other_scripts_are_found(farm: FlaskClient) -> None:
    for language, question, title in (("hi", "किताब", "बकरी"), ("hi", "हिन्दी पानी", "बकरी"), ("ar", "القرية", "ماعز")):
        assert found(farm, question) == [place(title, language)], question


def test_markup_is_no_word_and_is_not_shown(farm: FlaskClient) -> None:
    text = farm.get("/search?q=leaves grass").text
    assert "maize <mark>leaves</mark> &amp; <mark>grass</mark>" in text
    assert "<b>" not in text
    assert found(farm, "doctype") == found(farm, "charset") == []


@pytest.mark.parametrize("question", ['maize"', "maize)", "title:maize", "maize*", "NEAR(maize)", "^maize", "-maize"])
def test_a_question_is_words_to_the_index(farm: FlaskClient, question: str) -> None:
    assert farm.get("/search", query_string={"q": question}).status_code == 200
    assert len(found(farm, question)) in (0, 4)
    assert found(farm, "maize NOT goats") == found(farm, "zzz OR maize") == []


def test_pages_go_on_where_they_stopped(config: Config, packer: Packer, tmp_path: Path) -> None:
    files = {f"{n}.html": page(f"Field {n}", "water " * (n + 1)) for n in range(23)}
    put(packer, bind(tmp_path, "fields", {**files, "index.html": page("Front", "-")}))
    reader = portal_of(config, packer)
    pages = [found(reader, "water", **{"in": "library", "from": str(n)}) for n in (0, 10, 20)]
    assert [len(each) for each in pages] == [10, 10, 3]
    assert len({address for each in pages for address in each}) == 23
    assert "?q=water&amp;in=library&amp;from=10" in reader.get("/search?q=water&in=library").text
    assert "?q=water&amp;in=library&amp;from=" not in reader.get("/search?q=water&in=library&from=20").text
    assert found(reader, "water", **{"in": "library", "from": "9" * 17}) == []


def test_titles_answer_while_one_types(farm: FlaskClient) -> None:
    farm.set_cookie("lang", "fr")
    assert farm.get("/search/suggest?q=mai").json == [["Maïs", place("Maïs", "fr")]]
    assert ["Goats", place("Goats", "en")] in (farm.get("/search/suggest?q=goa").json or [])


def test_books_take_turns_while_one_types(config: Config, packer: Packer, tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        files = {f"{n}.html": page(f"Water {name} {n}", "-") for n in range(9)}
        put(packer, bind(tmp_path, name, {**files, "index.html": page("Front", "-")}))
    titles = [title for title, _ in portal_of(config, packer).get("/search/suggest?q=wat").json or []]
    assert len(titles) == 7
    assert [title.split()[1] for title in titles[:4]] in (["alpha", "beta"] * 2, ["beta", "alpha"] * 2)


def test_a_page_that_is_called_so_stands_first(config: Config, packer: Packer, tmp_path: Path) -> None:
    files = {f"{n}.html": page(f"Other {n}", "bean " * 50) for n in range(12)}
    files |= {"long.html": page("The bean weevil and others", "bean " * 50), "bean.html": page("Beans", "A plant.")}
    put(packer, bind(tmp_path, "crops", {**files, "index.html": page("Front", "-")}))
    reader = portal_of(config, packer)
    assert [address.rpartition("/")[2] for address in found(reader, "beans")[:2]] == ["bean.html", "long.html"]


def test_a_book_that_is_not_indexed_yet_is_told(config: Config, packer: Packer, farm: FlaskClient) -> None:
    with closing(db.connect(packer.state.database)) as conn:
        book = next(each for each in books.all_of(conn, 1) if each.name == "farm_en")
    assert "can be searched yet" not in farm.get("/search?q=maize").text
    index = book_index.path_of(packer.state, book.sha256)
    index.rename(f"{index}.part")
    assert place("Mbuzi", "sw") in found(farm, "maize")
    assert "Not all books can be searched yet." in farm.get("/search?q=maize").text
    index.write_bytes(random.Random(1).randbytes(5000))
    assert place("Mbuzi", "sw") in found(farm, "maize")
    assert "Not all books can be searched yet." in farm.get("/search?q=maize").text


def test_a_book_that_is_broken_is_told_as_that(config: Config, packer: Packer, farm: FlaskClient) -> None:
    assert "damaged" not in farm.get("/search?q=maize").text + farm.get("/library").text
    break_book(packer.state, "farm_en")
    text = farm.get("/search?q=maize").text
    assert "A book is damaged and was not searched." in text
    assert "can be searched yet" not in text
    text = farm.get("/library").text
    assert text.count("This book is damaged: it can not be searched") == 1


def test_a_text_that_can_not_be_read_is_left_out(packer: Packer, farm: FlaskClient) -> None:
    with closing(db.connect(packer.state.database)) as conn:
        book = next(each for each in books.all_of(conn, 1) if each.name == "farm_en")
    others = {place("Maïs", "fr"), place("Mbuzi", "sw")}
    assert set(found(farm, "maize")) > others
    with closing(sqlite3.connect(book_index.path_of(packer.state, book.sha256))) as conn, conn:
        conn.execute("UPDATE blocks SET bytes = ?", (random.Random(1).randbytes(80),))
    assert set(found(farm, "maize")) == others


def test_nothing_is_read_of_a_book_to_find_its_pages(packer: Packer, farm: FlaskClient) -> None:
    (packer.state.generations / "1/village/farm_en/en/farm_en.zim").unlink()
    assert place("Goats", "en") in found(farm, "maize")
    assert farm.get("/search/suggest?q=goa").json == []


def test_a_question_that_takes_too_long_is_cut_and_told(
    packer: Packer, farm: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(db.connect(packer.state.database)) as conn:
        shelf = books.all_of(conn, 1)
    asked = Asked(words("maize"), 1, NOW.date(), ("en",), member=False)
    assert book_search.find(shelf, packer.state, asked, limit=9, seconds=9).whole
    monkeypatch.setattr("kiosk.store.search.LOOK_EVERY", 1)
    cut = book_search.find(shelf, packer.state, asked, limit=9, seconds=0)
    assert (cut.whole, cut.found) == (False, [])
    monkeypatch.setattr("kiosk.portal.search.BOOKS_SECONDS", 0)
    assert "not all of it was looked at" in farm.get("/search?q=maize").text


def test_others_wait_for_their_turn_and_not_for_ever(packer: Packer, farm: FlaskClient) -> None:
    asked = Asked(words("maize"), 1, NOW.date(), ("en",), member=False)
    for _ in range(book_search.AT_ONCE):
        book_search._turns.acquire()
    try:
        assert not book_search.find([], packer.state, asked, limit=9, seconds=0.05).whole
    finally:
        book_search._turns.release(book_search.AT_ONCE)
    assert book_search.find([], packer.state, asked, limit=9, seconds=0.05).whole
