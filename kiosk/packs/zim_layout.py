"""Which entries of a canonical ZIM book share a cluster, and whether it is compressed.

Source: docs/formats/zim.md, "Clusters". True always: the answer depends on the entries alone, in their order, by type,
namespace, path and size, and nearly always on the neighbours of an entry alone; so an edition in which a few entries
changed has nearly all clusters of the one before.
"""

from __future__ import annotations

import hashlib

MEAN_BYTES = 384 * 1024
"""How many bytes, on average, follow the least ones before a cluster ends."""
LEAST_BYTES = 128 * 1024
MOST_BYTES = 2 * 1024 * 1024
"""Most bytes of a cluster; an entry of more has one for itself."""
OFFSET_BYTES = 4
"""What each entry takes beside its own bytes."""
MOST_COMPRESSED_BYTES = 32 * 1024 * 1024
"""Larger entries are never compressed: kiwix-serve holds a compressed cluster whole."""

PACKED_KINDS = ("audio/", "image/", "video/")
PACKED_TYPES = frozenset((
    "application/epub+zip", "application/font-woff", "application/font-woff2", "application/gzip",
    "application/java-archive", "application/octet-stream+xapian", "application/octet-stream+zimlisting",
    "application/ogg", "application/pdf", "application/vnd.rar", "application/x-7z-compressed",
    "application/x-bzip2", "application/x-font-woff", "application/x-font-woff2", "application/x-gzip",
    "application/x-xz", "application/x-zim", "application/x-zip-compressed", "application/zip", "application/zstd",
    "font/woff", "font/woff2",
))  # fmt: skip
PACKED_FAMILIES = ("application/vnd.oasis.opendocument.", "application/vnd.openxmlformats-")
LOOSE_TYPES = frozenset((
    "audio/midi", "audio/wav", "audio/x-wav", "image/bmp", "image/svg+xml", "image/vnd.microsoft.icon",
    "image/x-icon", "image/x-ms-bmp",
))  # fmt: skip
"""Types of the kinds above that nothing has compressed yet."""


def is_compressed(media_type: str, size_bytes: int) -> bool:
    """Tell whether an entry of this type and size lies in a compressed cluster."""
    plain = media_type.partition(";")[0].strip().lower()
    packed = plain.startswith((*PACKED_KINDS, *PACKED_FAMILIES)) or plain in PACKED_TYPES
    return size_bytes <= MOST_COMPRESSED_BYTES and (not packed or plain in LOOSE_TYPES)


class Cutter:
    """Tells, entry after entry, where a cluster begins."""

    def __init__(self) -> None:
        self._type = ""
        self._size_bytes = 0
        self._is_over = True

    def begins(self, namespace: str, path: str, media_type: str, size_bytes: int) -> bool:
        """Tell whether the next entry begins a cluster; entries come by type, namespace and path."""
        weight = size_bytes + OFFSET_BYTES
        begins = self._is_over or media_type != self._type or self._size_bytes + weight > MOST_BYTES
        self._type = media_type
        self._size_bytes = weight + (0 if begins else self._size_bytes)
        self._is_over = self._size_bytes >= LEAST_BYTES and _ends(namespace + path, weight)
        return begins


def _ends(path: str, weight: int) -> bool:
    # The larger an entry, the likelier: the same mean for books of small pages and of large ones.
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8]) * MEAN_BYTES < weight << 64
