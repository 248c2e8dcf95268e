"""Items of a generation, as rows: what courses, documents, notices and books have in common.

Owns: reading the table `items`. The modules of the four kinds turn these rows into what they mean.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.errors import NotFound
from kiosk.packs.collection import Entry
from kiosk.store import collections
from kiosk.store.db import Connection, Row
from kiosk.store.state import State


@dataclass(frozen=True)
class Item:
    """One thing a pack delivers, in one language. `attributes` is what its kind adds; see docs/formats/pack.md.
    `collection` is the number under which its entries are kept, `kind` one of those in packs/kinds.py.
    """

    pack: str
    item: str
    language: str
    title: str
    summary: str
    licence: str
    size_bytes: int
    attributes: dict[str, Any]
    collection: int
    kind: str


def of_kind(conn: Connection, generation: int, kind: str) -> list[Item]:
    """Return all items of a kind in a generation, by pack, item and language."""
    rows = conn.execute(
        "SELECT * FROM items WHERE generation = ? AND kind = ? ORDER BY pack, item, language", (generation, kind)
    )
    return [_item(row) for row in rows]


def get(conn: Connection, generation: int, pack: str, item: str, language: str, kind: str | None = None) -> Item:
    """Return one item; with `kind`, only if it is of that kind.

    Raises:
        NotFound: the generation has no such item.
    """
    row = conn.execute(
        "SELECT * FROM items WHERE generation = ? AND pack = ? AND item = ? AND language = ?",
        (generation, pack, item, language),
    ).fetchone()
    if row is None or (kind is not None and row["kind"] != kind):
        raise NotFound(f"there is no {pack}/{item} in {language}")
    return _item(row)


def languages(conn: Connection, generation: int) -> list[str]:
    """Return the languages in which a generation has something to read, that with the most items first."""
    rows = conn.execute(
        "SELECT language FROM items WHERE generation = ? GROUP BY language ORDER BY count(*) DESC, language",
        (generation,),
    )
    return [row["language"] for row in rows]


def entry(conn: Connection, item: Item, path: str) -> Entry:
    """Return the entry of an item at `path`.

    Raises:
        NotFound: the item has no such entry.
    """
    found = collections.entry(conn, item.collection, path)
    if found is None:
        raise NotFound(f"{item.pack}/{item.item} has no file {path}")
    return found


def folder(state: State, generation: int, item: Item) -> Path:
    """Return the folder that holds an item's entries, each at its path."""
    return state.generations / str(generation) / item.pack / item.item / item.language


def _item(row: Row) -> Item:
    return Item(
        pack=row["pack"],
        item=row["item"],
        language=row["language"],
        title=row["title"],
        summary=row["summary"],
        licence=row["licence"],
        size_bytes=row["size_bytes"],
        attributes=json.loads(row["attributes"]),
        collection=row["collection"],
        kind=row["kind"],
    )
