"""Mending books: what an edition is made from and the card has damaged is known before it is written, and comes first.

True always: a book is written once, so no entry of it may turn out to be missing later. Which blocks of a patch can not
be made is told by what they refer to, before any of them is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kiosk.packs import unpack
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Manifest
from kiosk.packs.unpack import Patch
from kiosk.store import staging
from kiosk.store.db import Connection
from kiosk.sync.objects import Drafts, pieces
from kiosk.sync.old_entries import OldEntries


def missing(
    listed: Connection, manifest: Manifest, targets: Sequence[Placed], patch: Patch, old: OldEntries
) -> list[Placed]:
    """Return the entries of books that can not be made, by a patch, of what is here.

    Args:
        listed: the listing of the new version.
        manifest: its manifest.
        targets: what the patch's blocks hold.
        patch: the patch, of which no block was read.
        old: the version before; all that blocks refer to is wanted of it.
    """
    if not manifest.books or old.is_whole():
        return []
    ranges, start = [], 0
    for block in patch.layout:
        if any(old.is_damaged(reference.number) for reference in block.references):
            ranges.append((start, start + block.size_bytes))
        start += block.size_bytes
    found = [placed for placed in unpack.spoiled(targets, ranges) if placed.item in manifest.books]
    for number in sorted(manifest.books):
        kept = staging.in_order(listed, number)
        found += [placed for placed in kept if placed.source is not None and old.is_damaged(placed.source)]
    return found


def instead(
    coming: Iterable[tuple[Placed, Iterator[bytes]]], mended: Mapping[tuple[int, str], str], drafts: Drafts
) -> Iterator[tuple[Placed, Iterable[bytes]]]:
    """Yield targets with their bytes; those that were mended with what was fetched for them."""
    for placed, chunks in coming:
        path = drafts.path(sha256) if (sha256 := mended.get(placed.place)) is not None else None
        if sha256 is None or path is None:
            yield placed, chunks
            continue
        for _ in chunks:  # what stands there was made of what is damaged
            pass
        yield Placed(placed.item, replace(placed.entry, sha256=sha256)), pieces([path])
