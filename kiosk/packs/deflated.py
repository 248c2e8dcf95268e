"""Compressed streams within entries: what they hold is compared, and then compressed again as it was.

An inventory, an icon or a PDF within a book is compressed by itself, and one word changed in it makes all its bytes
others. So bytes are **unpacked**: each stream that a publisher names gives way to what it holds. Source:
docs/formats/pack.md, "Routes", method 3; zlib's streams (RFC 1950), made with its window of 32 KiB, its memory level 8
and its own strategy. Pure: bytes in, bytes out. True always: nothing that is unpacked is larger than was allowed.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from kiosk.errors import FormatError
from kiosk.packs import difference, wire
from kiosk.packs.wire import Stream

DEFLATE = "deflate"
"""What a route needs of its reader that has such blocks (`head.Route.needs`)."""
MOST_STREAMS = 1024
"""In a block, on either side."""
PIECE_BYTES = 64 * 1024
LEVELS = range(10)
KNOWN = "93905f01c1788cdbc2475659d3c8aabea0f7c76aaca84e48c79bb0284a8d0cd0"
"""What `_proof` returns where streams are made as nearly all the world makes them."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A stream to be made: how many bytes lie between the last one and it, its level, and how many bytes it holds."""

    gap: int
    level: int
    size_bytes: int


def apply(data: bytes, size: int, reference: bytes, most_bytes: int, name: str) -> bytes:
    """Return the `size` bytes that a difference between unpacked bytes makes; these, old and new together, are at most
    `most_bytes`.

    Raises:
        FormatError: it is not such a difference, or makes another number of bytes.
    """
    source = Stream([data], name)
    gaps = [wire.read_uvarint(source, len(reference)) for _ in range(wire.read_uvarint(source, MOST_STREAMS))]
    old = unpacked(reference, gaps, most_bytes, name)
    new_size = wire.read_uvarint(source, most_bytes - len(old))
    most = new_size, LEVELS[-1], new_size
    streams = [
        Packed(*(wire.read_uvarint(source, each) for each in most))
        for _ in range(wire.read_uvarint(source, MOST_STREAMS))
    ]
    if sum(each.gap + each.size_bytes for each in streams) > new_size:
        raise FormatError(f"{name}: a block holds another number of bytes than was said")
    rest = b"".join(iter(source.some, b""))
    out = packed(difference.apply(rest, new_size, old, name), streams)
    if len(out) != size:
        raise FormatError(f"{name}: a block makes {len(out)} bytes, and {size} were said")
    return out


def unpacked(data: bytes, gaps: Iterable[int], most_bytes: int, name: str) -> bytes:
    """Return bytes unpacked; `gaps` are the bytes between the end of a stream and the start of the next.

    Raises:
        FormatError: there is no stream, or they are more than `most_bytes` in all.
    """
    out, at = bytearray(), 0
    for gap in gaps:
        out += data[at : at + gap]
        at += gap
        held, at = inflated(data, at, most_bytes - len(out), name)
        out += held
    out += data[at:]
    if len(out) > most_bytes:
        raise FormatError(f"{name}: a block and its references are too large when they are unpacked")
    return bytes(out)


def inflated(data: bytes, start: int, most_bytes: int, name: str) -> tuple[bytes, int]:
    """Return what a stream holds, and where it ends.

    Raises:
        FormatError: there is none that is whole, or it holds more than `most_bytes`.
    """
    decoder, out, at = zlib.decompressobj(), bytearray(), start
    try:
        while not decoder.eof and at < len(data) and len(out) <= most_bytes:
            piece = decoder.unconsumed_tail or data[at : at + PIECE_BYTES]
            out += decoder.decompress(piece, most_bytes + 1 - len(out))
            at += len(piece) - len(decoder.unconsumed_tail) - len(decoder.unused_data)
    except zlib.error as error:
        raise FormatError(f"{name}: there is no compressed stream at {start}: {error}") from error
    if not decoder.eof or len(out) > most_bytes:
        raise FormatError(f"{name}: the compressed stream at {start} is cut short, or holds too much")
    return bytes(out), at


def packed(data: bytes, streams: Sequence[Packed]) -> bytes:
    """Return unpacked bytes as they were: the reverse of `unpacked`."""
    out, at = bytearray(), 0
    for each in streams:
        out += data[at : at + each.gap]
        at += each.gap + each.size_bytes
        out += zlib.compress(data[at - each.size_bytes : at], each.level)
    return bytes(out + data[at:])


@cache
def is_usual() -> bool:
    """Tell whether this machine makes streams as publishers do; where it does not, such patches are of no use to it."""
    return _proof() == KNOWN


def _proof() -> str:
    # Text with near and far repeats, all levels: other libraries, and those with hardware for it, differ in some.
    text = b"".join(
        b"%d bottles of beer on the wall, %x of them green.\n" % (n, n * n * 2654435761) for n in range(4000)
    )
    found = hashlib.sha256()
    for level in LEVELS:
        found.update(zlib.compress(text, level))
    return found.hexdigest()
