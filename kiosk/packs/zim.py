"""The header of a ZIM book: enough to tell a whole book from a broken one, and to name it.

Source: the openZIM file format, https://wiki.openzim.org/wiki/ZIM_file_format (80-byte header, little-endian; the last
16 bytes of a file are the MD5 of all before them, and `checksumPos` points at them).
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from dataclasses import dataclass
from typing import BinaryIO

from kiosk.errors import FormatError

HEADER = struct.Struct("<IHH16sIIQQQQIIQ")
MAGIC = 0x044D495A
MAJOR_VERSIONS = (5, 6)
NO_TABLE = 2**64 - 1
"""What stands for a table that a book does not have; it must have that of its paths."""
NO_PAGE = 2**32 - 1
"""What stands for a first page that a book does not have."""
REDIRECT = 0xFFFF
REPAIR = "fetch or build the book again"


@dataclass(frozen=True)
class ZimHeader:
    """What the header says: version, the book's UUID, how many entries and clusters it has, and where its tables are.

    `main` is the number of the entry that is the first page, None where the book has none; `titles_at` is `NO_TABLE`
    where it has no such table.
    """

    major: int
    minor: int
    uuid: uuid.UUID
    entries: int
    clusters: int
    paths_at: int
    titles_at: int
    clusters_at: int
    types_at: int
    main: int | None
    checksum_at: int


def inspect(file: BinaryIO, name: str) -> ZimHeader:
    """Read and check a whole ZIM file: header, size, pointers and checksum.

    Args:
        file: the book, open for reading, seekable.
        name: what to call it in messages.

    Raises:
        FormatError: it is not a ZIM book, is cut short, or its bytes were changed.
    """
    header = read_header(file, name)
    size = file.seek(0, 2)
    if size != header.checksum_at + 16:
        raise FormatError(f"{name}: has {size} bytes, but its header speaks of {header.checksum_at + 16}", REPAIR)
    file.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    left = header.checksum_at
    while left:
        piece = file.read(min(left, 1 << 20))
        digest.update(piece)
        left -= len(piece)
    if file.read(16) != digest.digest():
        raise FormatError(f"{name}: its checksum does not fit its bytes", REPAIR)
    return header


def read_header(file: BinaryIO, name: str) -> ZimHeader:
    """Read the header alone.

    Raises:
        FormatError: this is no ZIM header, or its pointers lead outside the file it describes.
    """
    file.seek(0)
    data = file.read(HEADER.size)
    if len(data) < HEADER.size or struct.unpack_from("<I", data)[0] != MAGIC:
        raise FormatError(f"{name}: this is not a ZIM book (its first bytes are not those of one)", REPAIR)
    fields = HEADER.unpack(data)
    _, major, minor, identity, entries, clusters, *pointers, main, _, checksum_at = fields
    if major not in MAJOR_VERSIONS:
        raise FormatError(f"{name}: ZIM version {major} is not known (5 and 6 are)", "build it with newer tools")
    tables = (pointers[0], *(pointer for pointer in pointers[1:] if pointer != NO_TABLE))
    if any(not HEADER.size <= pointer < checksum_at for pointer in tables):
        raise FormatError(f"{name}: a table of this book lies outside the file", REPAIR)
    first = None if main == NO_PAGE else main
    paths_at, titles_at, clusters_at, types_at = pointers
    return ZimHeader(
        major, minor, uuid.UUID(bytes=identity), entries, clusters,
        paths_at, titles_at, clusters_at, types_at, first, checksum_at,
    )  # fmt: skip
