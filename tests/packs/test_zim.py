"""The header of a ZIM book: a whole one passes, a broken one is refused by name."""

from __future__ import annotations

import hashlib
import io
import struct
import uuid

import pytest

from kiosk.errors import FormatError
from kiosk.packs.zim import HEADER, MAGIC, inspect

BOOK_ID = uuid.UUID("6f1d19d0-633f-087b-fb55-7ac324ff9baf")


def book(body: bytes = b"x" * 100, major: int = 6, pointer: int = 90) -> bytes:
    """Return bytes that have a right header and checksum (not a book one could read)."""
    checksum_at = HEADER.size + len(body)
    head = HEADER.pack(MAGIC, major, 1, BOOK_ID.bytes, 3, 1, pointer, 90, 90, 80, 0, 2**32 - 1, checksum_at)
    return head + body + hashlib.md5(head + body).digest()


def test_a_whole_book_passes() -> None:
    header = inspect(io.BytesIO(book()), "a.zim")
    assert (header.uuid, header.entries) == (BOOK_ID, 3)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is not a ZIM book"),
        (b"PK\x03\x04" + b"x" * 200, "is not a ZIM book"),
        (book()[:-30], "has 166 bytes, but its header speaks of 196"),
        (book() + b"more", "its header speaks of"),
        (book()[:-20] + b"y" + book()[-19:], "its checksum does not fit"),
        (book(major=9), "ZIM version 9 is not known"),
        (book(pointer=10**9), "lies outside the file"),
        (struct.pack("<I", MAGIC), "is not a ZIM book"),
    ],
)
def test_a_broken_book_is_refused_by_name(data: bytes, told: str) -> None:
    with pytest.raises(FormatError, match=r"^a\.zim: ") as refusal:
        inspect(io.BytesIO(data), "a.zim")
    assert told in refusal.value.message
    assert refusal.value.hint
