"""Repair: entries whose old copy is damaged or gone, out of the segments that hold them.

Source: docs/formats/pack.md, "Segment index". True always: only the segments that are needed are fetched, by byte
range, each checked before it is unpacked; where they cost more than the full route, the whole is asked for instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kiosk.errors import FormatError, StoreError, TrustError
from kiosk.packs import collection, route, wire
from kiosk.packs.blobs import BLOB_BYTES, Blob
from kiosk.packs.collection import MOST_LINE_BYTES, Entry
from kiosk.packs.head import Head
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Manifest
from kiosk.packs.wire import Stream
from kiosk.store import staging
from kiosk.store.db import Connection
from kiosk.sync.fetch import Fetcher
from kiosk.sync.objects import Drafts


class TooDamaged(StoreError):
    """So much is damaged that the full route is cheaper."""


@dataclass(frozen=True)
class Packed:
    """Where a segment lies: its start in the joined segment blobs, its bytes, their SHA-256."""

    start: int
    size_bytes: int
    sha256: str


def fetch_missing(
    fetcher: Fetcher, head: Head, manifest: Manifest, listed: Connection, drafts: Drafts, missing: Sequence[Placed]
) -> None:
    """Fetch the segments that hold the missing entries, and take those entries from them.

    Raises:
        TooDamaged: the full route costs less.
        TrustError, FormatError, MirrorError: a segment is not to be had, or not what it must be.
    """
    if head.segments is None:
        raise FormatError(f"{head.pack}: it has entries and no segments")
    index = read_index(fetcher.small(head.segments.index), len(manifest.items), head.pack)
    wanted = {(placed.item, placed.entry.path) for placed in missing}
    needed = [
        (number, segment, index[number][place])
        for number in sorted({placed.item for placed in missing})
        for place, segment in enumerate(_segments(listed, number, len(index[number]), head.pack))
        if any((number, entry.path) in wanted for entry in segment)
    ]
    if sum(packed.size_bytes for _, _, packed in needed) > head.full.route_bytes:
        raise TooDamaged(f"{head.pack}: the installed copy is too damaged for a patch", "the card may be failing")
    for number, segment, packed in needed:
        name = f"a segment of {head.pack}"
        data = _fetch(fetcher, head.segments.blobs, packed, name)
        for entry, content in _entries(data, segment, name):
            if (number, entry.path) in wanted:
                staging.arrived(listed, Placed(number, entry), drafts.keep([content]))


def _segments(listed: Connection, number: int, count: int, pack: str) -> list[list[Entry]]:
    # Where segments begin depends on paths and sizes alone, which are known though the bytes are not.
    found = list(
        collection.segments(staging.of_item(listed, number), collection.period_of(staging.of_item(listed, number)))
    )
    if len(found) != count:
        raise FormatError(f"{pack}: its segment index does not fit its listing")
    return found


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


def _fetch(fetcher: Fetcher, blobs: Sequence[Blob], packed: Packed, name: str) -> bytes:
    # A packed segment may lie across the edge of two blobs; its hash is that of the whole.
    out, at = b"", packed.start
    while len(out) < packed.size_bytes:
        start = at % BLOB_BYTES
        size = min(packed.size_bytes - len(out), BLOB_BYTES - start)
        out += fetcher.range(blobs[at // BLOB_BYTES], start, size, packed.sha256 if size == packed.size_bytes else None)
        at += size
    if hashlib.sha256(out).hexdigest() != packed.sha256:
        raise TrustError(
            f"{name}: its bytes are not those that were signed", "the mirror is broken, or someone changed it"
        )
    return out


def _entries(data: bytes, segment: Sequence[Entry], name: str) -> Iterator[tuple[Entry, bytes]]:
    expected = [entry for entry in segment if not entry.is_media]
    size = sum(len(entry.label.encode()) + 1 + entry.size_bytes for entry in expected)
    source = Stream([route.unsqueeze(data, size, name)], name)
    for entry in expected:
        if "\0".join(source.line(MOST_LINE_BYTES)) != entry.label:
            raise FormatError(f"{name}: it holds another entry than {entry.path}")
        yield entry, source.read(entry.size_bytes)
