"""The header of a ZIM book: a whole one passes, a broken one is refused by name."""

from __future__ import annotations

import io
import struct

import pytest

from kiosk.errors import FormatError
from kiosk.packs.zim import HEADER, MAGIC, has_full_text_index, inspect
from tests.making import BOOK_ID, zim_bytes


def test_a_whole_book_passes() -> None:
    header = inspect(io.BytesIO(zim_bytes()), "a.zim")
    assert (header.uuid, header.entries) == (BOOK_ID, 3)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is not a ZIM book"),
        (b"PK\x03\x04" + b"x" * 200, "is not a ZIM book"),
        (zim_bytes()[:-30], "has 166 bytes, but its header speaks of 196"),
        (zim_bytes() + b"more", "its header speaks of"),
        (zim_bytes()[:-20] + b"y" + zim_bytes()[-19:], "its checksum does not fit"),
        (zim_bytes(major=9), "ZIM version 9 is not known"),
        (zim_bytes(pointer=10**9), "lies outside the file"),
        (zim_bytes(pointer=2**64 - 1), "lies outside the file"),  # it has no list of paths at all
        (struct.pack("<I", MAGIC), "is not a ZIM book"),
    ],
)
def test_a_broken_book_is_refused_by_name(data: bytes, told: str) -> None:
    with pytest.raises(FormatError, match=r"^a\.zim: ") as refusal:
        inspect(io.BytesIO(data), "a.zim")
    assert told in refusal.value.message
    assert refusal.value.hint


def entries_book(paths: list[bytes]) -> io.BytesIO:
    """Return a book whose list of paths is real and whose content is not."""
    table_at = HEADER.size
    entry_at = table_at + 8 * len(paths)
    table = entries = b""
    for path in paths:
        table += struct.pack("<Q", entry_at + len(entries))
        entries += struct.pack("<HBcIII", 0, 0, path[:1], 0, 0, 0) + path[1:] + b"\0\0"
    return io.BytesIO(zim_bytes(table + entries + b"x" * 20, entries=len(paths), pointer=table_at))


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ([b"Ca", b"Cb", b"Mx", b"Xfulltext/xapian", b"Xtitle/xapian"], True),
        ([b"Ca", b"Z/fulltextIndex/xapian"], True),
        ([b"Xfulltext/xapian"], True),
        ([b"Ca", b"Cb", b"Xtitle/xapian"], False),
        ([], False),
    ],
)
def test_a_full_text_index_is_found_by_its_path(paths: list[bytes], found: bool) -> None:
    file = entries_book(paths)
    assert has_full_text_index(file, inspect(file, "a.zim")) is found
