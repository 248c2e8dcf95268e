"""A collection: the sorted entries of an item, its segments, and the content root over them.

Source: docs/formats/pack.md, "Segments and content root"; the tree is that of RFC 6962, section 2.1. True always: a
content root depends on paths, types, titles and bytes alone, never on how they are packed or carried.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kiosk.errors import FormatError
from kiosk.packs import book, names

SEGMENT_BYTES = 512 * 1024
"""What a segment holds on average."""
ROUTE_ENTRY_BYTES = 32 * 1024 * 1024
"""Largest entry that travels in a route; larger ones are media."""
MOST_ENTRY_BYTES = 256 * 1024**3
MEDIA_TYPES = ("audio/", "video/", "application/x-zim")
MOST_TITLE = 200
MOST_LINE_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an item; `sha256` is that of its bytes, in hex."""

    path: str
    type: str
    title: str
    size_bytes: int
    sha256: str

    @property
    def is_media(self) -> bool:
        """Whether its bytes are carried whole, outside the routes."""
        return is_media(self.type, self.size_bytes)

    @property
    def label(self) -> str:
        """What stands before its bytes in a route, without the line feed."""
        return f"{self.path}\0{self.type}\0{self.title}\0{self.size_bytes}"


def is_media(media_type: str, size_bytes: int) -> bool:
    """Tell whether an entry of this type and size is carried outside the routes."""
    return media_type.startswith(MEDIA_TYPES) or size_bytes > ROUTE_ENTRY_BYTES


def fault(path: str, media_type: str, title: str, size_bytes: int, *, in_book: bool = False) -> str | None:
    """Return why an entry that came in a route can not be taken, or None; `in_book`: as one of a book's own."""
    if not 0 <= size_bytes <= (ROUTE_ENTRY_BYTES if in_book else MOST_ENTRY_BYTES):
        return f"{path}: it can not have {size_bytes} bytes"
    if in_book:
        return f"{path}: {wrong}" if (wrong := book.fault(path, media_type, title)) else None
    if found := names.fault_in_path(path):
        return f"the path '{path}' can not be taken: {found}"
    if not names.is_media_type(media_type):
        return f"{path}: '{media_type}' is not a media type"
    if len(title) > MOST_TITLE or any(ord(sign) < 32 for sign in title):
        return f"{path}: its title can not be taken"
    if is_media(media_type, size_bytes):
        return f"{path}: of this type and size it must be media"
    return None


def label(parts: Sequence[str], name: str, *, in_book: bool = False) -> tuple[str, str, str, int]:
    """Return path, type, title and size of an entry from the parts of its label in the route called `name`.

    Args:
        parts: what stands between the zeros.
        name: what to call the route in messages.
        in_book: whether it is one of a book's own entries.

    Raises:
        FormatError: it is not a label, or one that can not be taken.
    """
    if len(parts) != 4 or not parts[3].isascii() or not parts[3].isdigit() or len(parts[3]) > 12:
        raise FormatError(f"{name}: an entry is not labelled as it must be")
    path, media_type, title, size = parts[0], parts[1], parts[2], int(parts[3])
    if wrong := fault(path, media_type, title, size, in_book=in_book):
        raise FormatError(f"{name}: {wrong}")
    return path, media_type, title, size


def clashing(paths: Iterable[str]) -> list[str]:
    """Return the paths that are the same as another on a card that ignores case, or are a folder of another."""
    folded = [(names.folded(path), path) for path in paths]
    count = Counter(fold for fold, _ in folded)
    parents = {"/".join(parts[:n]) for parts in (fold.split("/") for fold in count) for n in range(1, len(parts))}
    return [path for fold, path in folded if count[fold] > 1 or fold in parents]


def period(count: int, total_bytes: int) -> int:
    """Return one in how many paths begins a segment, for `count` entries of `total_bytes` that are not media."""
    wanted = max(1, count * SEGMENT_BYTES // max(1, total_bytes))
    return 1 << (wanted.bit_length() - 1)


def period_of(entries: Iterable[Entry]) -> int:
    """Return the period of a collection."""
    count = total = 0
    for entry in entries:
        if not entry.is_media:
            count, total = count + 1, total + entry.size_bytes
    return period(count, total)


def segments(entries: Iterable[Entry], every: int) -> Iterator[list[Entry]]:
    """Cut entries, sorted by path, into segments."""
    segment: list[Entry] = []
    for entry in entries:
        if segment and _begins(entry.path, every):
            yield segment
            segment = []
        segment.append(entry)
    if segment:
        yield segment


def _begins(path: str, every: int) -> bool:
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8]) % every == 0


def segment_hash(segment: Iterable[Entry]) -> bytes:
    """Return the hash of a segment: a leaf of the tree, over the lines of its entries."""
    digest = hashlib.sha256(b"\0")
    for entry in segment:
        digest.update(f"{entry.label}\0{entry.sha256}\n".encode())
    return digest.digest()


def content_root(entries: Iterable[Entry], every: int) -> str:
    """Return the content root, in hex, of entries sorted by path, with the collection's period."""
    return tree_hash([segment_hash(segment) for segment in segments(entries, every)]).hex()


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash over leaf hashes (RFC 6962, section 2.1, without hashing the leaves again)."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:cut]) + tree_hash(leaves[cut:])).digest()
