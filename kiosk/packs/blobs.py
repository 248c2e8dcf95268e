"""Blobs: immutable files named by their SHA-256, where each lies in a repository, and the leaves they are checked by.

Source: docs/formats/pack.md. True always: a blob has at most 64 MiB, so that a FAT32 stick holds it; of a blob larger
than one leaf the leaf list is a blob too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.fields import Fields
from kiosk.packs import names

BLOB_BYTES = 64 * 1024 * 1024
"""Largest blob."""
LEAF_BYTES = 64 * 1024
"""What a mirror got wrong is found, and fetched again, in steps of this."""
HASH_BYTES = 32


@dataclass(frozen=True)
class Blob:
    """A reference: the blob's name and size, and the name of its leaf list (None for a blob of one leaf)."""

    sha256: str
    size_bytes: int
    leaves: str | None = None

    @property
    def leaf_list(self) -> Blob | None:
        """The leaf list as a blob of its own, or None."""
        if self.leaves is None:
            return None
        return Blob(self.leaves, HASH_BYTES * -(-self.size_bytes // LEAF_BYTES))

    def to_value(self) -> dict[str, Any]:
        """Return the reference as JSON values."""
        value: dict[str, Any] = {"sha256": self.sha256, "size_bytes": self.size_bytes}
        return value if self.leaves is None else value | {"leaves": self.leaves}


def read(fields: Fields) -> Blob:
    """Read a reference; complains about every mistake."""
    size = fields.whole("size_bytes", 0, BLOB_BYTES)
    leaves = fields.text("leaves") if "leaves" in fields else None
    blob = Blob(fields.text("sha256"), size, leaves)
    for key, value in (("sha256", blob.sha256), ("leaves", leaves)):
        if value is not None and not names.is_sha256(value):
            fields.complain(key, f"'{value}' is not a SHA-256")
    if (leaves is None) != (size <= LEAF_BYTES):
        fields.complain("leaves", f"a blob has a leaf list if it is larger than {LEAF_BYTES} bytes, and only then")
    fields.finish()
    return blob


def location(sha256: str) -> str:
    """Return the path of a blob relative to the folder or URL of a repository."""
    return f"blobs/{sha256[:2]}/{sha256}"


def leaf_hashes(data: bytes) -> Iterator[bytes]:
    """Yield the SHA-256 (32 bytes) of each leaf of `data`."""
    for start in range(0, len(data), LEAF_BYTES):
        yield hashlib.sha256(data[start : start + LEAF_BYTES]).digest()


def is_as_long(path: Path, size_bytes: int) -> bool:
    """Tell whether there is a file of so many bytes; what they are is not looked at."""
    return path.is_file() and path.stat().st_size == size_bytes


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, "" when there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
