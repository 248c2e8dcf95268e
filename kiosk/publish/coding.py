"""Coding a block: the method that tells new bytes in the fewest, given old ones (docs/formats/pack.md, "Routes", 3).

The publisher's half of `packs.blocks` and `packs.difference`; the search for what is alike is bsdiff's.
"""

from __future__ import annotations

import re
import struct

import bsdiff4.core

from kiosk.packs import wire
from kiosk.packs.blocks import DIFFERENCE, PREFIX, RAW
from kiosk.packs.route import guessed_bytes, squeeze, squeezed_bytes

RUN = re.compile(rb"[^\0](?:\0?[^\0])*", re.DOTALL)
"""Difference bytes that are not zero; one zero between two such costs less than a new run."""

SMALL_BYTES = 64 * 1024
"""Of so few bytes all is tried."""
GAIN = 0.5
"""The best compression makes of the bytes that a quick one leaves no fewer than this share: 0.68 is the least seen."""


def encode(target: bytes, reference: bytes) -> bytes:
    """Return the block that makes `target` from `reference` in the fewest bytes, as method and data."""
    if not reference:
        return bytes([RAW]) + wire.text(target)
    # The body's own compression comes on top: what each choice costs is what that makes of it, taken alone.
    told = difference(target, reference)
    choices = [(squeezed_bytes(told), DIFFERENCE, told)]
    if _hopeful(target, reference, choices[0][0]):
        frame = squeeze(target, reference)
        choices.append((len(frame), PREFIX, frame))
    if _hopeful(target, b"", min(choices)[0]):
        choices.append((squeezed_bytes(target), RAW, target))
    _, method, data = min(choices)
    return bytes([method]) + wire.text(data)


def _hopeful(target: bytes, reference: bytes, best: int) -> bool:
    """Tell whether compressing as well as can be, which takes seconds, may come below `best`."""
    return len(target) < SMALL_BYTES or guessed_bytes(target, reference) * GAIN < best


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
