"""Reading routes: from a decompressed body to manifest, entries and their bytes.

Source: docs/formats/pack.md, "Routes". Pure: old bytes come through a function, new ones go out as they come. True
always: sizes and counts are held against what the head promised before anything is given out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kiosk.errors import FormatError, TrustError
from kiosk.packs import blocks, book, collection, listing, manifest, wire
from kiosk.packs.blocks import Block, Reference
from kiosk.packs.collection import MOST_LINE_BYTES, Entry
from kiosk.packs.head import Head
from kiosk.packs.listing import Delta, Placed
from kiosk.packs.manifest import Manifest
from kiosk.packs.wire import Stream

ReadOld = Callable[[Reference], bytes | None]
"""Returns the bytes of a piece of an old entry; None when the old copy is damaged."""


def check_manifest(data: bytes, head: Head) -> Manifest:
    """Return the manifest that came in a route to the version of `head`.

    Raises:
        TrustError: it is not the one that the head names.
        FormatError: it is not a manifest.
    """
    if len(data) != head.manifest_bytes or hashlib.sha256(data).hexdigest() != head.manifest_sha256:
        raise TrustError(f"{head.pack}: the manifest in its route is not the one that its head names")
    found = manifest.parse(data, f"manifest of {head.pack}")
    named = (found.pack, found.version, found.installed_bytes, found.size_bytes, found.entries, found.kinds)
    if named != (head.pack, head.version, head.installed_bytes, head.content_bytes, head.entries, head.kinds):
        raise TrustError(f"{head.pack}: its manifest is not of the pack version that its head names")
    return found


def full_manifest(body: Stream) -> bytes:
    """Return the manifest's bytes from the start of a full body."""
    return wire.read_text(body, manifest.MOST_BYTES)


def full_entries(
    body: Stream, head: Head, items: int, books: frozenset[int] = frozenset()
) -> Iterator[tuple[Placed, Iterator[bytes]]]:
    """Yield each entry of a full body with its bytes, which must be read before the next is asked for.

    Args:
        body: what follows the manifest.
        head: the promises.
        items: how many items there are.
        books: the numbers of those that are books delivered entry by entry.

    Raises:
        FormatError: the body is not what the head promised, or the entries of a book come in another order than theirs.
    """
    left_bytes, left = head.content_bytes, head.entries
    last: dict[int, tuple[str, str]] = {}
    while not body.at_end():
        number, *parts = body.line(MOST_LINE_BYTES)
        if not number.isascii() or not number.isdigit() or (item := int(number[:9])) >= items:
            raise FormatError(f"{body.name}: an entry is of an item that is not there")
        path, media_type, title, size = collection.label(parts, body.name, in_book=item in books)
        if item in books:
            if last.get(item, ("", "")) >= (at := book.order(path, media_type)):
                raise FormatError(f"{body.name}: {path} does not stand where it must in its book")
            last[item] = at
        left_bytes, left = left_bytes - size, left - 1
        if left_bytes < 0 or left < 0:
            raise FormatError(f"{body.name}: it holds more than its head promised")
        yield Placed(item, Entry(path, media_type, title, size, "")), body.chunks(size)


@dataclass
class Patch:
    """A patch whose listing was read: its manifest, delta and blocks. `damaged` fills while the blocks are read:
    the (start, end) of what could not be made, in the joined bytes of the targets.
    """

    manifest: bytes
    delta: Delta
    layout: tuple[Block, ...]
    damaged: list[tuple[int, int]] = field(default_factory=list)

    def blocks(self, body: Stream, read_old: ReadOld) -> Iterator[bytes]:
        """Yield the bytes of each block in order; zeros for one whose references are damaged.

        Raises:
            FormatError: a block is not what it says.
        """
        at = 0
        for block in self.layout:
            # No name holds it here, nor what it was made from: it is gone before the next one is made.
            yield self._block(body, block, at, read_old)
            at += block.size_bytes
        if not body.at_end():
            raise FormatError(f"{body.name}: something follows the last block")

    def _block(self, body: Stream, block: Block, at: int, read_old: ReadOld) -> bytes:
        method, data = blocks.read_coded(body, block)
        reference = blocks.joined(map(read_old, block.references), body.name, block.size_bytes)
        if reference is None:
            self.damaged.append((at, at + block.size_bytes))
            return bytes(block.size_bytes)
        return blocks.decode(method, data, block.size_bytes, reference, body.name)


def open_patch(body: Stream, old_manifest: bytes, head: Head) -> Patch:
    """Read what stands before the blocks of a patch.

    Raises:
        FormatError: it is not of the form it must have.
    """
    part = Stream([wire.read_text(body, 2 * manifest.MOST_BYTES)], body.name)
    method = part.read(1)[0]
    data = wire.read_text(part, 2 * manifest.MOST_BYTES)
    new_manifest = blocks.decode(method, data, head.manifest_bytes, old_manifest, body.name)
    part = Stream([wire.read_text(body, head.entries * MOST_LINE_BYTES + 1024)], body.name)
    delta = listing.read(part)
    layout = tuple(blocks.read_layout(part, head.content_bytes))
    if not part.at_end():
        raise FormatError(f"{body.name}: something follows the listing")
    return Patch(new_manifest, delta, layout)


def items_between(old: Manifest, new: Manifest) -> dict[int, int]:
    """Return an item's number in the old version -> its number in the new one, for those that are in both, and in both
    a book that is delivered entry by entry or in both none.
    """
    numbers = {(item.place, item.is_laid_out): number for number, item in enumerate(new.in_order)}
    known = ((n, numbers.get((item.place, item.is_laid_out))) for n, item in enumerate(old.in_order))
    return {before: now for before, now in known if now is not None}


def target_entries(
    blocks_: Iterable[bytes], targets: Sequence[Placed], name: str
) -> Iterator[tuple[Placed, Iterator[bytes]]]:
    """Yield each target with its bytes out of the joined blocks; they must be read before the next is asked for.

    Raises:
        FormatError: the blocks hold another number of bytes.
    """
    joined = Stream(blocks_, name)
    for placed in targets:
        yield placed, joined.chunks(placed.entry.size_bytes)
    if not joined.at_end():
        raise FormatError(f"{name}: its blocks hold more than its listing says")


def spoiled(targets: Sequence[Placed], damaged: Sequence[tuple[int, int]]) -> list[Placed]:
    """Return the targets that have bytes in a damaged range."""
    found, at = [], 0
    for placed in targets:
        end = at + placed.entry.size_bytes
        if any(start < end and at < stop for start, stop in damaged):
            found.append(placed)
        at = end
    return found
