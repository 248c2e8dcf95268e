"""The listing of a pack that is being staged: too long to be held in memory, of no use after the sync.

Owns: a private database on the state's own card (another place may be memory, or too small), without a name, so that it
goes when it is closed and in a power cut; nothing else ever waits for it. True always: no two paths of an item in it
clash on a card that ignores case, but for those of books, which are no files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kiosk.errors import FormatError, NoSpace
from kiosk.packs import names
from kiosk.packs.collection import Entry
from kiosk.packs.listing import Placed
from kiosk.store.db import Connection, Row

TABLE = """\
CREATE TABLE staged (
    item INTEGER NOT NULL, path TEXT NOT NULL, folded TEXT, type TEXT NOT NULL, title TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, sha256 BLOB NOT NULL, source INTEGER,
    PRIMARY KEY (item, path), UNIQUE (item, folded)
) STRICT, WITHOUT ROWID
"""
NESTED = """\
SELECT path FROM staged outside WHERE EXISTS (
    SELECT 1 FROM staged inside WHERE inside.item = outside.item
        AND inside.folded >= outside.folded || '/' AND inside.folded < outside.folded || '0'
) LIMIT 1
"""
"""A file whose path is a folder of another: '0' is the sign after '/'."""
CACHE_KB = 512
"""What is staged comes in the order of its paths, or nearly: little is looked at twice."""
REMEDY = "make room and sync again"


@contextmanager
def opened(folder: Path) -> Iterator[Connection]:
    """Yield an empty listing; its file is made in `folder` and has no name from then on."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "listing"
    path.unlink(missing_ok=True)  # of a sync that was cut before the name was gone
    with closing(_connected(path)) as conn:
        try:
            conn.execute("PRAGMA journal_mode = OFF")  # whatever goes wrong, all of it is thrown away
            conn.execute("PRAGMA synchronous = OFF")
            conn.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            conn.execute(TABLE)
            path.unlink()
            conn.execute("BEGIN EXCLUSIVE")
            yield conn
        except sqlite3.OperationalError as error:
            raise NoSpace(f"is the card full? The listing of a pack can not be written: {error}", REMEDY) from error


def _connected(path: Path) -> Connection:
    try:
        conn = sqlite3.connect(path, isolation_level=None)
    except sqlite3.OperationalError as error:
        # SQLite says of a card that is full as of one that fails that the file can not be opened.
        raise NoSpace(f"{path}: is the card full? The listing of a pack can not be made: {error}", REMEDY) from error
    conn.row_factory = sqlite3.Row
    return conn


def put(conn: Connection, listed: Iterable[Placed], name: str, books: frozenset[int] = frozenset()) -> None:
    """Add entries; those whose bytes are still to come have "" for a hash.

    Args:
        conn: the listing.
        listed: the entries.
        name: what the pack is called.
        books: the numbers of the items whose paths are no files.

    Raises:
        FormatError: two paths of an item clash.
    """
    rows = (
        (p.item, p.entry.path, None if p.item in books else names.folded(p.entry.path), p.entry.type, p.entry.title,
         p.entry.size_bytes, bytes.fromhex(p.entry.sha256), p.source)
        for p in listed
    )  # fmt: skip
    try:
        conn.executemany("INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    except sqlite3.IntegrityError as error:
        raise FormatError(f"{name}: two paths are the same on a card that ignores case") from error


def check(conn: Connection, name: str) -> None:
    """Make sure that no path is a folder of another. Raises FormatError."""
    if (row := conn.execute(NESTED).fetchone()) is not None:
        raise FormatError(f"{name}: {row['path']} is a file and a folder")


def arrived(conn: Connection, placed: Placed, sha256: str) -> None:
    """Note the hash of an entry whose bytes have come ("" when they turned out to be missing)."""
    found = (bytes.fromhex(sha256), *placed.place)
    conn.execute("UPDATE staged SET sha256 = ? WHERE item = ? AND path = ?", found)


def waiting(conn: Connection) -> list[Placed]:
    """Return the entries whose bytes are still to come, in the order of a patch's targets."""
    return [_placed(row) for row in conn.execute("SELECT * FROM staged WHERE sha256 = x'' ORDER BY type, path, item")]


def of_item(conn: Connection, item: int) -> Iterator[Entry]:
    """Yield the entries of an item by path."""
    rows = conn.execute("SELECT * FROM staged WHERE item = ? ORDER BY path", (item,))
    return (_placed(row).entry for row in rows)


def in_order(conn: Connection, item: int) -> Iterator[Placed]:
    """Yield the entries of a book in the order of its clusters; what `arrived` notes meanwhile does not move them."""
    # Paths are sorted alone: whole rows would take as much room on the card again as the listing.
    for row in conn.execute("SELECT path FROM staged WHERE item = ? ORDER BY type, path", (item,)):
        yield _placed(conn.execute("SELECT * FROM staged WHERE item = ? AND path = ?", (item, row["path"])).fetchone())


def all_of(conn: Connection) -> Iterator[Placed]:
    """Yield all entries, by item and path."""
    return (_placed(row) for row in conn.execute("SELECT * FROM staged ORDER BY item, path"))


def has(conn: Connection, item: int, path: str) -> bool:
    """Tell whether an item has an entry at a path."""
    row = conn.execute("SELECT 1 FROM staged WHERE item = ? AND path = ?", (item, path)).fetchone()
    return row is not None


def _placed(row: Row) -> Placed:
    entry = Entry(row["path"], row["type"], row["title"], row["size_bytes"], row["sha256"].hex())
    return Placed(row["item"], entry, row["source"])
