"""The header of a ZIM book: a whole one passes, a broken one is refused by name."""

from __future__ import annotations

import io
import struct

import pytest

from kiosk.errors import FormatError
from kiosk.packs.zim import MAGIC, inspect
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
