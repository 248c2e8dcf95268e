"""Books of the tests' own making on a kiosk, read through `kiosk serve library` with the real kiwix-serve behind it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kiosk.config import Config, Site
from kiosk.errors import FormatError
from kiosk.host import zim_tools
from kiosk.packs import shelf, zim
from kiosk.portal import kiwix
from kiosk.store import book_index, books, db
from kiosk.store.state import State
from tests.portal.conftest import Packer
from tests.portal.serving import free_port, write_config
from tests.zims import made

COVER = Path(__file__).parents[2] / "content-packs" / "farming-handbook" / "handbook" / "cover.png"
UP_SECONDS = 30
AS_IN_ITS_UNIT = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""What systemd/kiosk-portal.service and kiosk-library.service set."""


@dataclass(frozen=True)
class Bound:
    """A book that was made: its name, bytes and UUID."""

    name: str
    data: bytes
    uuid: str


def bind(folder: Path, name: str, pages: dict[str, bytes], front: str = "index.html") -> Bound:
    """Make a book of files with the real zimwriterfs, and the picture `COVER` of itself."""
    for path, data in pages.items():
        file = folder / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    out = folder / f"{name}.zim"
    labels = zim_tools.BookLabels(name, front, name, "A book of the tests.", "en", "Tests")
    zim_tools.write_book(folder / name, COVER, labels, out)
    return bound(out)


def bound(file: Path) -> Bound:
    """Return a book that is there."""
    data = file.read_bytes()
    header = zim.read_header(io.BytesIO(data), file.name)
    return Bound(file.stem, data, str(header.uuid))


def put(packer: Packer, book: Bound, language: str = "en", subject: str = "reference", item: str = "") -> None:
    """Add a book to a pack, without a cover beside it."""
    attributes = {"subject": subject, "file": f"{book.name}.zim", "uuid": book.uuid}
    title = f"{book.name.capitalize()} in {language}"
    packer.add("book", item or book.name, language, title, attributes, **{f"{book.name}_dot_zim": book.data})


def install(packer: Packer, books: dict[str, Bound], number: int = 1) -> None:
    """Install what was packed, with the list that kiwix-serve reads.

    Args:
        books: by their place below the pack, such as `manual/en/manual.zim`.
    """
    listed = [
        shelf.ShelfBook(book.uuid, f"village/{path}", book.name, book.name, "", "eng", "Tests", len(book.data))
        for path, book in books.items()
    ]
    folder = packer.state.generations / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "library.xml").write_bytes(shelf.to_xml(listed))
    packer.install(number)
    index_books(packer.state, number)


def index_books(state: State, number: int) -> None:
    """Index the books of a generation, as a sync does."""
    with closing(db.connect(state.database)) as conn:
        for book in books.all_of(conn, number):
            with suppress(FormatError):  # many tests are content with bytes that are no book
                book_index.build(books.path_of(state, number, book), book_index.path_of(state, book.sha256))


@contextmanager
def opened(config: Config, folder: Path, *uuids: str, host: str = "localhost") -> Iterator[Config]:
    """Serve the library until the block ends; gives the configuration with its port, once it knows the books.

    Args:
        host: by which browsers reach it.
    """
    port = free_port()
    config = replace(config, library=Site("127.0.0.1", port, f"http://{host}:{port}"))
    path, log = folder / "library.yaml", folder / "library.log"
    write_config(config, path, config.portal.port)
    command = [sys.executable, "-m", "kiosk", "serve", "library", "--config", str(path)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | AS_IN_ITS_UNIT)
    try:
        until = time.monotonic() + UP_SECONDS
        while set(uuids) - set(kiwix.open_books(config.library) or {}) or not _answers(config.library):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield config
    finally:
        process.terminate()
        process.wait(30)


def _answers(site: Site) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://{site.address}:{site.port}/catalog/v2/root.xml", timeout=5):
        return True
    return False


def break_book(state: State, name: str) -> None:
    """Have the kiosk know, from making its index, that a book of the first generation is broken."""
    with closing(db.connect(state.database)) as conn:
        sha256 = next(book.sha256 for book in books.all_of(conn, 1) if book.name == name)
    index, spoiled = book_index.path_of(state, sha256), state.folder / "spoiled.zim"
    index.unlink(missing_ok=True)
    spoiled.write_bytes(made(inside=lambda _number, data: data[:5]).whole())
    with pytest.raises(FormatError):
        book_index.build(spoiled, index)
