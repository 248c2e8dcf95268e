"""From which older versions patches are made, and the head that names them.

True always: a patch that is no smaller than the full route is not published.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from kiosk.errors import FormatError, TrustError
from kiosk.packs.head import Head, Route
from kiosk.publish import routes
from kiosk.publish.build import BuiltPack
from kiosk.publish.content import Content, Version, unpacked

LAST = 10
"""Patches start from so many versions before,"""
MOST_SKIP = 256
"""and from those 16, 32, 64 … up to this many back, for a kiosk that was long without a link."""
Progress = Callable[[str, int, int], None]
"""Told (what is being done, how many are done, how many there are)."""


def starts(known: Sequence[Head], head: Head) -> list[Head]:
    """Return the versions, the newest first, from which patches to `head` are made; `known` are the newest first."""
    older = [each for each in known if each.version < head.version]
    skips = [2**n for n in range(4, MOST_SKIP.bit_length())]
    return older[:LAST] + [older[skip - 1] for skip in skips if skip <= len(older)]


def with_patches(built: BuiltPack, folder: Path, before: Sequence[Head], progress: Progress | None = None) -> Head:
    """Make a patch from each version of `before`, whose blobs lie in `folder`, put their blobs there, and return the
    head of `built` with those that are worth it.

    Raises:
        TrustError, FormatError: the built pack is damaged. An older version that is damaged is left out.
    """
    made: list[Route] = []
    if before:
        with tempfile.TemporaryDirectory() as scratch:
            new = unpacked(built.folder, built.head, Content(Path(scratch) / "new"))
            for number, start in enumerate(before):
                if progress is not None:
                    progress(f"patch from version {start.version}", number, len(before))
                made += _patch(start, new, folder, Path(scratch) / str(number))
    full = built.head.full.download_bytes
    return replace(built.head, patches=tuple(route for route in made if route.download_bytes < full))


def _patch(start: Head, new: Version, folder: Path, scratch: Path) -> list[Route]:
    try:
        old = unpacked(folder, start, Content(scratch))
    except (TrustError, FormatError):  # its kiosks take the full route
        return []
    return [routes.patch(old, new, folder)]
