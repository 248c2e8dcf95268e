"""Fetching: from mirrors' blobs to verified bytes.

True always: what is given out was verified. A blob that was verified stays in `parts/` and is not fetched again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kiosk.errors import TrustError
from kiosk.packs import blobs
from kiosk.packs.blobs import Blob
from kiosk.sync.mirrors import Mirror

Meter = Callable[[Mirror, int], None]
"""Told of every byte that arrives, as it arrives."""


class Fetcher:
    """Fetches from `mirrors` into the folder `parts`."""

    def __init__(self, mirrors: Sequence[Mirror], parts: Path, meter: Meter | None = None) -> None:
        self._mirrors = mirrors
        self._parts = parts
        self._meter = meter or (lambda mirror, count: None)

    def blob(self, blob: Blob) -> Path:
        """Fetch a blob and return the file in `parts/` that holds it.

        Raises:
            TrustError: its bytes are not those that were signed.
            MirrorError: no mirror can be reached, or has it.
        """
        target = self._parts / blob.sha256
        if not target.exists():
            draft = self._parts / f"{blob.sha256}.part"
            with draft.open("wb") as file:
                file.write(self.small(blob))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(target)
        return target

    def small(self, blob: Blob) -> bytes:
        """Fetch a small blob into memory. Raises as `blob`."""
        mirror = self._mirrors[0]
        data = bytearray()
        for piece in mirror.read(blobs.location(blob.sha256)):
            self._meter(mirror, len(piece))
            data += piece
            if len(data) > blob.size_bytes:
                break
        if len(data) != blob.size_bytes or hashlib.sha256(data).hexdigest() != blob.sha256:
            raise TrustError(
                f"{mirror.name}/{blobs.location(blob.sha256)}: its bytes are not those that were signed",
                "the mirror is broken, or someone changed it; what is installed stays as it is",
            )
        return bytes(data)

    def range(self, blob: Blob, start: int, size: int, sha256: str | None) -> bytes:
        """Fetch a range of a blob. Raises as `blob`."""
        return self.small(blob)[start : start + size]
