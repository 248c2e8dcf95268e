"""Finding the compressed streams within entries that can be made again to the byte (docs/formats/pack.md, method 3).

The publisher's half of `packs.deflated`. True always: what is found, packed again, is what was given.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from kiosk.errors import FormatError
from kiosk.packs import deflated, wire
from kiosk.packs.blocks import MOST_BYTES
from kiosk.packs.deflated import MOST_STREAMS, Packed
from kiosk.publish.differences import difference

HEADER = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
"""How a stream with zlib's window begins; the second byte tells of which levels it may be."""
LEVELS = {0x01: (1, 0), 0x5E: (5, 4, 3, 2), 0x9C: (6,), 0xDA: (9, 8, 7)}
LEAST_BYTES = 128
"""To tell of a stream costs about ten bytes; one that holds less is left as it is."""


@dataclass(frozen=True, slots=True)
class Found:
    """Bytes unpacked: the streams they had, and where these lay (`gaps`, in the packed bytes)."""

    data: bytes
    streams: tuple[Packed, ...]
    gaps: tuple[int, ...]


def found(data: bytes) -> Found:
    """Return bytes unpacked; with no streams, and as they were, where there is none to be made again."""
    out, streams, gaps = bytearray(), list[Packed](), list[int]()
    done = at = 0  # what lies before is in `out`; what lies before was looked at
    told = 0
    while len(streams) < MOST_STREAMS and (match := HEADER.search(data, at)) is not None:
        start = at = match.start()
        whole = _stream(data, start)
        if whole is None:
            at += 1
            continue
        held, end, level = whole
        out += data[done:start]
        streams.append(Packed(len(out) - told, level, len(held)))
        gaps.append(start - done)
        out += held
        told, done, at = len(out), end, end
    return Found(bytes(out + data[done:]), tuple(streams), tuple(gaps))


def _stream(data: bytes, start: int) -> tuple[bytes, int, int] | None:
    # What the stream holds, where it ends, and the level that makes it again.
    try:
        held, end = deflated.inflated(data, start, MOST_BYTES, "stream")
    except FormatError:
        return None
    if len(held) < LEAST_BYTES:
        return None
    for level in LEVELS[data[start + 1]]:
        if zlib.compress(held, level) == data[start:end]:
            return held, end, level
    return None


def encode(target: bytes, reference: bytes) -> bytes | None:
    """Return the data of method 3 that makes `target` from `reference`; None where that is of no use, or too large."""
    if not deflated.is_usual():
        return None
    new, old = found(target), found(reference)
    if not new.streams or not old.streams or len(new.data) + len(old.data) > MOST_BYTES:
        return None
    out = bytearray(wire.uvarint(len(old.gaps)))
    for gap in old.gaps:
        out += wire.uvarint(gap)
    out += wire.uvarint(len(new.data)) + wire.uvarint(len(new.streams))
    for each in new.streams:
        out += wire.uvarint(each.gap) + wire.uvarint(each.level) + wire.uvarint(each.size_bytes)
    return bytes(out) + difference(new.data, old.data)
