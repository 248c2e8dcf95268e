"""The texts of a book's pages, kept in its index (store/book_index.py), so that what was found is shown without
unpacking the book: its clusters are a hundred times as large as a page.

Owns: the tables `blocks`, `texts` and `dictionary`. Path, title and text of all pages make one row of bytes, each of
them ended by a zero; it is cut into short blocks, each compressed by itself, with a dictionary that is made of the
first of them. True always: what is unpacked for a page is bounded, whatever the card gives back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.errors import StoreError
from kiosk.packs.route import zstd
from kiosk.store.db import Connection

SCHEMA = """\
CREATE TABLE dictionary (bytes BLOB NOT NULL) STRICT;
CREATE TABLE blocks (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE texts (page INTEGER PRIMARY KEY, place INTEGER NOT NULL) STRICT
"""
# A place is the number of a block times BLOCK_BYTES, and how far into the block.
BLOCK_BYTES = 4096
LEVEL = 9
MOST_KEPT = 200_000
"""Characters of a page that are kept."""
SAMPLE_BYTES, LEARNT_BYTES = 1 << 20, 1024
"""Of how many bytes the dictionary is made, in pieces of what length."""
MOST_DICTIONARY_BYTES, DICTIONARY_PART = 64 * 1024, 16
"""The dictionary has so much at most, and one byte for so many that it is made of."""
MOST_BLOCKS = 4 * MOST_KEPT // BLOCK_BYTES + 16
FIELDS, END = 3, b"\0"
"""How many a page has, and what ends each: paths in a ZIM end at it, and titles and texts are without control signs."""


@dataclass(frozen=True, slots=True)
class Text:
    """A page: its path as kiwix-serve has it, what it is called, and its words in single spaces."""

    path: str
    title: str
    body: str


class Writer:
    """Takes the texts of pages into an index, within one transaction; `close` before that ends."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._waiting = bytearray()
        self._next = 1 + int(conn.execute("SELECT ifnull(max(number), -1) FROM blocks").fetchone()[0])
        self._dictionary = _Dictionary.of(conn)

    def add(self, page: int, text: Text) -> None:
        """Keep the text of the page of this number."""
        place = self._next * BLOCK_BYTES + len(self._waiting)
        self._conn.execute("INSERT INTO texts VALUES (?, ?)", (page, place))
        for field in (text.path, text.title, text.body[:MOST_KEPT]):
            self._waiting += field.replace("\0", " ").encode(errors="replace") + END
        if self._dictionary or len(self._waiting) >= SAMPLE_BYTES:
            self._write(len(self._waiting) // BLOCK_BYTES * BLOCK_BYTES)

    def close(self) -> None:
        """Write what was taken so far."""
        if self._waiting:
            self._write(len(self._waiting))

    def _write(self, size_bytes: int) -> None:
        if self._dictionary is None:
            data = _learnt(bytes(self._waiting[:SAMPLE_BYTES]))
            self._conn.execute("INSERT INTO dictionary VALUES (?)", (data,))
            self._dictionary = _Dictionary(data)
        for start in range(0, size_bytes, BLOCK_BYTES):
            block = self._waiting[start : min(start + BLOCK_BYTES, size_bytes)]
            row = (self._next, self._dictionary.packed(bytes(block)))
            self._conn.execute("INSERT INTO blocks VALUES (?, ?)", row)
            self._next += 1
        del self._waiting[:size_bytes]


class Reader:
    """Gives the texts of an index, as long as its connection is open."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._dictionary: _Dictionary | None = None

    def text(self, page: int) -> Text | None:
        """Return the text of a page, None if it has none.

        Raises:
            StoreError: the card gave it back broken.
            sqlite3.Error: likewise.
        """
        found = self._conn.execute("SELECT place FROM texts WHERE page = ?", (page,)).fetchone()
        if found is None:
            return None
        try:
            return Text(*self._fields(*divmod(found[0], BLOCK_BYTES)))
        except (zstd.ZstdError, ValueError, TypeError) as error:
            message = f"a text in the index of a book can not be read: {error}"
            raise StoreError(message, "is the card in order?") from error

    def _fields(self, number: int, start: int) -> list[str]:
        data = bytearray()
        for block in self._blocks(number):
            data += block[start:]
            start = 0
            if data.count(END) >= FIELDS:
                break
        return [each.decode(errors="replace") for each in data.split(END, FIELDS)[:FIELDS]]

    def _blocks(self, number: int) -> Iterator[bytes]:
        self._dictionary = self._dictionary or _Dictionary.of(self._conn) or _Dictionary(b"")
        rows = self._conn.execute(
            "SELECT bytes FROM blocks WHERE number >= ? ORDER BY number LIMIT ?", (number, MOST_BLOCKS)
        )
        for (packed,) in rows:
            yield self._dictionary.unpacked(packed)


class _Dictionary:
    # What all blocks of a book begin from; of no bytes in a book that is too small for one.

    def __init__(self, data: bytes) -> None:
        self._known = zstd.ZstdDict(data) if data else None

    @classmethod
    def of(cls, conn: Connection) -> _Dictionary | None:
        found = conn.execute("SELECT bytes FROM dictionary").fetchone()
        return None if found is None else cls(found[0])

    def packed(self, block: bytes) -> bytes:
        return zstd.compress(block, LEVEL, zstd_dict=self._known and self._known.as_digested_dict)

    def unpacked(self, block: bytes) -> bytes:
        return zstd.ZstdDecompressor(zstd_dict=self._known).decompress(block, BLOCK_BYTES)


def _learnt(sample: bytes) -> bytes:
    pieces = [sample[start : start + LEARNT_BYTES] for start in range(0, len(sample), LEARNT_BYTES)]
    try:
        return zstd.train_dict(pieces, min(MOST_DICTIONARY_BYTES, len(sample) // DICTIONARY_PART)).dict_content
    except (zstd.ZstdError, ValueError):  # too little, or too much alike
        return b""
