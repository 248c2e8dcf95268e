"""Making the difference between old bytes and new (docs/formats/pack.md, "Routes", method 2).

The publisher's half of `packs.difference`; the search for what is alike is bsdiff's.
"""

from __future__ import annotations

import re
import struct

import bsdiff4.core

from kiosk.packs import wire

RUN = re.compile(rb"[^\0](?:\0?[^\0])*", re.DOTALL)
"""Difference bytes that are not zero; one zero between two such costs less than a new run."""


def difference(target: bytes, reference: bytes) -> bytes:
    """Return the difference that makes `target` from `reference`."""
    raw, added, inserted = bsdiff4.core.diff(reference, target)
    numbers = [_signed(number) for number in struct.unpack(f"<{len(raw) // 8}Q", raw)]
    out = bytearray(wire.uvarint(len(numbers) // 3))
    for take, insert, seek in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
        out += wire.uvarint(take) + wire.uvarint(insert) + wire.svarint(seek)
    runs = list(RUN.finditer(added))
    out += wire.uvarint(len(runs))
    end = 0
    for run in runs:
        out += wire.uvarint(run.start() - end) + wire.uvarint(run.end() - run.start())
        end = run.end()
    return bytes(out) + b"".join(run[0] for run in runs) + bytes(inserted)


def _signed(number: int) -> int:
    # bsdiff writes sign and magnitude, not two's complement.
    return number if number < 1 << 63 else (1 << 63) - number
