"""Streams within entries: unpacked, compared, made again to the byte; what is hostile is refused."""

from __future__ import annotations

import random
import zlib
from contextlib import suppress
from dataclasses import replace

import pytest

from kiosk.errors import FormatError
from kiosk.packs import blocks, deflated, wire
from kiosk.packs.blobs import Blob
from kiosk.packs.blocks import Block
from kiosk.packs.head import Head, Route
from kiosk.packs.wire import Stream
from kiosk.publish import coding, streams
from kiosk.publish.differences import difference

WORDS = b" ".join(b"word%d:%d" % (n, n * 7919 % 10007) for n in range(3000))
OTHER = WORDS.replace(b"word1500:", b"changed:")


def inventory(text: bytes, level: int) -> bytes:
    """Return bytes that lie packed between others."""
    return b"# an inventory, version 7, x^2\n" + zlib.compress(text, level) + b"\nits end"


def decoded(coded: bytes, size: int, reference: bytes) -> bytes:
    method, data = blocks.read_coded(Stream([coded], "block"), Block(size, ()))
    return blocks.decode(method, data, size, reference, "block")


@pytest.mark.parametrize("level", [1, 5, 6, 9])
def test_a_word_changed_within_a_stream_costs_what_changed(level: int) -> None:
    old, new = inventory(WORDS, level), inventory(OTHER, level)
    coded = coding.encode(new, old)
    assert coded[0] == blocks.DEFLATED
    assert len(coded) < 100 < len(difference(new, old))
    assert decoded(coded, len(new), old) == new


def test_several_streams_in_several_entries_are_found_again() -> None:
    old = inventory(WORDS, 9) + inventory(WORDS[::-1], 6) + b"x\x9c"
    new = b"first" + inventory(OTHER, 9) + inventory(OTHER[::-1], 6) + b"x\xda" + inventory(WORDS[:5000], 1)
    found = streams.found(new)
    assert [each.level for each in found.streams] == [9, 6, 1]
    assert deflated.packed(found.data, found.streams) == new
    assert deflated.unpacked(new, found.gaps, 1 << 20, "block") == found.data
    within = streams.encode(new, old)
    assert within is not None
    assert deflated.apply(within, len(new), old, blocks.MOST_BYTES, "block") == new


def test_what_another_program_packed_is_left_as_it_is() -> None:
    packer = zlib.compressobj(9, memLevel=3)
    odd = packer.compress(WORDS) + packer.flush()
    assert streams.found(b"head" + odd) == streams.Found(b"head" + odd, (), ())
    assert streams.encode(b"head" + odd, inventory(WORDS, 9)) is None


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_found_is_made_again(seed: int) -> None:
    chance = random.Random(seed)
    parts = [
        zlib.compress(chance.choice([WORDS, chance.randbytes(3000)])[: chance.randrange(4000)], chance.randrange(10))
        if chance.random() < 0.5 else chance.randbytes(chance.randrange(50)) + b"x\x9c" * chance.randrange(3)
        for _ in range(8)
    ]  # fmt: skip
    data = b"".join(parts)
    found = streams.found(data)
    assert deflated.packed(found.data, found.streams) == data


def numbers(*values: int, tail: bytes = b"") -> bytes:
    return b"".join(wire.uvarint(value) for value in values) + tail


STREAM = zlib.compress(b"a" * 1000)
BOMB = zlib.compress(bytes(50_000_000), 9)


@pytest.mark.parametrize(
    ("data", "reference"),
    [
        (b"", STREAM),
        (numbers(1, 0), b"no stream at all"),
        (numbers(1, 3), STREAM),  # not where it was said
        (numbers(1, 2**40), STREAM),
        (numbers(1, 0), STREAM[:-3]),
        (numbers(1, 0), BOMB),
        (numbers(2, 0, 0), STREAM),  # one stream, two were said
        (numbers(2**30), STREAM),
        (numbers(0, 2**30), STREAM),  # more than a block may have
        (numbers(0, 4, 1, 0, 6, 9), STREAM),  # a stream of more than there is
        (numbers(0, 4, 1, 0, 77, 4), STREAM),  # no such level
        (numbers(0, 4, 2**20), STREAM),
        (numbers(0, 4, 0, 1, 4, 0, 0, 0), STREAM),  # other bytes than were said
        (numbers(0, 4, 0, 1, 0, 4, 0, 0, tail=b"abcdmore"), STREAM),
        (b"\xff" * 20, STREAM),
    ],
)
def test_a_hostile_block_is_refused(data: bytes, reference: bytes) -> None:
    with pytest.raises(FormatError):
        deflated.apply(data, 12, reference, blocks.MOST_BYTES, "block")


@pytest.mark.parametrize("seed", range(40))
def test_a_spoiled_block_is_refused_or_makes_as_many_bytes_as_were_said(seed: int) -> None:
    chance, old, new = random.Random(seed), inventory(WORDS, 9), inventory(OTHER, 9)
    data = bytearray(streams.encode(new, old) or b"")
    for _ in range(50):
        spoiled = bytearray(data)
        spoiled[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(FormatError):  # and nothing else
            assert len(deflated.apply(bytes(spoiled), len(new), old, blocks.MOST_BYTES, "block")) == len(new)


def test_what_old_and_new_hold_together_is_bounded() -> None:
    reference = zlib.compress(bytes(blocks.MOST_BYTES - 1000))
    fits = numbers(1, 0, 1000, 0, 1, 0, 1000, 0, 0, tail=b"n" * 1000)
    assert deflated.apply(fits, 1000, reference, blocks.MOST_BYTES, "block") == b"n" * 1000
    with pytest.raises(FormatError):
        deflated.apply(numbers(1, 0, 1001), 1001, reference, blocks.MOST_BYTES, "block")


def test_a_kiosk_that_makes_streams_otherwise_takes_another_route(monkeypatch: pytest.MonkeyPatch) -> None:
    full, patch = Route((Blob("a" * 64, 900, None),), 0), Route((Blob("b" * 64, 10, None),), 0, "c" * 16)
    head = Head(
        "members", 2, "d" * 64, 100, 1000, 1000, 1, ("book",), full, (replace(patch, needs=(deflated.DEFLATE,)),)
    )
    assert head.route_from("c" * 64).route_bytes == 10
    monkeypatch.setattr(deflated, "is_usual", lambda: False)
    assert head.route_from("c" * 64) is head.full
    assert streams.encode(inventory(OTHER, 9), inventory(WORDS, 9)) is None


def test_a_route_that_needs_what_is_not_known_yet_is_not_taken() -> None:
    full, patch = Route((Blob("a" * 64, 900, None),), 0), Route((Blob("b" * 64, 10, None),), 0, "c" * 16, ("quantum",))
    assert Head("members", 2, "d" * 64, 100, 1000, 1000, 1, ("book",), full, (patch,)).route_from("c" * 64) is full


def test_the_proof_notices_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deflated._proof() == deflated.KNOWN
    real = zlib.compress
    monkeypatch.setattr(zlib, "compress", lambda data, level: real(data, 8 if level == 9 else level))
    assert deflated._proof() != deflated.KNOWN
