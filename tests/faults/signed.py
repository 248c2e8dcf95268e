"""What was signed, told anew from docs/formats/pack.md and from nothing of the product: the content roots.

With it the judge's own yardstick is checked once: the kiosks that were never disturbed serve what the heads sign.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import cast

from libzim.reader import Archive

from tests.faults.verdict import Content

Row = tuple[str, str, str, int, str]
"""Path, type, title, bytes and SHA-256 of an entry."""
MEDIA = ("audio/", "video/", "application/x-zim")
SEGMENT_BYTES = 512 * 1024
LARGEST_BYTES = 32 * 1024 * 1024


def check(content: Content, folder: Path, heads: dict[str, str]) -> None:
    """Hold what a kiosk serves in `folder` against heads: pack -> the SHA-256 of its manifest."""
    files = dict(content.tree)
    assert files.pop("library.xml")
    for pack, manifest_sha256 in heads.items():
        manifest = (folder / pack / "manifest.json").read_bytes()
        assert sha256(manifest).hexdigest() == manifest_sha256
        assert files.pop(f"{pack}/manifest.json") == manifest_sha256
        for item in json.loads(manifest)["items"]:
            key = (pack, item["id"], item["language"])
            place = "/".join(key)
            if book := item["attributes"].get("zim"):
                check_book(files, folder, f"{place}/{item['attributes']['file']}", book["sha256"])
                continue
            entries = cast("list[Row]", [row[3:] for row in content.rows["entries"] if row[:3] == key])
            assert content_root(entries) == item["content_root"]
            for path, _, _, size, digest in entries:
                assert files.pop(f"{place}/{path}") == digest
                assert (folder / place / path).stat().st_size == size
    assert not files, sorted(files)


def check_book(files: dict[str, str], folder: Path, zim: str, digest: str) -> None:
    """Hold a book that came entry by entry against the SHA-256 that its item has, and take its files out of `files`."""
    beside = zim.rpartition("/")[0]
    assert files.pop(zim) == digest
    assert files.pop(f"{beside}/book.entries"), "what the next edition is compared with"
    cover = Archive(folder / zim).get_illustration_item(48).content
    assert files.pop(f"{beside}/cover.png") == sha256(bytes(cover)).hexdigest()


def content_root(entries: Sequence[Row]) -> str:
    """Return the content root of entries."""
    every = period([row for row in entries if not is_media(row)])
    segments: list[list[Row]] = []
    for row in sorted(entries):
        first = int.from_bytes(sha256(row[0].encode()).digest()[:8], "big")
        if not segments or first % every == 0:
            segments.append([])
        segments[-1].append(row)
    leaves = [sha256(b"\0" + b"".join(line(row) for row in segment)).digest() for segment in segments]
    return tree_hash(leaves).hex()


def period(routed: Sequence[Row]) -> int:
    """Return the largest power of two that makes segments of about half a megabyte."""
    limit = max(1, len(routed) * SEGMENT_BYTES // max(1, sum(int(row[3]) for row in routed)))
    return 1 << (limit.bit_length() - 1)


def is_media(row: Row) -> bool:
    """Tell whether an entry travels by itself."""
    return bool(row[1].startswith(MEDIA)) or int(row[3]) > LARGEST_BYTES


def line(row: Row) -> bytes:
    """Return the line of an entry."""
    return "\0".join([*row[:3], str(row[3]), row[4]]).encode() + b"\n"


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the hash of a tree as in RFC 6962, of leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256().digest()
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree_hash(leaves[:half]) + tree_hash(leaves[half:])).digest()
