"""What the kiosk holds of the repository, for those who come after it: sticks and neighbours.

    mirror/metadata/ targets/ blobs/    laid out exactly as a repository
    mirror/holdings.json                which packs these are, and where the media among their blobs lie

Owns: that folder's names. True always: a name is served only if it has the form of one of a repository's names; media
are not kept twice, their blobs are cut from the installed files; what is here was verified before it came here, and is
verified again by whoever takes it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.packs import names
from kiosk.packs.blobs import Blob
from kiosk.sync.mirrors import FileMissing, open_below, pieces

MIRROR = "mirror"
LISTING = "holdings.json"
NAME = names.NAME.pattern
METADATA = re.compile(rf"metadata/(?:timestamp|[1-9][0-9]{{0,9}}\.{NAME})\.json")
TARGET = re.compile(rf"targets/{NAME}/[0-9a-f]{{64}}\.{NAME}\.json")
BLOB = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{62})")


@dataclass(frozen=True)
class Cut:
    """Where the bytes of a blob of a medium lie: in an installed file, named from the state folder."""

    blob: Blob
    file: str
    offset: int


@dataclass(frozen=True)
class Held:
    """A pack version that the kiosk can pass on.

    Args:
        target: the path of its head among the signed targets, `<channel>/<pack>.json`.
        pack, version: what it is.
        head_sha256: the head's hash.
        full: the blobs of its full route; with the media all that a kiosk needs which has nothing yet.
        other: the blobs of its patches and segments.
        media: the blobs of its media.
    """

    target: str
    pack: str
    version: int
    head_sha256: str
    full: tuple[Blob, ...]
    other: tuple[Blob, ...]
    media: tuple[Cut, ...]

    @property
    def head_path(self) -> str:
        """Where its head lies in the repository."""
        folder, _, file = self.target.rpartition("/")
        return f"targets/{folder}/{self.head_sha256}.{file}"


@dataclass(frozen=True)
class Found:
    """An open file that holds what was asked for, and where in it that lies; to be closed by who asked."""

    descriptor: int
    offset: int
    size_bytes: int


class Holdings:
    """What the kiosk whose state is in `folder` holds; a mirror like any other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / MIRROR
        self.name = "this kiosk"
        self.metered = False
        self._state = folder
        self._stamp = -1
        self._packs: tuple[Held, ...] = ()
        self._cuts: dict[str, Cut] = {}

    def packs(self) -> tuple[Held, ...]:
        """Return the pack versions that are held, by target; none before the first sync."""
        path = self.folder / LISTING
        stamp = path.stat().st_mtime_ns if path.exists() else -1
        if stamp != self._stamp:
            self._packs = _packs(path.read_bytes()) if stamp >= 0 else ()
            self._cuts = {cut.blob.sha256: cut for held in self._packs for cut in held.media}
            self._stamp = stamp
        return self._packs

    def find(self, path: str) -> Found | None:
        """Open what lies at `path` in the repository; None if it is not held, or no name of a repository."""
        if not any(form.fullmatch(path) for form in (METADATA, TARGET, BLOB)):
            return None
        try:
            descriptor = open_below(self.folder, path)
            return Found(descriptor, 0, os.fstat(descriptor).st_size)
        except OSError:
            return self._cut(path)

    def has(self, path: str) -> bool:
        """Tell whether what lies at `path` is held."""
        found = self.find(path)
        if found:
            os.close(found.descriptor)
        return found is not None

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield bytes of a file; see `Mirror.read`."""
        found = self.find(path)
        if found is None:
            raise FileMissing(f"{self.name}/{path}: is not held")
        try:
            size = found.size_bytes
            if max(start, end or 0) > size:
                raise FileMissing(f"{self.name}/{path}: only {size} bytes of it are held")
            yield from pieces(found.descriptor, found.offset + start, found.offset + (size if end is None else end))
        except OSError as error:
            raise FileMissing(f"{self.name}/{path}: can not be read: {error.strerror}") from error
        finally:
            os.close(found.descriptor)

    def _cut(self, path: str) -> Found | None:
        self.packs()
        cut = self._cuts.get(path.rpartition("/")[2]) if path.startswith("blobs/") else None
        if cut is None:
            return None
        try:
            descriptor = open_below(self._state, cut.file)
        except OSError:
            return None
        if os.fstat(descriptor).st_size < cut.offset + cut.blob.size_bytes:
            os.close(descriptor)
            return None
        return Found(descriptor, cut.offset, cut.blob.size_bytes)


def listing(packs: tuple[Held, ...]) -> bytes:
    """Return what `holdings.json` says of these packs."""
    return json.dumps(
        [
            {
                "target": held.target, "pack": held.pack, "version": held.version, "head": held.head_sha256,
                "full": [_row(blob) for blob in held.full], "other": [_row(blob) for blob in held.other],
                "media": [[*_row(cut.blob), cut.file, cut.offset] for cut in held.media],
            }
            for held in packs
        ],
        separators=(",", ":"),
    ).encode()  # fmt: skip


def _packs(data: bytes) -> tuple[Held, ...]:
    try:
        return tuple(map(_held, json.loads(data)))
    except (ValueError, KeyError, TypeError):  # as an older version of the product wrote it: the next sync writes anew
        return ()


def _row(blob: Blob) -> list[Any]:
    return [blob.sha256, blob.size_bytes, blob.leaves]


def _held(value: dict[str, Any]) -> Held:
    return Held(
        value["target"], value["pack"], value["version"], value["head"],
        tuple(Blob(*row) for row in value["full"]), tuple(Blob(*row) for row in value["other"]),
        tuple(Cut(Blob(*row[:3]), *row[3:]) for row in value["media"]),
    )  # fmt: skip
