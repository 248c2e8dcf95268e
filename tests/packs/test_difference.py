"""Blocks and differences: what the publisher codes, the kiosk reads back; what is hostile is refused."""

from __future__ import annotations

import random

import pytest

from kiosk.errors import FormatError
from kiosk.packs import blocks, difference, wire
from kiosk.packs.wire import Stream
from kiosk.publish import coding
from kiosk.publish.differences import difference as told


def edited(old: bytes, chance: random.Random) -> bytes:
    """Return bytes with some random edits."""
    new = bytearray(old)
    for _ in range(chance.randrange(12)):
        at, kind = chance.randrange(len(new) + 1), chance.randrange(4)
        if kind == 0:
            new[at:at] = chance.randbytes(chance.randrange(40))
        elif kind == 1:
            del new[at : at + chance.randrange(60)]
        elif kind == 2 and at < len(new):
            new[at] = chance.randrange(256)
        else:
            new[at:at] = new[: chance.randrange(200)]
    return bytes(new)


@pytest.mark.parametrize("seed", range(60))
def test_a_difference_makes_the_new_from_the_old(seed: int) -> None:
    chance = random.Random(seed)
    old = bytes(chance.choice(b"abcdef\0\xff") for _ in range(chance.randrange(1, 3000)))
    new = edited(old, chance)
    assert difference.apply(told(new, old), len(new), old, "block") == new


def test_the_same_small_edit_all_over_is_told_in_few_bytes() -> None:
    old = b"".join(b"Page %d of the manual of release 6.1.190, with words. " % n for n in range(20_000))
    new = old.replace(b"6.1.190", b"6.1.192")
    coded = coding.encode(new, old)
    assert coded[0] == blocks.DIFFERENCE
    source = Stream([coded], "block")
    method, data = blocks.read_coded(source, blocks.Block(len(new), ()))
    assert blocks.decode(method, data, len(new), old, "block") == new


def coded(*numbers: int, tail: bytes = b"") -> bytes:
    return b"".join(wire.uvarint(number) for number in numbers) + tail


@pytest.mark.parametrize(
    "data",
    [
        b"",
        coded(1, 5, 0, 0, 0),  # makes 5 bytes, 4 were said
        coded(1, 4, 0, 0, 1, 0, 9, tail=b"x" * 9),  # changes more than it takes
        coded(1, 4, 0, 0, 0, tail=b"more"),
        coded(1, 0, 4, 0, 0, tail=b"ab"),  # two of four new bytes
        coded(2**40),
        b"\xff" * 20,
    ],
)
def test_a_hostile_difference_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        difference.apply(data, 4, b"old bytes", "block")


def test_outside_the_references_stand_zeros() -> None:
    assert difference.apply(coded(2, 1, 0, 7, 3, 0, 0, 0), 4, b"ab", "block") == b"a\0\0\0"
