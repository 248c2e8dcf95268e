"""Repair: entries whose old copy is damaged or gone, out of the segments that hold them.

Source: docs/formats/pack.md, "Segment index". True always: only the segments that are needed are fetched; where they
cost more than the full route, the whole is asked for instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.errors import FormatError, StoreError
from kiosk.packs import collection
from kiosk.packs.collection import Entry
from kiosk.packs.head import Head
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Manifest
from kiosk.store import staging
from kiosk.store.db import Connection
from kiosk.sync.fetch import Fetcher
from kiosk.sync.objects import Drafts
from kiosk.sync.segments import Segments


class TooDamaged(StoreError):
    """So much is damaged that the full route is cheaper."""


def fetch_missing(
    fetcher: Fetcher, head: Head, manifest: Manifest, listed: Connection, drafts: Drafts, missing: Sequence[Placed]
) -> dict[tuple[int, str], str]:
    """Fetch the segments that hold the missing entries, and take those entries from them.

    Returns:
        The SHA-256 of each, by item and path: its bytes are among the drafts.

    Raises:
        TooDamaged: the full route costs less.
        TrustError, FormatError, MirrorError: a segment is not to be had, or not what it must be.
    """
    packed = Segments(fetcher, head, len(manifest.items))
    wanted = {placed.place for placed in missing}
    needed = [
        (number, segment, packed.index[number][place])
        for number in sorted({placed.item for placed in missing})
        for place, segment in enumerate(_segments(listed, number, len(packed.index[number]), head.pack))
        if any((number, entry.path) in wanted for entry in segment)
    ]
    if sum(each.size_bytes for _, _, each in needed) > head.full.route_bytes:
        raise TooDamaged(f"{head.pack}: the installed copy is too damaged for a patch", "the card may be failing")
    found = {}
    for number, segment, each in needed:
        for entry, content in packed.entries(each, segment):
            if (number, entry.path) in wanted:
                found[number, entry.path] = drafts.keep([content])
                staging.arrived(listed, Placed(number, entry), found[number, entry.path])
    return found


def _segments(listed: Connection, number: int, count: int, pack: str) -> list[list[Entry]]:
    # Where segments begin depends on paths and sizes alone, which are known though the bytes are not.
    found = list(
        collection.segments(staging.of_item(listed, number), collection.period_of(staging.of_item(listed, number)))
    )
    if len(found) != count:
        raise FormatError(f"{pack}: its segment index does not fit its listing")
    return found
