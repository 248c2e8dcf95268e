"""Collections: what an item is installed as, kept once however many generations have it: the entries that its content
root stands for, or the files of a book that was written from its entries.

Owns: the tables `collections` and `entries`. True always: the rows of a collection are written in one transaction, when
every byte of it was verified, and never changed; those that no generation uses any more are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kiosk.packs.collection import Entry
from kiosk.store.db import Connection, Row


def number(conn: Connection, content_root: str) -> int | None:
    """Return the number of a collection that is here whole, or None; `content_root` is the item's `installed_as`."""
    row = conn.execute("SELECT collection FROM collections WHERE content_root = ?", (content_root,)).fetchone()
    return None if row is None else int(row[0])


def record(conn: Connection, content_root: str, entries: Iterable[Entry]) -> int:
    """Write the rows of a collection, unless it is here already, and return its number."""
    known = number(conn, content_root)
    if known is not None:
        return known
    made = int(conn.execute("INSERT INTO collections (content_root) VALUES (?)", (content_root,)).lastrowid or 0)
    conn.executemany(
        "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
        ((made, e.path, e.type, e.title, e.size_bytes, bytes.fromhex(e.sha256)) for e in entries),
    )
    return made


def entries(conn: Connection, collection: int) -> Iterator[Entry]:
    """Yield the entries of a collection by path."""
    rows = conn.execute("SELECT * FROM entries WHERE collection = ? ORDER BY path", (collection,))
    return (_entry(row) for row in rows)


def entry(conn: Connection, collection: int, path: str) -> Entry | None:
    """Return the entry at a path, or None."""
    row = conn.execute("SELECT * FROM entries WHERE collection = ? AND path = ?", (collection, path)).fetchone()
    return None if row is None else _entry(row)


def beside(conn: Connection, collection: int, start: str) -> Iterator[Entry]:
    """Yield the entries of a collection whose paths begin with `start`, which is not empty, by path."""
    end = start[:-1] + chr(ord(start[-1]) + 1)
    rows = conn.execute(
        "SELECT * FROM entries WHERE collection = ? AND path >= ? AND path < ? ORDER BY path", (collection, start, end)
    )
    return (_entry(row) for row in rows)


def forget_unused(conn: Connection) -> None:
    """Delete the rows of collections that no item of any generation has."""
    conn.execute("DELETE FROM collections WHERE collection NOT IN (SELECT collection FROM items)")


def _entry(row: Row) -> Entry:
    return Entry(row["path"], row["type"], row["title"], row["size_bytes"], row["sha256"].hex())
