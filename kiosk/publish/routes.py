"""Making routes: full, patch, and the packed segments for repair (docs/formats/pack.md).

Owns: how entries are put into blocks and what each is coded against: choices that a reader need not know. True always:
the same versions give the same bytes with the same libraries.
"""

from __future__ import annotations

import bisect
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from kiosk.packs import blobs, blocks, collection, listing, route, unpack, wire
from kiosk.packs.blobs import BLOB_BYTES, Blob
from kiosk.packs.blocks import Block, Reference
from kiosk.packs.deflated import DEFLATE
from kiosk.packs.head import Route, Segments, start_of
from kiosk.packs.listing import Placed
from kiosk.publish import coding, order, streams, workers
from kiosk.publish.content import PIECE_BYTES, Version, pieces
from kiosk.publish.drafting import drafts

SLICE_BYTES = 3 * 1024 * 1024
"""A large entry is coded in slices of this,"""
MARGIN_BYTES = 512 * 1024
"""each against the old bytes at its place and this much on both sides."""
Told = Callable[[int, int], None]
"""Told (how many blocks of a patch are coded, how many there are)."""


def full(version: Version, folder: Path) -> Route:
    """Make the full route; its blobs go into `folder`."""
    media = sum(media.entry.size_bytes for media in version.manifest.media)
    entries = order.of_full(version.entries, version.content, version.manifest.books)
    what = route.BOOKS if version.manifest.books else route.FULL
    return Route(_smallest(lambda: _full_body(version, entries), what, version.manifest.size_bytes, folder), media)


def _full_body(version: Version, entries: Sequence[Placed]) -> Iterator[bytes]:
    yield wire.text(version.manifest.to_bytes())
    for placed in entries:
        yield f"{placed.item}\0{placed.entry.label}\n".encode()
        yield from pieces(version.content.path(placed.entry.sha256))


def patch(old: Version, new: Version, folder: Path, told: Told | None = None) -> Route:
    """Make the patch from one version to the next; its blobs go into `folder`. `told` is told of every block."""
    before = {media.entry.sha256 for media in old.manifest.media}
    fresh = [m.entry for m in new.manifest.media if m.entry.sha256 not in before]
    before_blocks, *coded = _patch_body(old, new, told)
    body = before_blocks + b"".join(coded)
    start = start_of(hashlib.sha256(old.manifest.to_bytes()).hexdigest())
    made = _smallest(lambda: iter([body]), route.PATCH, len(body), folder)
    needs = (DEFLATE,) if any(block[0] == blocks.DEFLATED for block in coded) else ()
    return Route(made, sum(entry.size_bytes for entry in fresh), start, needs)


def _patch_body(old: Version, new: Version, told: Told | None) -> Iterator[bytes]:
    # What stands before the blocks, then each of them.
    manifest = wire.text(coding.encode(new.manifest.to_bytes(), old.manifest.to_bytes()))
    delta = listing.between(old.entries, new.entries, unpack.items_between(old.manifest, new.manifest))
    plan = list(_blocks(old, new, delta))
    layout = [Block(sum(size for _, _, size in targets), references) for targets, references in plan]
    yield manifest + wire.text(listing.to_bytes(delta) + blocks.layout_to_bytes(layout))
    for number, coded in enumerate(workers.in_order(coding.encode, _uncoded(old, new, plan)), 1):
        if told is not None:
            told(number, len(plan))
        yield coded


def _uncoded(
    old: Version, new: Version, plan: Iterable[tuple[list[Piece], tuple[Reference, ...]]]
) -> Iterator[tuple[bytes, bytes]]:
    for targets, references in plan:
        reference = b"".join(_piece(old, each) for each in references)
        yield b"".join(new.content.read(sha)[start : start + size] for sha, start, size in targets), reference


def _piece(old: Version, reference: Reference) -> bytes:
    data = old.content.read(old.entries[reference.number].entry.sha256)
    return data[reference.start :] if reference.length is None else data[reference.start :][: reference.length]


Piece = tuple[str, int, int]
"""SHA-256 of a new entry, where the piece starts, its bytes."""
Sizes = tuple[int, int]


def _blocks(old: Version, new: Version, delta: listing.Delta) -> Iterator[tuple[list[Piece], tuple[Reference, ...]]]:
    # Pieces of targets in their order, each with the old piece it is like, put together up to the size of a block.
    targets: list[Piece] = []
    references: dict[Reference, None] = {}  # in order, each once
    held = 0
    for piece, reference, sizes in _pieces(old, new, delta):
        fresh = reference is not None and reference not in references
        cost = sizes[0] + (sizes[1] if fresh else 0)
        if targets and held + cost > blocks.MOST_BYTES:
            yield targets, tuple(references)
            targets, references, held = [], {}, 0
            fresh, cost = reference is not None, sum(sizes)
        targets.append(piece)
        if reference is not None and fresh:
            references[reference] = None
        held += cost
    if targets:
        yield targets, tuple(references)


def _pieces(old: Version, new: Version, delta: listing.Delta) -> Iterator[tuple[Piece, Reference | None, Sizes]]:
    # The two sizes are what new and old take in a block.
    likely = _Likely(old, new)
    for placed in sorted(_targets(old, new, delta), key=listing.target_order):
        entry, number = placed.entry, likely.number(placed)
        old_size = 0 if number is None else old.entries[number].entry.size_bytes
        if entry.size_bytes <= SLICE_BYTES and old_size <= SLICE_BYTES:
            sizes = _unpacked_sizes(new, placed, old, None if number is None else old.entries[number])
            yield (entry.sha256, 0, entry.size_bytes), None if number is None else Reference(number), sizes
            continue
        for start in range(0, entry.size_bytes, SLICE_BYTES):
            size = min(SLICE_BYTES, entry.size_bytes - start)
            first = max(0, min(start, old_size - size) - MARGIN_BYTES)
            length = min(old_size - first, size + 2 * MARGIN_BYTES)
            reference = Reference(number, first, length) if number is not None and length > 0 else None
            yield (entry.sha256, start, size), reference, (size, max(0, length))


def _unpacked_sizes(new: Version, entry: Placed, old: Version, before: Placed | None) -> Sizes:
    # A block is to hold its pieces unpacked, too; but for those that are too large for one.
    if before is None:
        return entry.entry.size_bytes, 0
    sizes = _unpacked_bytes(new, entry), _unpacked_bytes(old, before)
    return sizes if sum(sizes) <= blocks.MOST_BYTES else (entry.entry.size_bytes, before.entry.size_bytes)


def _unpacked_bytes(version: Version, placed: Placed) -> int:
    return len(streams.found(version.content.read(placed.entry.sha256)).data)


def _targets(old: Version, new: Version, delta: listing.Delta) -> Iterator[Placed]:
    items = unpack.items_between(old.manifest, new.manifest)
    hashes = {placed.place: placed for placed in new.entries}
    for placed in listing.apply(old.entries, delta, items, "patch", new.manifest.books):
        if not placed.entry.sha256:
            yield hashes[placed.place]
    for added in delta.added:
        if added.source is None and added.placed.entry.sha256:
            yield added.placed


class _Likely:
    """Finds the old entry that a new one is most like: the one at its place, else its neighbour by type and path."""

    def __init__(self, old: Version, new: Version) -> None:
        items = unpack.items_between(old.manifest, new.manifest)
        self._at = {(items.get(p.item), p.entry.path): number for number, p in enumerate(old.entries)}
        self._names = {p.entry.path.rpartition("/")[2]: number for number, p in enumerate(old.entries)}
        self._sorted = sorted((p.entry.type, p.entry.path, number) for number, p in enumerate(old.entries))

    def number(self, placed: Placed) -> int | None:
        """Return the number of that entry in the old version, or None when nothing is of the same type."""
        entry = placed.entry
        found = self._at.get((placed.item, entry.path), self._names.get(entry.path.rpartition("/")[2]))
        if found is not None:
            return found
        at = bisect.bisect(self._sorted, (entry.type, entry.path, 0))
        for media_type, _, number in self._sorted[max(0, at - 1) : at + 1]:
            if media_type == entry.type:
                return number
        return None


def _smallest(body: Callable[[], Iterator[bytes]], what: bytes, size_bytes: int, folder: Path) -> tuple[Blob, ...]:
    # Which coding is smaller depends on the content (long windows or fine modelling): both are tried.
    with tempfile.TemporaryDirectory(dir=drafts(folder)) as scratch:
        made = []
        for method in (route.ZSTD, route.LZMA2):
            path = Path(scratch) / method.decode()
            with path.open("wb") as file:
                file.writelines(route.packed(body(), what, method, size_bytes))
            made.append(path)
        best = min(made, key=lambda path: path.stat().st_size)
        return tuple(keep(pieces(best), folder))


def segments(version: Version, folder: Path) -> Segments | None:
    """Make the packed segments and their index; their blobs go into `folder`. None when all is media."""
    if not version.entries:
        return None
    index = bytearray()
    with tempfile.TemporaryDirectory(dir=drafts(folder)) as scratch:
        path = Path(scratch) / "segments"
        with path.open("wb") as file:
            for number, item in enumerate(version.manifest.in_order):
                listed = [p.entry for p in version.entries if p.item == number] + [m.entry for m in item.media]
                listed.sort(key=lambda entry: entry.path)
                cut = list(collection.segments(listed, collection.period_of(listed)))
                index += wire.uvarint(len(cut))
                for segment in cut:
                    packed = route.squeeze(b"".join(_segment_parts(version, segment)))
                    file.write(packed)
                    index += collection.segment_hash(segment) + hashlib.sha256(packed).digest()
                    index += wire.uvarint(len(packed))
        found = tuple(keep(pieces(path), folder))
    return Segments(next(keep([bytes(index)], folder)), found)


def _segment_parts(version: Version, segment: Sequence[collection.Entry]) -> Iterator[bytes]:
    for entry in segment:
        if not entry.is_media:
            yield f"{entry.label}\n".encode()
            yield version.content.read(entry.sha256)


def keep(content: Iterable[bytes], folder: Path, *, lists_alone: bool = False) -> Iterator[Blob]:
    """Write bytes as blobs of at most 64 MiB, each with its leaf list, into `folder`; yield the references.

    With `lists_alone` the blobs themselves are not written: their bytes stay where they are.
    """
    for _, group in groupby(_numbered(content), key=lambda pair: pair[0]):
        yield _blob([piece for _, piece in group], folder, lists_alone=lists_alone)


def _numbered(content: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    # Cut to whole leaves, each with the number of its blob. Nothing at all is one empty blob.
    stream, at = wire.Stream(content, "content"), 0
    while not stream.at_end() or at == 0:
        piece = stream.up_to(min(PIECE_BYTES, BLOB_BYTES))
        yield at // BLOB_BYTES, piece
        at += max(1, len(piece))


def _blob(parts: list[bytes], folder: Path, *, lists_alone: bool) -> Blob:
    data = b"".join(parts)
    leaves = None
    if len(data) > blobs.LEAF_BYTES:
        leaves = _write(b"".join(blobs.leaf_hashes(data)), folder)
    sha256 = hashlib.sha256(data).hexdigest() if lists_alone else _write(data, folder)
    return Blob(sha256, len(data), leaves)


def _write(data: bytes, folder: Path) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / blobs.location(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = drafts(folder) / sha256
    draft.write_bytes(data)
    draft.rename(path)
    return sha256
