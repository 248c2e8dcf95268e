"""Documents of the current generation, that packs brought."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.packs.collection import Entry
from kiosk.store import collections, items
from kiosk.store.db import Connection
from kiosk.store.items import Item


@dataclass(frozen=True)
class Document:
    """A paper in one language; `files` are its forms, such as PDF and ODT."""

    item: Item
    category: str
    files: tuple[Entry, ...]


def all_of(conn: Connection, generation: int) -> list[Document]:
    """Return the documents of a generation in all languages."""
    return [of_item(conn, item) for item in items.of_kind(conn, generation, "document")]


def of_item(conn: Connection, item: Item) -> Document:
    """Return the document that an item of that kind is."""
    # What every phone opens comes first; who wants to change a paper looks further.
    files = sorted(collections.entries(conn, item.collection), key=lambda e: (e.type != "application/pdf", e.path))
    return Document(item, item.attributes["category"], tuple(files))
