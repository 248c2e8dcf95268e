"""Books of the current generation: what stands on the library's shelf."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kiosk.packs.kinds import BOOK, BOOK_COVER, LAID_OUT
from kiosk.store import collections, items
from kiosk.store.db import Connection
from kiosk.store.items import Item
from kiosk.store.state import State

ZIM, LISTING = "book.zim", "book.entries"
"""What a book is installed as that came entry by entry, whatever its file is called: the ZIM, and the file that has the
hash and size of each entry (packs/book.py).
"""


@dataclass(frozen=True)
class Book:
    """A ZIM book. `name` is how kiwix-serve calls it in its URLs (the file's name without .zim)."""

    item: Item
    subject: str
    name: str
    file: str
    sha256: str
    size_bytes: int
    has_cover: bool


def all_of(conn: Connection, generation: int) -> list[Book]:
    """Return the books of a generation in all languages."""
    return [_book(conn, item) for item in items.of_kind(conn, generation, BOOK)]


def path_of(state: State, generation: int, book: Book) -> Path:
    """Return where the file of a book lies."""
    return items.folder(state, generation, book.item) / book.file


def name_of(item: Item) -> str:
    """Return how kiwix-serve calls the book that an item is."""
    return str(item.attributes["file"]).removesuffix(".zim")


def _book(conn: Connection, item: Item) -> Book:
    file = item.attributes["file"]
    entry = items.entry(conn, item, ZIM if LAID_OUT in item.attributes else file)
    return Book(
        item=item,
        subject=item.attributes["subject"],
        name=name_of(item),
        file=file,
        sha256=entry.sha256,
        size_bytes=entry.size_bytes,
        has_cover=collections.entry(conn, item.collection, BOOK_COVER) is not None,
    )
