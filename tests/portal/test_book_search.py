"""The full text of books: real books in three languages, searched by the real kiwix-serve."""

from __future__ import annotations

import dataclasses
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kiosk.config import Config, Site
from kiosk.host import zim_tools
from kiosk.host.kiwix import PROGRAM
from kiosk.host.processes import answers
from kiosk.packs import shelf
from kiosk.packs.shelf import ShelfBook
from kiosk.portal import book_search, create_portal
from kiosk.portal.book_search import Pages
from tests.host.test_zim_tools import COVER
from tests.portal.conftest import NOW, Packer
from tests.portal.searching import portal_of
from tests.portal.serving import free_port

BOOKS = {
    "en": {"Goats": "Goats eat maize <b>leaves</b> & grass.", "Storing": "Dry the maize well."},
    "fr": {
        "Chèvres": "Notre élevage de chèvres, l’avenir du village.",
        "Maïs": "Séchez bien le maïs, maize en anglais.",
    },
    "sw": {"Mbuzi": "Mbuzi hula majani ya mahindi, maize kwa Kiingereza."},
    "hi": {"बकरी": "बकरी के लिए पानी और हिन्दी में किताब।"},
    "ar": {"ماعز": "تربية الماعز في القَرْية."},
}
UP_SECONDS = 20


@dataclasses.dataclass
class Library:
    """kiwix-serve with the books."""

    site: Site
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("library")
    books = [_book(folder, language, pages) for language, pages in BOOKS.items()]
    books.append(_book_without_index(folder, "en"))
    (folder / "library.xml").write_bytes(shelf.to_xml(books))
    port = free_port()
    with subprocess.Popen([PROGRAM, "--library", "--port", str(port), str(folder / "library.xml")]) as process:
        until = time.monotonic() + UP_SECONDS
        while not answers(f"http://127.0.0.1:{port}/"):
            assert time.monotonic() < until
            time.sleep(0.05)
        yield Library(Site("127.0.0.1", port, "http://library.test:8080"), process)
        process.terminate()


def _book(folder: Path, language: str, pages: dict[str, str]) -> ShelfBook:
    source = folder / language
    source.mkdir()
    links = "".join(f'<a href="{title}.html">{title}</a>' for title in pages)
    for title, text in {**pages, "index": links}.items():
        (source / f"{title}.html").write_text(
            f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title></head><body>{text}</body></html>'
        )
    name = f"farm_{language}"
    labels = zim_tools.BookLabels(name, "index.html", f"Farm {language}", "Farming", language, "Test")
    zim_tools.write_book(source, COVER, labels, folder / f"{name}.zim")
    return _listed(folder, name, language)


def _book_without_index(folder: Path, language: str) -> ShelfBook:
    source = folder / "plain"
    source.mkdir()
    (source / "index.html").write_text(
        "<!doctype html><html><head><title>Plain</title></head><body>maize</body></html>"
    )
    (source / "cover.png").write_bytes(COVER.read_bytes())
    command = [
        zim_tools.PROGRAM, "--withoutFTIndex", "--welcome=index.html", "--illustration=cover.png", "--language=eng",
        "--title=Plain", "--description=Plain", "--creator=Test", "--publisher=Test", "--name=plain",
    ]  # fmt: skip
    subprocess.run([*command, str(source), str(folder / "plain.zim")], check=True, capture_output=True)
    return _listed(folder, "plain", language, searchable=False)


def _listed(folder: Path, name: str, language: str, *, searchable: bool = True) -> ShelfBook:
    data = (folder / f"{name}.zim").read_bytes()
    title = f"Farm {language}"
    return ShelfBook(
        str(uuid.UUID(bytes=data[8:24])), f"{name}.zim", name, title, "", language, "Test", len(data), searchable
    )


def found(pages: Pages) -> list[str]:
    assert pages.whole
    return [page.path for page in pages.found]


def search(library: Library, question: str, *languages: str, limit: int = 10, start: int = 0) -> Pages:
    return book_search.search(library.site, question, languages or ("en", "fr", "sw"), limit, start, 10)


def test_all_languages_are_searched_the_dearest_first(library: Library) -> None:
    pages = search(library, "maize", "sw", "fr", "en")
    assert [page.language for page in pages.found] == ["sw", "fr", "en", "en"]
    assert found(pages)[:2] == ["/farm_sw/Mbuzi.html", "/farm_fr/Ma%C3%AFs.html"]
    assert {page.book for page in pages.found} == {"Farm sw", "Farm fr", "Farm en"}


def test_accents_make_no_difference(library: Library) -> None:
    assert found(search(library, "ELEVAGE chevres")) == found(search(library, "élevage chèvres"))
    for question in ("elevage", "ÉLEVAGE", "chevre", "chèvre", "l’avenir", "l'avenir"):
        assert found(search(library, question)) == ["/farm_fr/Ch%C3%A8vres.html"], question
    assert found(search(library, "maïze")) == found(search(library, "maize"))


def test_words_of_other_scripts_are_found(library: Library) -> None:
    for language, question in (("hi", "किताब"), ("hi", "हिन्दी पानी"), ("ar", "القرية"), ("ar", "القَرْية")):
        assert [page.language for page in search(library, question, language).found] == [language], question


def test_pages_go_on_from_one_language_to_the_next(library: Library) -> None:
    every = found(search(library, "maize"))
    assert len(every) == 4
    assert [path for n in range(4) for path in found(search(library, "maize", limit=1, start=n))] == every
    assert found(search(library, "maize", limit=2, start=1)) == every[1:3]
    assert found(search(library, "maize", start=4)) == found(search(library, "maize", start=10**17)) == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [('maize"', 4), ("NOT maize", 0), ("+maize -goats ~", 1), ("maize)", 4), ("maize OR zzz", 0), ("title:maize", 0)],
)
def test_a_question_is_words_to_the_library(library: Library, question: str, expected: int) -> None:
    assert len(found(search(library, question))) == expected


def test_nothing_found_is_a_whole_answer(library: Library) -> None:
    assert search(library, "nothinglikeit") == search(library, "?") == search(library, "' \u0301") == Pages()


def test_the_page_of_the_search_shows_them(library: Library, config: Config, packer: Packer) -> None:
    for language in ("en", "fr", "sw"):
        attributes = {"subject": "farming", "file": f"farm_{language}.zim", "uuid": "0" * 36, "searchable": True}
        packer.add("book", "farm", language, f"Farm {language}", attributes, **{f"farm_{language}_dot_zim": b"ZIM"})
    reader = portal_of(dataclasses.replace(config, library=library.site), packer)
    reader.set_cookie("lang", "fr")
    text = reader.get("/search?q=maize").text
    assert text.index("/farm_fr/Ma%C3%AFs.html") < text.index("/farm_en/") < text.index("/farm_sw/")
    assert 'href="http://library.test:8080/farm_sw/Mbuzi.html" lang="sw" hreflang="sw"' in text
    assert "<mark>maize</mark> en anglais" in text
    assert "<b>" not in text
    text = reader.get("/search?q=nothinglikeit").text
    assert "could not be searched" not in text


def test_a_library_that_hangs_is_told_in_time(
    library: Library,
    config: Config,
    packer: Packer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kiosk.portal.search.BOOKS_SECONDS", 0.3)
    attributes = {"subject": "farming", "file": "farm_en.zim", "uuid": "0" * 36, "searchable": True}
    packer.add("book", "farm", "en", "Farm", attributes, farm_en_dot_zim=b"ZIM")
    portal_of(config, packer)
    reader = create_portal(dataclasses.replace(config, library=library.site), lambda: NOW).test_client()
    library.process.send_signal(signal.SIGSTOP)
    while psutil.Process(library.process.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)  # a signal takes its time: it may still answer
    try:
        text = reader.get("/search?q=farm").text
    finally:
        library.process.send_signal(signal.SIGCONT)
    assert "The books could not be searched right now." in text
    assert 'href="/library#farm_en"' in text, "what the kiosk itself knows is shown all the same"


def test_a_library_that_is_not_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        site = Site("127.0.0.1", taken.getsockname()[1], "http://library.test")
        assert book_search.search(site, "maize", ("en",), 5, 0, 1) == Pages(whole=False)
