"""The content of one pack version, at hand for encoding: its manifest, its entries, and their bytes by hash.

Owns: a folder of files named by SHA-256, and unpacking a version into it from its full route.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import FormatError, TrustError
from kiosk.packs import blobs, route, unpack
from kiosk.packs import manifest as manifests
from kiosk.packs.collection import Entry, content_root, period_of
from kiosk.packs.head import Head
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Manifest

PIECE_BYTES = 1 << 20


class Content:
    """Files by hash, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Keep a file that comes in pieces; return its SHA-256 and size."""
        digest, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                digest.update(piece)
                size += file.write(piece)
        Path(name).rename(self.path(digest.hexdigest()))
        return digest.hexdigest(), size

    def path(self, sha256: str) -> Path:
        """Return where the file of this hash lies."""
        return self.folder / sha256

    def read(self, sha256: str) -> bytes:
        """Return the bytes of a file."""
        return self.path(sha256).read_bytes()


@dataclass(frozen=True)
class Version:
    """A pack version at hand: `entries` in collection order, media left out."""

    manifest: Manifest
    entries: tuple[Placed, ...]
    content: Content


def pieces(content: bytes | Path) -> Iterator[bytes]:
    """Yield bytes, or those of a file, in pieces."""
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def unpacked(folder: Path, head: Head, content: Content) -> Version:
    """Read the version that `head` names from the blobs in `folder` (a built pack or a repository).

    Raises:
        TrustError: a blob is missing or not what its name says, or the content is not that of the content roots.
        FormatError: the route is not of its form.
    """
    name = f"{folder}: {head.pack} {head.version}"
    body = route.open_body(checked_pieces(folder, head), route.FULL, name)
    manifest = unpack.check_manifest(unpack.full_manifest(body), head)
    found = []
    for placed, chunks in unpack.full_entries(body, head, len(manifest.items), manifest.books):
        sha256, _ = content.keep(chunks)
        entry = placed.entry
        found.append(Placed(placed.item, Entry(entry.path, entry.type, entry.title, entry.size_bytes, sha256)))
    found.sort(key=lambda placed: placed.place)
    for number, item in enumerate(manifest.in_order):
        listed = [placed.entry for placed in found if placed.item == number] + [m.entry for m in item.media]
        listed.sort(key=lambda entry: entry.path)
        if content_root(listed, period_of(listed)) != item.content_root:
            raise TrustError(f"{name}: the content of {item.id} ({item.language}) is not that of its content root")
    return Version(manifest, tuple(found), content)


def checked_pieces(folder: Path, head: Head) -> Iterator[bytes]:
    """Yield the blobs of a head's full route, each checked. Raises TrustError for one that is missing or changed."""
    for blob in head.full.blobs:
        path = folder / blobs.location(blob.sha256)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TrustError(f"{path}: can not be read: {error.strerror}", "build the pack again") from error
        if hashlib.sha256(data).hexdigest() != blob.sha256:
            raise TrustError(f"{path}: its bytes are not those that its name says", "build the pack again")
        yield data


def read_manifest(folder: Path, head: Head) -> Manifest:
    """Return the manifest that lies in a built pack's folder. Raises FormatError or TrustError."""
    path = folder / "manifest.json"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: can not be read: {error.strerror}", "run kiosk pack build") from error
    if hashlib.sha256(data).hexdigest() != head.manifest_sha256:
        raise FormatError(f"{path}: its bytes are not those that the head names", "build the pack again")
    return manifests.parse(data, str(path))
