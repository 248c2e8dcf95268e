"""Blobs: where each lies in a repository or built pack, and which a pack version needs."""

from __future__ import annotations

from kiosk.packs.head import Head
from kiosk.packs.manifest import Manifest


def location(sha256: str) -> str:
    """Return the path of a blob relative to the folder or URL of a repository."""
    return f"blobs/{sha256[:2]}/{sha256}"


def of_pack(head: Head, manifest: Manifest) -> dict[str, int]:
    """Return SHA-256 -> size in bytes of every blob of a pack version, its manifest first."""
    found = {head.manifest_sha256: head.manifest_bytes}
    for item in manifest.items:
        for entry in item.entries:
            found |= dict(entry.pieces())
    return found
