"""What a pack is made of whose book was brought by hand: that book's entries, and the rest out of segments.

True always: a book counts only while its bytes hash to what was signed; the rest comes as every segment does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from kiosk.errors import FormatError
from kiosk.packs import book
from kiosk.packs.blobs import file_sha256
from kiosk.packs.collection import Entry, fault
from kiosk.packs.head import Head
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item, Manifest
from kiosk.packs.zim_entries import ZimEntry
from kiosk.packs.zim_reader import Zim
from kiosk.sync import adoption
from kiosk.sync.fetch import Fetcher
from kiosk.sync.repair import TooDamaged
from kiosk.sync.segments import Segments


def check(path: Path, item: Item) -> None:
    """Make sure that the ZIM of a book is the one that was signed; one that is not goes. Raises TooDamaged."""
    if file_sha256(path) != item.installed_as:
        path.unlink(missing_ok=True)
        told = f"{item.id} ({item.language}): the book that was brought is damaged"
        raise TooDamaged(told, "the card may be failing: have a new one at hand, and bring the book again")


def entries_of(path: Path, item: Item) -> Iterator[Entry]:
    """Yield the entries of a book that was brought and checked, in no particular order."""
    with path.open("rb") as file:
        yield from (entry for _, entry in listed(Zim(file, path.name), item, path.name))


def listed(source: Zim, item: Item, name: str) -> Iterator[tuple[int, Entry]]:
    """Yield the number in the file, and the entry, of all content of a ZIM that may be an item's book.

    Args:
        source: the ZIM, which may be anyone's.
        item: the book as it was signed.
        name: what to call the file in messages.

    Raises:
        FormatError: it is broken, or holds more than the item, or what no book may have.
    """
    is_front = bytearray(len(source))
    for number in source.front():
        is_front[number] = 1
    left, left_bytes = item.entries, item.size_bytes
    for at, media_type, size, pieces in _contents(source):
        path = book.path(at.namespace, at.path)
        if book.is_left_out(path):
            continue
        kind = book.kind(media_type, front=bool(is_front[at.number]))
        if wrong := fault(path, kind, at.title, size, in_book=True):
            raise FormatError(f"{name}: {wrong}", adoption.RIGHT_EDITION)
        left, left_bytes = left - 1, left_bytes - size
        if left < 0 or left_bytes < 0:
            raise FormatError(
                f"{name}: it holds more than the book that the federation published", adoption.RIGHT_EDITION
            )
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        yield at.number, Entry(path, kind, at.title, size, digest.hexdigest())


def _contents(source: Zim) -> Iterator[tuple[ZimEntry, str | None, int, Iterable[bytes]]]:
    for each in source.entries():
        if each.redirect is not None:
            data = target(source, each.redirect)
            yield each, None, len(data), [data]
    for found in source.by_cluster():
        yield found.entry, found.entry.type, found.size_bytes, found.pieces


def target(source: Zim, number: int) -> bytes:
    """Return the bytes of a redirect to the entry of a number: the path of that."""
    found = source.entry(number)
    return book.path(found.namespace, found.path).encode()


class Rest:
    """The items of a pack that were not brought, out of their segments; an origin of the books among them.

    The entries of a book come by type, its segments by path: each segment is unpacked once for each type in it.
    """

    def __init__(self, fetcher: Fetcher, head: Head, manifest: Manifest) -> None:
        self._fetcher, self._head, self._manifest = fetcher, head, manifest
        self._segments: Segments | None = None
        self._last: tuple[int, int] | None = None
        self._held: dict[str, bytes] = {}

    def entries(self, books: Collection[int]) -> Iterator[tuple[Placed, bytes]]:
        """Yield all entries but media of the items that are not among `books`. Raises as `Segments.unknown`."""
        for number, item in enumerate(self._manifest.in_order):
            if number in books or item.entries == len(item.media):
                continue
            for place in range(len(self._packed.index[number])):
                for entry, content in self._packed.unknown(self._packed.index[number][place], item):
                    yield Placed(number, entry, place if item.is_laid_out else None), content

    def bytes_of(self, placed: Placed) -> bytes:
        """Return the bytes of an entry of a book; its source is the number of its segment."""
        assert placed.source is not None  # noqa: S101
        if self._last != (at := (placed.item, placed.source)):
            packed, item = self._packed.index[placed.item][placed.source], self._manifest.in_order[placed.item]
            self._held = {entry.path: content for entry, content in self._packed.unknown(packed, item)}
            self._last = at
        if (found := self._held.get(placed.entry.path)) is None:
            raise FormatError(f"{self._head.pack}: {placed.entry.path} is not in its segment")
        return found

    @property
    def _packed(self) -> Segments:
        if self._segments is None:
            self._segments = Segments(self._fetcher, self._head, len(self._manifest.items))
        return self._segments
