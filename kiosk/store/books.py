"""Books of the current generation: what stands on the library's shelf."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.packs.kinds import BOOK_COVER, LAID_OUT
from kiosk.store import collections, items
from kiosk.store.db import Connection
from kiosk.store.items import Item

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
    size_bytes: int
    has_cover: bool


def all_of(conn: Connection, generation: int) -> list[Book]:
    """Return the books of a generation in all languages."""
    return [_book(conn, item) for item in items.of_kind(conn, generation, "book")]


def name_of(item: Item) -> str:
    """Return how kiwix-serve calls the book that an item is."""
    return str(item.attributes["file"]).removesuffix(".zim")


def searchable_languages(conn: Connection, generation: int) -> list[str]:
    """Return the languages of a generation's books that have a full-text index, by code."""
    found = items.of_kind(conn, generation, "book")
    return sorted({item.language for item in found if item.attributes["searchable"]})


def _book(conn: Connection, item: Item) -> Book:
    file = item.attributes["file"]
    kept = ZIM if LAID_OUT in item.attributes else file
    return Book(
        item=item,
        subject=item.attributes["subject"],
        name=name_of(item),
        file=file,
        size_bytes=items.entry(conn, item, kept).size_bytes,
        has_cover=collections.entry(conn, item.collection, BOOK_COVER) is not None,
    )
