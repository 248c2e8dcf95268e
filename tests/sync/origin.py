"""A place that blobs come from, in tests: a folder of blobs, and the real server of neighbours on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from kiosk.packs.blobs import LEAF_BYTES, Blob, location
from kiosk.sync.holdings import MIRROR, Holdings
from kiosk.sync.mirrors import FolderMirror
from kiosk.sync.patience import Patience
from kiosk.sync.sharing import create_sharing
from tests.serving import served

HASTY = Patience(connect_seconds=2, silence_seconds=0.4, window_seconds=0.4, floor_bytes=64)
"""Limits on waiting for tests: what takes a minute in the field takes part of a second."""


class Origin:
    """Blobs in `<folder>/mirror`, as a kiosk that holds them."""

    def __init__(self, folder: Path) -> None:
        self.state = folder
        self.folder = folder / MIRROR

    def blob(self, data: bytes, *, leaves: bool = True) -> Blob:
        """Put a blob here, with its leaf list."""
        listed = self._put(leaf_list(data)) if len(data) > LEAF_BYTES else None
        if listed and not leaves:
            self.path(listed).unlink()
        return Blob(self._put(data), len(data), listed)

    def path(self, sha256: str) -> Path:
        return self.folder / location(sha256)

    def mirror(self, name: str = "stick") -> FolderMirror:
        return FolderMirror(self.folder, name)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve it over HTTP, as a neighbour does, and yield the URL."""
        with served(create_sharing(Holdings(self.state))) as port:
            yield f"http://127.0.0.1:{port}"

    def _put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self.path(sha256).parent.mkdir(parents=True, exist_ok=True)
        self.path(sha256).write_bytes(data)
        return sha256


def leaf_list(data: bytes) -> bytes:
    """Return the leaf list of a blob, as docs/formats/pack.md has it."""
    return b"".join(hashlib.sha256(data[at : at + LEAF_BYTES]).digest() for at in range(0, len(data), LEAF_BYTES))


def noise(size: int, seed: int = 1) -> bytes:
    """Return bytes that no two places share."""
    return Random(seed).randbytes(size)
