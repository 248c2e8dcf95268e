"""From which older versions patches are made, and the head that names them.

True always: a patch that is no smaller than the full route is not published.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kiosk.errors import FormatError, TrustError
from kiosk.packs import blobs
from kiosk.packs.head import Head, Route, with_leaves
from kiosk.publish import routes
from kiosk.publish.build import BuiltPack
from kiosk.publish.content import Content, Version, unpacked
from kiosk.publish.drafting import drafts

LAST = 10
"""Patches start from so many versions before,"""
MOST_SKIP = 256
"""and from those 16, 32, 64 … up to this many back (or the newest before), for a kiosk that was long without a link."""
MILESTONE = 16
"""Of the older versions those whose number is a multiple of this are kept, so that there is always one so far back."""
Progress = Callable[[str, int, int], None]
"""Told (what is being done, how much is done, how much there is)."""
PARTS = 1000
"""In so many parts each patch is told."""


def starts(known: Sequence[Head], head: Head) -> list[Head]:
    """Return the versions, the newest first, from which patches to `head` are made; `known` are the newest first."""
    older = [each for each in known if each.version < head.version]
    found = older[:LAST]
    for skip in (2**n for n in range(4, MOST_SKIP.bit_length())):
        back = [each for each in older if each.version <= head.version - skip]
        found += [each for each in back[:1] if each not in found]
    return found


def kept(versions: Iterable[int], newest: int, last: int) -> set[int]:
    """Return which older versions to keep for patches to what comes after `newest`: the `last` ones, and milestones."""
    older = sorted(versions, reverse=True)
    milestones = {each for each in older if each % MILESTONE == 0 and newest - each <= MOST_SKIP + MILESTONE}
    return {*older[:last], *milestones}


def with_patches(built: BuiltPack, folder: Path, before: Sequence[Head], progress: Progress | None = None) -> Head:
    """Make a patch from each version of `before`, whose blobs lie in `folder`, put the blobs of those that are worth it
    there, all at the end, and return the head of `built` with them.

    Raises:
        TrustError, FormatError: the built pack is damaged. An older version that is damaged is left out.
    """
    if not before:
        return replace(built.head, patches=())
    made: list[Route] = []
    with tempfile.TemporaryDirectory(dir=drafts(folder)) as place:
        scratch = Path(place)
        new = unpacked(built.folder, built.head, Content(scratch / "new"))
        for number, start in enumerate(before):
            told = partial(_tell, progress, f"patch from version {start.version}", number, len(before))
            made += _patch(start, new, folder, scratch, told)
        full = built.head.full.download_bytes
        worth = tuple(route for route in made if route.download_bytes < full)
        for sha256 in {blob.sha256 for blob in with_leaves([blob for route in worth for blob in route.blobs])}:
            final = folder / blobs.location(sha256)
            final.parent.mkdir(parents=True, exist_ok=True)
            (scratch / blobs.location(sha256)).replace(final)
    return replace(built.head, patches=worth)


def _tell(progress: Progress | None, what: str, number: int, patches: int, done: int, blocks: int) -> None:
    if progress is not None:
        progress(what, number * PARTS + PARTS * done // blocks, patches * PARTS)


def _patch(start: Head, new: Version, folder: Path, scratch: Path, told: routes.Told) -> list[Route]:
    told(0, 1)
    with tempfile.TemporaryDirectory(dir=scratch) as place:
        try:
            old = unpacked(folder, start, Content(Path(place)))
        except (TrustError, FormatError):  # its kiosks take the full route
            return []
        return [routes.patch(old, new, scratch, told)]
