"""The index of a book: whole or not there, whatever cuts its making, and with the words of pages alone."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.errors import FormatError, NoSpace
from kiosk.packs.zim_reader import Zim
from kiosk.store import book_index, book_search, open_indexes, page_text
from kiosk.store.book_search import Step
from kiosk.store.book_texts import Reader, Text
from kiosk.store.search_words import words
from tests.zims import LZMA, PLAIN, ZSTD, Page, made

PAGES = 40
BUILDER = """\
import sys
from pathlib import Path
from kiosk.store import book_index, common_words
def told(module, name):
    inner = getattr(module, name)
    def wrapped(*arguments, **named):
        print(name, flush=True)
        return inner(*arguments, **named)
    setattr(module, name, wrapped)
for name in ("_add_some", "_add_titles", "_merge", "_pack"):
    told(book_index, name)
told(common_words, "_packed")
book_index.BATCH_ENTRIES, book_index.MERGED_PAGES = 3, 1
common_words.WORDS_AT_ONCE = 1
book_index.build(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def bound(folder: Path, *pages: Page, codings: tuple[int, ...] = (ZSTD,), name: str = "book") -> Path:
    """Write a book with these pages, all of which are looked for by title, and return its file."""
    ordered = tuple(sorted(pages, key=lambda page: (page.namespace, page.path)))
    numbers = [n for n, page in enumerate(ordered) if page.namespace in "AC" and page.redirect is None]
    listing = Page("X", "listing/titleOrdered/v1", struct.pack(f"<{len(numbers)}I", *numbers), "application/x-list")
    file = folder / f"{name}.zim"
    file.write_bytes(made((*ordered, listing), codings, main=0).whole())
    return file


def html(path: str, text: str, title: str = "", **more: int) -> Page:
    return Page("C", path, f"<title>{title}</title><p>{text}".encode(), "text/html", title, **more)


def many(folder: Path) -> Path:
    pages = [html(f"{n:03}.html", f"maize number{n} " * 50, f"Field {n}", cluster=n % 3) for n in range(PAGES)]
    return bound(folder, *pages, codings=(ZSTD, PLAIN, LZMA))


def found(book: Path, index: Path, question: str, language: str = "en") -> list[str]:
    """Return the paths of the pages that a book has on a question."""
    with open_indexes.opened(index) as opened, book.open("rb") as file:
        assert opened
        zim, pages = Zim(file, book.name), dict[int, None]()
        for step in Step:
            pages |= {hit.page: None for hit in book_search.pages(opened.conn, step, words(question), language, 100)}
        return [zim.entry(page).path for page in pages]


def content(index: Path) -> list[tuple[object, ...]]:
    """Return all that is in an index, however it is laid out."""
    with closing(sqlite3.connect(index)) as conn:
        rows: list[tuple[object, ...]] = []
        for table in ("words", "titles"):
            conn.execute(f"CREATE VIRTUAL TABLE temp.in_{table} USING fts5vocab (main, {table}, instance)")
            rows += conn.execute(f"SELECT '{table}', term, doc, col, offset FROM temp.in_{table} ORDER BY 2, 3, 4, 5")
        texts, numbers = Reader(conn), [n for (n,) in conn.execute("SELECT page FROM texts ORDER BY page").fetchall()]
        rows += [(number, texts.text(number)) for number in numbers]
        return [
            *rows,
            *conn.execute("SELECT * FROM names ORDER BY place"),
            *conn.execute("SELECT * FROM common ORDER BY word"),
        ]


def test_pages_are_found_and_nothing_else(tmp_path: Path) -> None:
    book = bound(
        tmp_path,
        html("a.html", "Goats eat <b>leaves</b>.<script>alert()</script>", "Goats"),
        html("b.html", "Sheep<span>s</span> graze.", "Sheep"),
        Page("C", "goats.css", b"leaves", "text/css"),
        Page("M", "Title", b"leaves", "text/html"),
        Page("C", "x.html", b"<p>leaves", "text/html; charset=utf-8", "X"),
    )
    index = tmp_path / "index"
    book_index.build(book, index)
    assert sorted(found(book, index, "leaves")) == ["a.html", "x.html"]
    assert found(book, index, "goat eat") == ["a.html"]
    assert found(book, index, "alert") == found(book, index, "zebra") == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("index")] == ["index"]
    with closing(sqlite3.connect(index)) as conn:
        assert Reader(conn).text(0) == Text("a.html", "Goats", "Goats eat leaves.")


def test_a_page_of_an_old_book_is_called_by_its_namespace_too(tmp_path: Path) -> None:
    book, index = tmp_path / "old.zim", tmp_path / "index"
    page = Page("A", "a.html", b"<title>Goats</title>Goats eat.", "text/html", "")
    book.write_bytes(made((page,), (ZSTD,), version=(5, 0), main=0).whole())
    book_index.build(book, index)
    with closing(sqlite3.connect(index)) as conn:
        assert Reader(conn).text(0) == Text("A/a.html", "Goats", "Goats eat.")


def test_names_stand_for_their_pages_and_the_shortest_come_first(tmp_path: Path) -> None:
    book = bound(
        tmp_path,
        html("a.html", "corn corn corn", "Maize weevils and other pests"),
        html("b.html", "a plant", "Maize"),
        Page("C", "c", redirect=1, title="Corn"),
        Page("C", "d", redirect=4, title="Corn of nowhere"),
        Page("C", "e", redirect=3, title="Corn in circles"),
        Page("C", "f.png", b"", "image/png"),
        Page("C", "g", redirect=5, title="Corn as a picture"),
    )
    index = tmp_path / "index"
    book_index.build(book, index)
    assert found(book, index, "maize") == ["b.html", "a.html"]
    assert found(book, index, "corn") == ["b.html", "a.html"]
    with open_indexes.opened(index) as opened:
        assert opened
        assert book_search.names(opened.conn, words("co"), 9) == [2]
        assert book_search.names(opened.conn, words("mai"), 9) == [1, 0]
        assert book_search.names(opened.conn, words("mai"), 1) == [1]


def test_words_are_found_in_other_forms_and_without_those_that_are_everywhere(tmp_path: Path) -> None:
    pages = [html(f"{n:03}.html", "how to do the things", f"Page {n}") for n in range(30)]
    book = bound(tmp_path, *pages, html("z.html", "the weeding of fields", "Weeds"))
    index = tmp_path / "index"
    book_index.build(book, index)
    assert found(book, index, "weeding fields") == ["z.html"]
    assert found(book, index, "weeds field") == ["z.html"]
    assert found(book, index, "how to weed the field") == ["z.html"]
    assert len(found(book, index, "how to do things")) == 30


@pytest.mark.parametrize(
    ("step", "times"),
    [("_add_some", 1), ("_add_some", 2), ("_add_some", 9), ("_add_titles", 1), ("_merge", 1), ("_merge", 2),
     ("_packed", 1), ("_packed", 2), ("_pack", 1)],
)  # fmt: skip
def test_making_it_goes_on_where_it_was_killed(tmp_path: Path, step: str, times: int) -> None:
    book, index, whole = many(tmp_path), tmp_path / "index", tmp_path / "whole"
    book_index.build(book, whole)
    command = [sys.executable, "-c", BUILDER, str(book), str(index)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as builder:
        assert builder.stdout
        for _ in range(times):
            while (line := builder.stdout.readline().strip()) != step:
                assert line
        os.kill(builder.pid, signal.SIGKILL)
    if not index.exists():  # it may have been quicker than the signal
        with open_indexes.opened(index) as opened:
            assert opened is None
    book_index.build(book, index)
    assert content(index) == content(whole)
    assert len(found(book, index, "maize")) == PAGES


def test_what_was_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book, index = many(tmp_path), tmp_path / "index"
    monkeypatch.setattr(book_index, "BATCH_ENTRIES", 7)
    seen: list[str] = []
    plain = page_text.plain

    def counted(page: str) -> str:
        seen.append(page)
        if len(seen) == 20:
            raise NoSpace("now")
        return plain(page)

    monkeypatch.setattr(page_text, "plain", counted)
    with pytest.raises(NoSpace):
        book_index.build(book, index)
    book_index.build(book, index)
    assert len(seen) == 20 + PAGES - 14
    assert len(found(book, index, "maize")) == PAGES
    book_index.build(book, index)
    assert len(seen) == 20 + PAGES - 14


def test_a_full_card_leaves_no_half_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book, index = many(tmp_path), tmp_path / "index"
    monkeypatch.setattr(book_index, "PAGE_BYTES", 1024)  # so that an empty index has no room for these words
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(NoSpace):
        book_index.build(book, index, spare_bytes=free * 2)
    assert not index.exists()
    opened = book_index._draft

    def small(path: Path) -> sqlite3.Connection:
        conn = opened(path)
        conn.execute(f"PRAGMA max_page_count = {conn.execute('PRAGMA page_count').fetchone()[0]}")
        return conn

    monkeypatch.setattr(book_index, "_draft", small)
    with pytest.raises(NoSpace):
        book_index.build(book, index)
    assert not index.exists()
    monkeypatch.undo()
    book_index.build(book, index)
    assert len(found(book, index, "maize")) == PAGES


def test_a_broken_book_is_refused_once_and_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [html(f"{n}.html", "maize", cluster=n) for n in range(3)]
    book, index = bound(tmp_path, *pages, codings=(ZSTD,) * 3), tmp_path / "index"
    data = bytearray(book.read_bytes())
    book.write_bytes(data.replace(b"(\xb5/\xfd", b"(\xb5/\xfe"))
    with pytest.raises(FormatError) as first:
        book_index.build(book, index)
    monkeypatch.setattr(book_index, "_make", None)
    with pytest.raises(FormatError) as again:
        book_index.build(book, index)
    assert str(again.value) == str(first.value)
    assert not index.exists()


def test_strange_pages(tmp_path: Path) -> None:
    long = "w" * 300_000
    book = bound(
        tmp_path,
        html("a.html", long),
        html("b.html", "hidden\u200bword so\u00adft \u202eturned\u202c"),
        html("c.html", "far " * 200_000 + "away"),
        Page("C", "d.html", b"\xff\xfe\x00", "text/html", "\u0301"),
        html("e.html", ""),
        html("f.html", "&#" + "9" * 5000 + "; number"),
        html("g.html", "<div>" * 100_000 + "deep"),
    )
    index = tmp_path / "index"
    book_index.build(book, index)
    assert found(book, index, "w" * 200) == ["a.html"]
    assert found(book, index, "hiddenword soft turned") == ["b.html"]
    assert found(book, index, "far") == ["c.html"]
    assert found(book, index, "away") == []
    assert found(book, index, "number") == ["f.html"]
    assert found(book, index, "deep") == ["g.html"]


def test_run_as_a_program(tmp_path: Path) -> None:
    book, index = many(tmp_path), tmp_path / "index"
    command = [sys.executable, "-m", "kiosk.store.book_index", str(book), str(index), "0"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert len(found(book, index, "maize")) == PAGES
    book.write_bytes(b"no book")
    index.unlink()
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "this is not a ZIM book" in ended.stderr
