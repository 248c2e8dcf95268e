"""kiwix-serve with the same books and the index that each brings."""

from __future__ import annotations

import subprocess
import time
import unicodedata
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlencode
from xml.etree import ElementTree

import psutil

from kiosk.host import zim_tools
from kiosk.host.kiwix import PROGRAM
from kiosk.host.processes import answers
from kiosk.packs import shelf
from kiosk.packs.shelf import ShelfBook
from tests.benchmarks.book_search.books import Shelved
from tests.portal.serving import free_port

UP_SECONDS = 30


@dataclass
class Kiwix:
    """One that runs."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def memory_bytes(self) -> int:
        """How much memory it holds now."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def found(self, question: str, language: str, most: int) -> list[str]:
        """Return the addresses (book/path) of the first pages that it finds in all books of a language."""
        query = {
            "pattern": _without_accents(question), "format": "xml",
            "books.filter.lang": zim_tools.ISO_639_3[language], "start": 1, "pageLength": most,
        }  # fmt: skip
        with urllib.request.urlopen(f"{self.url}/search?{urlencode(query)}", timeout=60) as answer:
            told = ElementTree.fromstring(answer.read())
        return [unquote(item.findtext("link", "")).removeprefix("/content").strip("/") for item in told.iter("item")]

    def page(self, question: str, language: str, most: int | None = None) -> None:
        """Ask for its own page of results, with as many as it shows by itself if it is not said."""
        query = {"pattern": _without_accents(question), "books.filter.lang": zim_tools.ISO_639_3[language]}
        if most:
            query |= {"start": "1", "pageLength": str(most)}
        with urllib.request.urlopen(f"{self.url}/search?{urlencode(query)}", timeout=60) as answer:
            answer.read()

    def nothing(self) -> None:
        """Ask for what needs no search."""
        with urllib.request.urlopen(f"{self.url}/catalog/v2/root.xml", timeout=60) as answer:
            answer.read()


def _without_accents(text: str) -> str:
    # Debian 12's forgets to take them off the question, though its indexes have none.
    signs = unicodedata.normalize("NFD", text.lower())
    return " ".join("".join(s if s.isalnum() else " " for s in signs if unicodedata.category(s)[0] != "M").split())


@contextmanager
def served(shelved: list[Shelved], folder: Path) -> Iterator[Kiwix]:
    """Serve the books until the block ends."""
    listed = [
        ShelfBook(
            book.uuid, quote(str(book.whole.absolute())), book.whole.stem, book.whole.stem, "",
            zim_tools.ISO_639_3[book.language], "Debian", book.whole.stat().st_size,
        )
        for book in shelved
    ]  # fmt: skip
    (folder / "library.xml").write_bytes(shelf.to_xml(listed))
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [PROGRAM, "--library", "--address", "127.0.0.1", "--port", str(port), str(folder / "library.xml")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + UP_SECONDS
            while not answers(url):
                assert time.monotonic() < until
                time.sleep(0.05)
            yield Kiwix(url, process)
        finally:
            process.terminate()
