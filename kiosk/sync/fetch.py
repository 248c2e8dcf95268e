"""Fetching: from a mirror's blobs to verified files in the kiosk's store.

True always: a file lies in `objects/` only when every byte of it was verified and is on the card. A part that was
verified stays in `parts/` and is not fetched again.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from kiosk.errors import TrustError
from kiosk.packs import blobs
from kiosk.packs.manifest import Entry
from kiosk.store.state import State, sync_folder, write_durably
from kiosk.sync.mirrors import Mirror


def blob(mirror: Mirror, sha256: str, size_bytes: int) -> bytes:
    """Return a small blob, such as a manifest, from the mirror.

    Raises:
        TrustError: its bytes are not those that were signed.
        MirrorError: the mirror can not be reached or lacks it.
    """
    data = bytearray()
    for piece in mirror.read(blobs.location(sha256)):
        data += piece
        if len(data) > size_bytes:
            break
    if len(data) != size_bytes or hashlib.sha256(data).hexdigest() != sha256:
        raise _wrong(mirror, sha256)
    return bytes(data)


def file(mirror: Mirror, entry: Entry, state: State) -> None:
    """Fetch one file into `objects/`, blob by blob; goes on after the last whole blob of an earlier try.

    Raises:
        TrustError: a blob's bytes are not those that were signed.
        MirrorError: the mirror can not be reached or lacks a blob.
    """
    part = state.parts / f"{entry.sha256}.part"
    _fetch_blobs(mirror, entry, part)
    with part.open("rb") as stream:
        if len(entry.pieces()) > 1 and hashlib.file_digest(stream, "sha256").hexdigest() != entry.sha256:
            part.unlink()
            raise TrustError(f"{entry.path}: its blobs do not make up the file that was signed")
    keep(part, state.object_path(entry.sha256))


def _fetch_blobs(mirror: Mirror, entry: Entry, part: Path) -> None:
    # What a cut left after the last whole blob was never verified: it is written over.
    done, start = part.stat().st_size if part.exists() else 0, 0
    with part.open("r+b" if part.exists() else "w+b") as stream:
        for sha256, size in entry.pieces():
            if start + size > done or _sha256_at(stream, start, size) != sha256:
                stream.seek(start)
                stream.truncate()
                done = start
                _append(mirror, sha256, size, stream)
            start += size
        stream.truncate(start)


def _append(mirror: Mirror, sha256: str, size: int, stream: BinaryIO) -> None:
    digest, got = hashlib.sha256(), 0
    for piece in mirror.read(blobs.location(sha256)):
        got += len(piece)
        if got > size:
            break
        digest.update(piece)
        stream.write(piece)
    if got != size or digest.hexdigest() != sha256:
        raise _wrong(mirror, sha256)
    stream.flush()
    os.fsync(stream.fileno())


def _sha256_at(stream: BinaryIO, start: int, size: int) -> str:
    digest = hashlib.sha256()
    stream.seek(start)
    while size and (piece := stream.read(min(size, 1 << 20))):
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()


def keep(part: Path, target: Path) -> None:
    """Move a verified file to its final place, durably."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    part.chmod(0o444)
    part.rename(target)
    sync_folder(target.parent)


def keep_bytes(data: bytes, sha256: str, state: State) -> None:
    """Keep verified bytes as an object."""
    part = state.parts / f"{sha256}.part"
    write_durably(part, data)
    keep(part, state.object_path(sha256))


def _wrong(mirror: Mirror, sha256: str) -> TrustError:
    return TrustError(
        f"{mirror.name}/{blobs.location(sha256)}: its bytes are not those that were signed",
        "the mirror is broken, or someone changed it; what is installed stays as it is",
    )
