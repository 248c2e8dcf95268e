"""The backup as a file: an archive (tar) whose first member tells what is in it and whose last lists hashes, sealed.

head.json, kiosk.sqlite3, secrets/cards, then papers, photos and voice, then manifest.txt (docs/formats/backup.md).
True always: nothing of a file is believed before it was checked; a name that is not of the few forms below, a link, a
name that comes twice, more bytes than were announced: each ends the reading; memory does not grow with the file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO

from kiosk.errors import FormatError, StoreError
from kiosk.store import sealed, typed
from kiosk.store.db import from_text, to_text
from kiosk.store.state import sync_folder

VERSION = 1
HEAD, DATABASE, CARDS, MANIFEST = "head.json", "kiosk.sqlite3", "secrets/cards", "manifest.txt"
UPLOADS = ("documents", "pictures", "attachments", "recordings", "notices")
"""Folders of the state that a backup takes along."""
NAME = re.compile(rf"(?:{'|'.join(UPLOADS)})(?:/[0-9a-f]{{2}})?/[0-9A-Za-z][0-9A-Za-z_-]{{0,80}}(?:\.[0-9a-z]{{1,8}})*")
BLOCK, PIECE = 512, 1 << 16
MOST_HEAD, MOST_MEMBER, MOST_BYTES, MOST_NAME = 20_000, 8 << 30, 1 << 50, 60
YEARS = range(2000, 9000)
"""In which a backup was made: a moment at the very end of all time has no local time, and its pages no end."""
PLAIN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Head:
    """What a backup tells about itself. `schema` is that of its database, `size_bytes` the sum of all its files,
    `counts` what is in it: "members", "operators", "papers", "posts".
    """

    made_at: datetime
    kiosk: str
    schema: int
    counts: dict[str, int]
    size_bytes: int


def write(out: BinaryIO, head: Head, state: Path, database: Path, cards: str, recipient: str) -> None:
    """Write a backup.

    Args:
        state: the folder in which `UPLOADS` lie.
        database: a copy that nobody changes.
        cards: the secret of the cards.
        recipient: whose key opens it.

    Raises:
        StoreError: a file changed while it was read.
    """
    sealed.seal(_archive(head, state, database, cards), out, recipient)


def uploads(state: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the path of each file of `UPLOADS`; what is on its way here only is left out."""
    for folder in UPLOADS:
        for path in sorted((state / folder).rglob("*")):
            name = path.relative_to(state).as_posix()
            if NAME.fullmatch(name) and path.is_file() and not path.is_symlink():
                yield name, path


def _archive(head: Head, state: Path, database: Path, cards: str) -> Iterator[bytes]:
    told = json.dumps({"version": VERSION, **asdict(head), "made_at": to_text(head.made_at)}).encode()
    with SpooledTemporaryFile(max_size=1_000_000) as manifest:
        yield from _member(HEAD, io.BytesIO(told), len(told), manifest)
        with database.open("rb") as file:
            yield from _member(DATABASE, file, database.stat().st_size, manifest)
        yield from _member(CARDS, io.BytesIO(cards.encode()), len(cards), manifest)
        for name, path in uploads(state):
            try:
                file = path.open("rb")
            except FileNotFoundError:  # a photo was hidden meanwhile
                continue
            with file:
                yield from _member(name, file, os.fstat(file.fileno()).st_size, manifest)
        size = manifest.tell()
        manifest.seek(0)
        yield from _member(MANIFEST, manifest, size)
    yield bytes(2 * BLOCK)


def _member(name: str, file: IO[bytes], size: int, manifest: IO[bytes] | None = None) -> Iterator[bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    yield info.tobuf(tarfile.USTAR_FORMAT)
    digest, left = hashlib.sha256(), size
    while left:
        piece = file.read(min(left, PIECE))
        if not piece:
            raise StoreError(f"{name}: changed while it was read", "make the backup again")
        digest.update(piece)
        left -= len(piece)
        yield piece
    yield bytes(-size % BLOCK)
    if manifest:
        manifest.write(_line(digest.hexdigest(), name))


def _line(digest: str, name: str) -> bytes:
    return f"{digest}  {name}\n".encode()  # as sha256sum writes and checks it


def look(file: BinaryIO, key: str) -> Head:
    """Return what a backup tells about itself; reads its beginning only.

    Raises:
        InvalidInput: the key does not open it.
        FormatError: it is no backup, damaged, or of another version.
    """
    with sealed.opened(file, key) as stream:
        name, size = _header(stream)
        return _head(stream, name, size, None)


def unpack(file: BinaryIO, key: str, folder: Path) -> Head:
    """Put all files of a backup into an empty folder, on the card, and check each.

    Raises:
        InvalidInput: the key does not open it.
        FormatError: it is no backup, damaged, not whole, or of another version.
    """
    with sealed.opened(file, key) as stream, SpooledTemporaryFile(max_size=1_000_000) as manifest:
        name, size = _header(stream)
        head = _head(stream, name, size, manifest)
        left = head.size_bytes
        while (name := _next(stream, manifest, folder, left)) != MANIFEST:
            left -= (folder / name).stat().st_size
        while rest := stream.read(PIECE):
            if rest.strip(b"\0"):
                raise _not_whole()
    for made in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(made)
    for needed in (DATABASE, CARDS):
        if not (folder / needed).is_file():
            raise FormatError("there is no database in this backup")
    if not PLAIN.fullmatch((folder / CARDS).read_text("ascii", "replace")):
        raise FormatError("the key of the members' cards in this backup is not in order")
    return head


def _next(stream: BinaryIO, manifest: IO[bytes], folder: Path, left: int) -> str:
    name, size = _header(stream)
    if name == MANIFEST:
        _compare(stream, size, manifest)
        return name
    if name not in (DATABASE, CARDS) and not NAME.fullmatch(name):
        raise FormatError(f"the backup holds a name that is none: {name[:80]!r}")
    if size > left:
        raise FormatError("the backup holds more than it says")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as out:
            digest = hashlib.sha256()
            for piece in _body(stream, size):
                digest.update(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
    except FileExistsError as error:
        raise FormatError(f"the backup holds a file twice: {name}") from error
    manifest.write(_line(digest.hexdigest(), name))
    return name


def _compare(stream: BinaryIO, size: int, manifest: IO[bytes]) -> None:
    if size != manifest.tell():
        raise _not_whole()
    manifest.seek(0)
    for piece in _body(stream, size):
        if piece != manifest.read(len(piece)):
            raise _not_whole()


def _header(stream: BinaryIO) -> tuple[str, int]:
    block = stream.read(BLOCK)
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise _not_whole() from error
    # Only plain files: no links, no folders, no long names or other extensions of the format.
    if info.type != tarfile.REGTYPE or not 0 <= info.size <= MOST_MEMBER:
        raise FormatError("the backup holds something that is not a file")
    return info.name, info.size


def _body(stream: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = stream.read(min(left, PIECE))
        if not piece:
            raise _not_whole()
        left -= len(piece)
        yield piece
    if stream.read(-size % BLOCK).strip(b"\0"):
        raise _not_whole()


def _head(stream: BinaryIO, name: str, size: int, manifest: IO[bytes] | None) -> Head:
    if name != HEAD or size > MOST_HEAD:
        raise FormatError("this file is not a backup of a kiosk")
    data = b"".join(_body(stream, size))
    try:
        value: dict[str, Any] = json.loads(data)
        if value["version"] != VERSION:
            raise FormatError(
                f"this backup is of version {str(value['version'])[:20]}, this kiosk knows {VERSION}",
                "install the newest version of the kiosk",
            )
        head = Head(
            from_text(value["made_at"]),
            # It is shown before anybody agrees, and kept in the list of acts: as if somebody had typed it.
            typed.clean(str(value["kiosk"])[:MOST_NAME], "kiosk", MOST_NAME, one_line=True, may_be_empty=True),
            int(value["schema"]),
            {str(what)[:20]: int(count) for what, count in value["counts"].items()},
            int(value["size_bytes"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise FormatError("what the backup tells about itself can not be read") from error
    if head.made_at.year not in YEARS or not 0 < head.size_bytes < MOST_BYTES:
        raise FormatError("the backup tells of a moment, or a size, that no backup has")
    if manifest:
        manifest.write(_line(hashlib.sha256(data).hexdigest(), HEAD))
    return head


def _not_whole() -> FormatError:
    return FormatError("the backup is damaged or not whole", "take another one")
