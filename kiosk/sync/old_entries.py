"""The entries of a pack that is installed, and their bytes: from files of their own, or out of the ZIMs of its books.

True always: the bytes of an entry are given out only when its file, or the ZIM that holds it, was found to be what its
hash says; of a ZIM that is not, those entries alone whose own hash fits.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Self

from kiosk.errors import FormatError, TrustError
from kiosk.packs import book
from kiosk.packs.blobs import file_sha256
from kiosk.packs.blocks import Reference
from kiosk.packs.collection import Entry, content_root, period_of
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item, Manifest
from kiosk.packs.zim_clusters import Streams
from kiosk.packs.zim_entries import ZimEntry
from kiosk.packs.zim_layout import MOST_BYTES
from kiosk.packs.zim_reader import Zim
from kiosk.store import collections
from kiosk.store.books import LISTING, ZIM
from kiosk.store.db import Connection
from kiosk.store.state import State
from kiosk.sync.repair import TooDamaged

REMEDY = "the card may be failing: have a new one at hand"
HELD_BYTES = 2 * MOST_BYTES
"""Of decompressed clusters: two of a book that a kiosk wrote."""


@dataclass(frozen=True)
class OldBook:
    """A book that is installed. `first` is the number of its first entry in the pack, `listing` what stands in
    `book.LISTED` of each. `is_as_published`: its ZIM is the very file that its publisher wrote. `is_whole`: its file is
    what it was; else its listing was found to be, and each entry is to be asked for.
    """

    zim: Zim
    listing: BinaryIO
    first: int
    entries: int
    is_as_published: bool
    is_whole: bool

    def entry(self, number: int) -> ZimEntry:
        """Return the entry of a number in the pack; what is no content of the book stands behind the rest."""
        return self.zim.entry(number - self.first)

    def listed(self) -> Iterator[Entry]:
        """Yield its entries by path."""
        self.listing.seek(0)
        for found in self.zim.entries():
            if found.number == self.entries:
                return
            sha256, size, front = book.LISTED.unpack(self.listing.read(book.LISTED.size))
            kind = book.kind(None if found.redirect is not None else found.type, front=front)
            yield Entry(book.path(found.namespace, found.path), kind, found.title, size, sha256.hex())

    def __contains__(self, number: int) -> bool:
        return 0 <= number - self.first < self.entries

    def damaged(self) -> set[int]:
        """Return the numbers in the pack of the entries whose bytes are not what they were; every one is read."""
        if self.is_whole:
            return set()
        places = ((entry.cluster, entry.blob, entry.number) for entry in islice(self.zim.entries(), self.entries))
        return {self.first + number for _, _, number in sorted(places) if not self._is_good(number)}

    def _is_good(self, number: int) -> bool:
        self.listing.seek(number * book.LISTED.size)
        sha256, _, _ = book.LISTED.unpack(self.listing.read(book.LISTED.size))
        try:
            return hashlib.sha256(self.read(self.first + number)).digest() == bytes(sha256)
        except FormatError:
            return False

    def cluster(self, numbers: Sequence[int]) -> bytes | None:
        """Return the cluster that begins with these entries, in this order, as it stands in the ZIM, or None."""
        places = [self.entry(number) for number in numbers]
        cluster = places[0].cluster
        if places[0].redirect is not None or any(
            (each.cluster, each.blob) != (cluster, blob) for blob, each in enumerate(places)
        ):
            return None
        return b"".join(self.zim.raw_cluster(cluster))

    def read(self, number: int, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes of an entry of a number in the pack, or those from `start` to `end`."""
        found = self.entry(number)
        if found.redirect is None:
            return self.zim.part(found, start, end)
        target = self.zim.entry(found.redirect)
        return book.path(target.namespace, target.path).encode()[start:end]


class OldEntries:
    """The entries of an installed pack, media left out, numbered in collection order.

    Attributes:
        mended: where the bytes of entries lie that are damaged here, by number; filled by who has fetched them.
    """

    def __init__(self, state: State, conn: Connection, manifest: Manifest) -> None:
        """Take hold of them; books are read through to see whether they are whole, and what is damaged of them.

        Raises:
            TooDamaged: a listing is gone, or so much of a book that its entries are not known.
        """
        self._state, self._conn, self._manifest = state, conn, manifest
        self._hashes: dict[int, str] = {}
        self._good: dict[int, bool] = {}
        self._stack = ExitStack()
        self._books = dict[int, OldBook]()
        self._streams: Streams = []
        self.mended = dict[int, Path]()
        self._damaged = set[int]()
        with ExitStack() as opening:
            opening.callback(self._stack.close)
            self._open()
            opening.pop_all()

    def _open(self) -> None:
        first = 0
        for number, item in enumerate(self._manifest.in_order):
            if item.is_laid_out:
                self._books[number] = self._book(item, first)
                self._damaged |= self._books[number].damaged()
            first += item.entries - len(item.media)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _book(self, item: Item, first: int) -> OldBook:
        files = {entry.path: entry for entry in self._listed(item)}
        paths = [self._state.object_path(files[each].sha256) for each in (ZIM, LISTING) if each in files]
        if len(paths) < 2 or not paths[0].is_file() or file_sha256(paths[1]) != paths[1].name:
            raise TooDamaged(f"{item.id} ({item.language}): the book is damaged", REMEDY)
        is_whole = file_sha256(paths[0]) == paths[0].name
        same = is_whole and files[ZIM].sha256 == item.installed_as
        zim, listing = (self._stack.enter_context(path.open("rb")) for path in paths)
        try:
            found = OldBook(
                Zim(zim, str(paths[0]), HELD_BYTES, self._streams), listing, first, item.entries, same, is_whole
            )
            known = is_whole or content_root(found.listed(), period_of(found.listed())) == item.content_root
        except (FormatError, struct.error) as error:
            raise TooDamaged(f"{item.id} ({item.language}): the book is damaged", REMEDY) from error
        if not known:
            raise TooDamaged(f"{item.id} ({item.language}): the list of its entries is damaged", REMEDY)
        return found

    def _listed(self, item: Item) -> Iterator[Entry]:
        collection = collections.number(self._conn, item.installed_as)
        if collection is None:
            raise TooDamaged(f"the listing of {item.id} ({item.language}) is gone", "restore the last backup")
        return collections.entries(self._conn, collection)

    def placed(self) -> Iterator[Placed]:
        """Yield them all."""
        for number, item in enumerate(self._manifest.in_order):
            if number in self._books:
                yield from (Placed(number, entry) for entry in self._books[number].listed())
            else:
                yield from (Placed(number, entry) for entry in self._listed(item) if not entry.is_media)

    def want(self, numbers: set[int]) -> None:
        """Remember the hashes of the entries of these numbers, whose bytes will be asked for."""
        found = enumerate(self.placed())
        self._hashes = {number: placed.entry.sha256 for number, placed in found if number in numbers}

    def book(self, number: int) -> OldBook | None:
        """Return the book that has the entry of a number, None where it is a file of its own."""
        return next((each for each in self._books.values() if number in each), None)

    def bytes_of(self, placed: Placed) -> bytes:
        """Return the bytes of an entry that is as it was, or a copy. Raises TooDamaged."""
        assert placed.source is not None  # noqa: S101
        if (path := self.mended.get(placed.source)) is not None:
            return path.read_bytes()
        found = self.read(Reference(placed.source))
        if found is None:
            raise TooDamaged(f"{self._manifest.pack}: what {placed.entry.path} was is damaged", REMEDY)
        return found

    def is_whole(self) -> bool:
        """Tell whether all books are what they were, and all files that are wanted."""
        return not self._damaged and not any(self.is_damaged(number) for number in self._hashes)

    def is_damaged(self, number: int) -> bool:
        """Tell whether the bytes of an entry are not what they were; one that is no book's must be wanted."""
        return number in self._damaged if self.book(number) is not None else self._path(number) is None

    def read(self, reference: Reference) -> bytes | None:
        """Return a piece of an entry, None where it is damaged."""
        if reference.number in self._damaged:
            return None
        start, length = reference.start, reference.length
        end = None if length is None else start + length
        if (found := self.book(reference.number)) is not None:
            return found.read(reference.number, start, end)
        path = self._path(reference.number)
        if path is None:
            return None
        with path.open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def _path(self, number: int) -> Path | None:
        if number not in self._hashes:
            raise TrustError(f"a patch refers to an entry that its start does not have ({number})")
        sha256 = self._hashes[number]
        path = self._state.object_path(sha256)
        if number not in self._good:
            self._good[number] = file_sha256(path) == sha256
        return path if self._good[number] else None
