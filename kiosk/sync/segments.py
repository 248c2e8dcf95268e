"""The packed segments of a pack version: which there are, and what is in them, fetched by byte range one by one.

Source: docs/formats/pack.md, "Segment index". True always: each is checked by its hash before it is unpacked, and gives
out no more than was said it holds; what was fetched waits in `parts/`, so it is fetched once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kiosk.errors import FormatError, TrustError
from kiosk.packs import collection, route, wire
from kiosk.packs.blobs import BLOB_BYTES
from kiosk.packs.collection import MOST_LINE_BYTES, Entry
from kiosk.packs.head import Head
from kiosk.packs.manifest import Item
from kiosk.packs.wire import Stream
from kiosk.sync.fetch import Fetcher

MOST_BYTES = 64 * 1024 * 1024
"""Most bytes of a segment: an entry of 32 MiB, and what stands with it."""


@dataclass(frozen=True)
class Packed:
    """Where a segment lies: its start in the joined segment blobs, its bytes, their SHA-256."""

    start: int
    size_bytes: int
    sha256: str


class Segments:
    """The segments of each item of a pack version, in collection order; `index` says where they lie."""

    def __init__(self, fetcher: Fetcher, head: Head, items: int) -> None:
        """Fetch the index. Raises FormatError: there are none, or it is not one; and as `Fetcher.blob`."""
        if head.segments is None:
            raise FormatError(f"{head.pack}: it has entries and no segments")
        self._fetcher, self._blobs, self._name = fetcher, head.segments.blobs, f"a segment of {head.pack}"
        self.index = read_index(fetcher.small(head.segments.index), items, head.pack)

    def entries(self, packed: Packed, segment: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield the entries of a segment that are not media, with their bytes; `segment` says which are to be there.

        Raises:
            TrustError, FormatError, MirrorError: it is not to be had, or not what it must be.
        """
        expected = [entry for entry in segment if not entry.is_media]
        size = sum(len(entry.label.encode()) + 1 + entry.size_bytes for entry in expected)
        source = Stream([route.unsqueeze(self._fetched(packed), size, self._name)], self._name)
        for entry in expected:
            if "\0".join(source.line(MOST_LINE_BYTES)) != entry.label:
                raise FormatError(f"{self._name}: it holds another entry than {entry.path}")
            yield entry, source.read(entry.size_bytes)

    def unknown(self, packed: Packed, item: Item) -> Iterator[tuple[Entry, bytes]]:
        """Yield the entries of a segment of an item whose listing is not known yet. Raises as `entries`."""
        data = route.unsqueezed(self._fetched(packed), MOST_BYTES, self._name)
        source = Stream([data], self._name)
        while not source.at_end():
            parts = source.line(MOST_LINE_BYTES)
            path, kind, title, size = collection.label(parts, self._name, in_book=item.is_laid_out)
            content = source.read(size)
            yield Entry(path, kind, title, size, hashlib.sha256(content).hexdigest()), content

    def _fetched(self, packed: Packed) -> bytes:
        # A packed segment may lie across the edge of two blobs; its hash is that of the whole.
        out, at = b"", packed.start
        while len(out) < packed.size_bytes:
            start = at % BLOB_BYTES
            size = min(packed.size_bytes - len(out), BLOB_BYTES - start)
            whole = packed.sha256 if size == packed.size_bytes else None
            out += self._fetcher.range(self._blobs[at // BLOB_BYTES], start, size, whole)
            at += size
        if hashlib.sha256(out).hexdigest() != packed.sha256:
            remedy = "the mirror is broken, or someone changed it"
            raise TrustError(f"{self._name}: its bytes are not those that were signed", remedy)
        return out


def read_index(data: bytes, items: int, name: str) -> list[list[Packed]]:
    """Return the packed segments of each item. Raises FormatError when it is not a segment index."""
    source, at, found = Stream([data], f"the segment index of {name}"), 0, []
    for _ in range(items):
        segments = []
        for _ in range(wire.read_uvarint(source, len(data))):
            source.read(32)  # the hash of the content: it is checked with the content root
            sha256 = source.read(32).hex()
            size = wire.read_uvarint(source)
            segments.append(Packed(at, size, sha256))
            at += size
        found.append(segments)
    return found
