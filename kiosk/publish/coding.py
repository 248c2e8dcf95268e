"""Coding a block: the method that tells new bytes in the fewest, given old ones (docs/formats/pack.md, "Routes", 3).

The publisher's half of `packs.blocks`.
"""

from __future__ import annotations

from kiosk.packs import wire
from kiosk.packs.blocks import DEFLATED, DIFFERENCE, PREFIX, RAW
from kiosk.packs.route import guessed_bytes, squeeze, squeezed_bytes
from kiosk.publish import streams
from kiosk.publish.differences import difference

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
    within = streams.encode(target, reference)
    if within is not None:
        choices.append((squeezed_bytes(within), DEFLATED, within))
    if _hopeful(target, reference, min(choices)[0]):
        frame = squeeze(target, reference)
        choices.append((len(frame), PREFIX, frame))
    if _hopeful(target, b"", min(choices)[0]):
        choices.append((squeezed_bytes(target), RAW, target))
    _, method, data = min(choices)
    return bytes([method]) + wire.text(data)


def _hopeful(target: bytes, reference: bytes, best: int) -> bool:
    """Tell whether compressing as well as can be, which takes seconds, may come below `best`."""
    return len(target) < SMALL_BYTES or guessed_bytes(target, reference) * GAIN < best
