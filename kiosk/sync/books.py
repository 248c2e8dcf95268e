"""Books on their way: their ZIMs are written while their entries come, out of what comes and of what is here.

True always: an entry is written once, in its place, and never waits on the card; a cluster of which nothing changed is
taken over as it is, where the edition before is the very file that its publisher wrote; what a cut left of a book is
gone on with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Protocol, Self

from kiosk.errors import FormatError, StoreError
from kiosk.packs import book
from kiosk.packs.book_writer import BookWriter, Making, fits
from kiosk.packs.collection import Entry
from kiosk.packs.head import Head
from kiosk.packs.kinds import BOOK_COVER
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item, Manifest
from kiosk.packs.zim_layout import Cutter
from kiosk.packs.zim_reader import Zim
from kiosk.store import staging
from kiosk.store.books import LISTING, ZIM
from kiosk.store.db import Connection
from kiosk.sync import half_written
from kiosk.sync.half_written import HalfWritten
from kiosk.sync.objects import Drafts
from kiosk.sync.old_entries import OldEntries

COVERS = (("M", "Illustration_48x48@1"), ("-", "favicon"))
"""Where a book has its cover, today and before 2021."""
PNG = "image/png"
Laying = Generator[Placed, Iterable[bytes]]
"""Writes a book out of the edition before, and is sent the bytes of each entry that it asks for."""


def _uncounted(entries: int) -> None:
    """Tell nobody."""


@dataclass
class _Open:
    # `writing` is None of a book that is whole already.
    item: Item
    path: Path
    file: BinaryIO
    writing: tuple[BookWriter, HalfWritten] | None = None
    laying: Laying | None = None
    asks: Placed | None = None


class Origin(Protocol):
    """Where the bytes of entries are that do not come in their turn: those with a `source`."""

    def bytes_of(self, placed: Placed) -> bytes:
        """Return the bytes of an entry. Raises TooDamaged: they are not what they were."""
        ...


class Books:
    """The books of a pack that is being staged."""

    def __init__(
        self, folder: Path, listed: Connection, head: Head, manifest: Manifest, origin: Origin | None,
        brought: Mapping[int, Path] = MappingProxyType({}), counted: Callable[[int], None] = _uncounted,
    ) -> None:  # fmt: skip
        """Begin them.

        Args:
            folder: for their drafts, and what a cut left of them.
            listed: the listing of the pack, whole if there is an origin.
            head, manifest: the pack's.
            origin: of what does not come by itself; None where all does.
            brought: the ZIMs of books that are whole, by number.
            counted: told how many entries more are written.
        """
        self._listed, self._counted = listed, counted
        self._stack = ExitStack()
        self._open: dict[int, _Open] = {}
        with ExitStack() as opening:
            opening.callback(self._stack.close)
            for number in manifest.books:
                item, name = manifest.in_order[number], half_written.name_of(head.manifest_sha256, str(number))
                whole = brought.get(number) or half_written.whole(folder, name, item.installed_as)
                if whole is None:
                    self._open[number] = self._begun(number, item, HalfWritten(folder, name), origin)
                else:
                    self._open[number] = self._taken(item, whole, folder / (name + half_written.TAKEN))
            opening.pop_all()

    def _begun(self, number: int, item: Item, half: HalfWritten, origin: Origin | None) -> _Open:
        self._stack.callback(half.close)
        writer = BookWriter(half.file, f"{item.id} ({item.language})", Making.of_item(item), half.there)
        found = _Open(item, half.path, half.file, (writer, half))
        if origin is not None:
            found.laying = self._laid(number, writer, half, origin)
            self._go_on(found)
        return found

    def _taken(self, item: Item, whole: Path, path: Path) -> _Open:
        path.unlink(missing_ok=True)
        path.hardlink_to(whole)  # so a cut leaves it where it is
        return _Open(item, path, self._stack.enter_context(path.open("rb")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __contains__(self, number: int) -> bool:
        return number in self._open

    def add(self, placed: Placed, pieces: Iterable[bytes]) -> str:
        """Write the next entry of a book, and return its SHA-256.

        Raises:
            FormatError: it can not be there.
        """
        found, digest = self._open[placed.item], hashlib.sha256()
        if found.writing is None:
            _read(_digested(pieces, digest))
        elif found.laying is None:
            writer, half = found.writing
            writer.add(placed.entry, _digested(pieces, digest))
            half.note(writer)
            self._counted(1)
        elif found.asks is None or found.asks.entry != placed.entry:
            raise FormatError(f"{placed.entry.path}: this entry of a book does not come in its turn")
        else:
            self._go_on(found, _digested(pieces, digest))
        return digest.hexdigest()

    def _go_on(self, found: _Open, pieces: Iterable[bytes] | None = None) -> None:
        assert found.laying is not None  # noqa: S101
        try:
            found.asks = next(found.laying) if pieces is None else found.laying.send(pieces)
        except StopIteration:
            found.asks = None

    def _laid(self, number: int, writer: BookWriter, half: HalfWritten, origin: Origin) -> Laying:
        for cluster in clusters(staging.in_order(self._listed, number)):
            entries = [placed.entry for placed in cluster]
            self._counted(len(entries))
            if writer.is_there(entries):
                for placed in cluster:
                    if placed.source is None:
                        _read((yield placed))
                writer.pass_over(entries)
                continue
            half.note(writer)
            raw = _unchanged(cluster, origin) if isinstance(origin, OldEntries) else None
            if raw is not None:
                writer.copy(entries, raw)
                continue
            for placed in cluster:
                pieces = (yield placed) if placed.source is None else [origin.bytes_of(placed)]
                writer.add(placed.entry, pieces)

    def finish(self, drafts: Drafts) -> dict[int, list[Entry]]:
        """Write the books to their ends, hand their files to `drafts`, and return the files of each by its number.

        Raises:
            FormatError: one has an entry that can not be there.
            StoreError: what a cut left of one is not what it was.
        """
        return {number: list(self._finished(number, each, drafts)) for number, each in self._open.items()}

    def _finished(self, number: int, found: _Open, drafts: Drafts) -> Iterator[Entry]:
        sha256, path = found.item.installed_as, found.path
        if found.writing is not None:
            writer, half = found.writing
            sha256 = _ended(found.item, writer, half)
            path = self._taken(found.item, half.finish(), path.with_suffix(half_written.TAKEN)).path
        cover = _cover(Zim(found.file, path.name))
        if cover is not None:
            yield Entry(BOOK_COVER, PNG, "", len(cover), drafts.keep([cover]))
        size = found.file.seek(0, 2)
        yield Entry(ZIM, "application/x-zim", "", size, drafts.keep_file(path, sha256))
        lines = (
            book.LISTED.pack(bytes.fromhex(entry.sha256), entry.size_bytes, book.of_kind(entry.type)[1])
            for entry in staging.of_item(self._listed, number)
        )
        listing = drafts.keep(lines)
        yield Entry(LISTING, "application/octet-stream", "", book.LISTED.size * found.item.entries, listing)


def _ended(item: Item, writer: BookWriter, half: HalfWritten) -> str:
    # Whatever a card lost of what it had promised to hold is noticed here.
    try:
        sha256 = writer.finish()
    except FormatError:
        if not half.is_continued:
            raise
        sha256 = ""
    if half.is_continued and sha256 != item.installed_as:
        half.forget()
        told = f"{item.id} ({item.language}): what was written before the last cut is damaged"
        raise StoreError(told, "sync again: the book is written anew; if this comes back, the card may be failing")
    return sha256


def _read(pieces: Iterable[bytes]) -> None:
    for _ in pieces:
        pass


def _digested(pieces: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def clusters(entries: Iterable[Placed]) -> Iterator[list[Placed]]:
    """Yield the entries that share a cluster; a redirect, which lies in none, by itself."""
    cutter, cluster = Cutter(), list[Placed]()
    for placed in entries:
        entry = placed.entry
        media_type, _ = book.of_kind(entry.type)
        namespace, path = book.split(entry.path)
        if cluster and (media_type is None or book.of_kind(cluster[0].entry.type)[0] is None):
            yield cluster
            cluster = []
        if media_type is not None and cutter.begins(namespace, path, media_type, entry.size_bytes) and cluster:
            yield cluster
            cluster = []
        cluster.append(placed)
    if cluster:
        yield cluster


def _unchanged(cluster: list[Placed], old: OldEntries) -> bytes | None:
    """Return the bytes of a cluster in the edition before, if it had the very same."""
    sources = [placed.source for placed in cluster if placed.source is not None]
    before = old.book(sources[0]) if len(sources) == len(cluster) else None
    if before is None or not before.is_as_published or any(each not in before for each in sources):
        return None
    raw = before.cluster(sources)
    return raw if raw is not None and fits((placed.entry for placed in cluster), raw) else None


def _cover(zim: Zim) -> bytes | None:
    for namespace, path in COVERS:
        found = zim.find(namespace, path)
        if found is not None and found.redirect is None and found.type == PNG:
            return zim.read(found)
    return None
