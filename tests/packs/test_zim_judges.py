"""What others make of our books: zimcheck, libzim and kiwix-serve; and what we make of theirs."""

from __future__ import annotations

import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from libzim.reader import Archive

from kiosk.packs.zim_reader import Zim
from kiosk.packs.zim_register import ZimLabel
from kiosk.packs.zim_writer import ZimWriter
from tests.making import BOOK_ID
from tests.portal.bookcase import bind
from tests.portal.serving import free_port
from tests.whole_path.running import REAL_BOOKS

OTHERS = ("listing/titleOrdered/", "fulltext/xapian", "title/xapian")
PAGES = {
    "index.html": b"<html><head><title>Maize</title></head><body><a href='deep/b c.html'>more</a></body></html>",
    "deep/b c.html": "<html><head><title>Ünïcode 水</title></head><body><p>Water</body></html>".encode() * 900,
    **{f"p{n:03}.html": b"<html><head><title>Page %d</title></head><body>%d</body></html>" % (n, n) for n in range(60)},
    "style.css": b"p {}",
    "small.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
}


def again(source: Path, out: Path) -> Path:
    """Write a book in its canonical form."""
    with source.open("rb") as file, out.open("w+b") as target:
        book = Zim(file, source.name)
        front = set(book.front())
        entries = [each for each in book.entries() if each.namespace != "X" or not each.path.startswith(OTHERS)]
        contents = sorted(
            (each for each in entries if each.redirect is None),
            key=lambda each: (each.type, each.number in front, each.namespace, each.path),
        )
        types = {each.type for each in contents}
        writer = ZimWriter(target, out.name, book.header.uuid, types, old_namespaces=book.has_old_namespaces)
        for each in contents:
            label = ZimLabel(each.namespace, each.path, each.title, each.number in front)
            writer.add(label, each.type, book.size_bytes(each), book.pieces(each))
        for each in entries:
            if each.redirect is not None:
                to = book.entry(each.redirect)
                label = ZimLabel(each.namespace, each.path, each.title, each.number in front)
                writer.redirect(label, to.namespace, to.path)
        writer.finish((book.main.namespace, book.main.path) if book.main else None)
    return out


Told = dict[tuple[str, str], tuple[str, str, bytes]]


def ours(path: Path) -> Told:
    """Return title, type or target, and bytes of every entry, as we read them."""
    with path.open("rb") as file:
        book, found = Zim(file, path.name), {}
        for each in book.entries():
            if each.namespace != "X":
                to = book.entry(each.redirect) if each.redirect is not None else None
                kind = f"{to.namespace}/{to.path}" if to else each.type
                found[each.namespace, each.path] = (each.title or each.path, kind, book.read(each))
    return found


def check(path: Path) -> None:
    """Hold that zimcheck and libzim are content with a book and read of it what we do."""
    flags = ["-C", "-I", "-M", "-F", "-P", "-R", "-L", "-0", "-U"]
    result = subprocess.run(["zimcheck", *flags, str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    libzims(path)


def libzims(path: Path) -> None:
    archive = Archive(path)
    assert archive.check()
    with path.open("rb") as file:
        book = Zim(file, path.name)
        assert (archive.all_entry_count, archive.uuid) == (len(book), book.header.uuid)
        assert archive.article_count == sum(
            1 for each in map(book.entry, book.front()) if not book.has_old_namespaces or "html" in each.type
        )
        for each in book.entries():
            theirs = archive._get_entry_by_id(each.number)
            path_there = f"{each.namespace}/{each.path}" if book.has_old_namespaces else each.path
            assert (theirs.path, theirs.title) == (path_there, each.title or each.path)
            assert theirs.is_redirect == (each.redirect is not None)
            if each.redirect is None:
                assert (theirs.get_item().mimetype, bytes(theirs.get_item().content)) == (each.type, book.read(each))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A book by zimwriterfs, and ours of the same entries."""
    folder = tmp_path_factory.mktemp("book")
    bind(folder, "book", PAGES)
    return folder / "book.zim", again(folder / "book.zim", folder / "ours.zim")


def test_a_book_of_zimwriterfs_keeps_every_entry(made: tuple[Path, Path]) -> None:
    libzims(made[0])
    check(made[1])
    assert ours(made[0]) == ours(made[1])
    assert len(ours(made[1])) > len(PAGES)


def test_a_canonical_book_written_again_is_the_same(made: tuple[Path, Path], tmp_path: Path) -> None:
    assert again(made[1], tmp_path / "twice.zim").read_bytes() == made[1].read_bytes()


@pytest.mark.skipif(not REAL_BOOKS.is_dir(), reason=f"the real ZIM books are not in {REAL_BOOKS}")
@pytest.mark.parametrize("name", ["small", "wikibooks_be_2017-02", "wikipedia_en_ray_charles"])
def test_real_books_keep_every_entry(name: str, tmp_path: Path) -> None:
    source = REAL_BOOKS / f"{name}.zim"
    out = again(source, tmp_path / "ours.zim")
    libzims(out)
    assert ours(source) == ours(out)
    result = subprocess.run(["zimcheck", "-C", "-I", "-P", "-L", str(out)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    assert again(out, tmp_path / "twice.zim").read_bytes() == out.read_bytes()


@contextmanager
def served(book: Path) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        ["kiwix-serve", "--port", str(port), "--address", "127.0.0.1", str(book)], stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/catalog/v2/root.xml", timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def test_kiwix_serve_lists_suggests_and_serves_every_entry(made: tuple[Path, Path]) -> None:
    with served(made[1]) as url:
        assert b"<title>book</title>" in fetched(f"{url}/catalog/v2/entries")
        assert b"Page 17" in fetched(f"{url}/suggest?content=ours&term=Page%2017")
        count = 0
        for (letter, path), (_, _, data) in ours(made[1]).items():
            if letter in "CM":  # there is no redirect among them
                where = "content" if letter == "C" else "meta"
                assert fetched(f"{url}/raw/ours/{where}/{urllib.parse.quote(path)}") == data
                count += 1
        assert count > len(PAGES)


def test_redirects_are_followed_by_all(tmp_path: Path) -> None:
    path = tmp_path / "ours.zim"
    with path.open("w+b") as file:
        writer = ZimWriter(file, path.name, BOOK_ID, ["text/html", "text/plain"])
        page = b"<html><body>Water</body></html>"
        writer.add(ZimLabel("C", "new.html", "Water", is_front=True), "text/html", len(page), [page])
        for name in ("Creator", "Description", "Language", "Name", "Publisher", "Title"):
            writer.add(ZimLabel("M", name), "text/plain", 3, [b"eng"])
        writer.redirect(ZimLabel("C", "old.html", "Old water", is_front=True), "C", "older.html")
        writer.redirect(ZimLabel("C", "older.html", "Old water"), "C", "new.html")
        writer.redirect(ZimLabel("W", "mainPage"), "C", "old.html")
        writer.finish(("W", "mainPage"))
    libzims(path)
    assert Archive(path).main_entry.get_item().path == "new.html"
    with served(path) as url:
        with urllib.request.urlopen(f"{url}/raw/ours/content/old.html", timeout=30) as answer:
            assert answer.url.endswith("/new.html")
            assert b"Water" in answer.read()  # some kiwix-serve put a bar of theirs into what is not raw
        assert b"old.html" in fetched(f"{url}/suggest?content=ours&term=Old")
