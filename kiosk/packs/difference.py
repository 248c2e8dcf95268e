"""Differences: a block said as what to take from old bytes, where, and what to change in them.

Source: docs/formats/pack.md, "Routes", method 2; after C. Percival, "Naive differences of executable code" (2003), but
with the difference bytes told by runs, since nearly all of them are zero. Pure: bytes in, bytes out. True always: what
comes out has the size that was said, and nothing is read outside the references.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kiosk.errors import FormatError
from kiosk.packs import wire
from kiosk.packs.wire import Stream

Control = tuple[int, int, int]
"""How many bytes to take from the references, how many new ones follow, and how far to move then."""
Run = tuple[int, int]
"""How many taken bytes stay as they are, and how many after them change."""


def apply(data: bytes, size: int, reference: bytes, name: str) -> bytes:
    """Return the `size` bytes that a difference makes of its references.

    Raises:
        FormatError: it is not a difference, or makes another number of bytes.
    """
    source = Stream([data], name)
    controls = [
        (wire.read_uvarint(source, size), wire.read_uvarint(source, size), wire.read_svarint(source))
        for _ in range(wire.read_uvarint(source, len(data) // 3))
    ]
    runs = [
        (wire.read_uvarint(source, size), wire.read_uvarint(source, size))
        for _ in range(wire.read_uvarint(source, len(data) // 2))
    ]
    taken, inserted = sum(control[0] for control in controls), sum(control[1] for control in controls)
    if taken + inserted != size or sum(skip + count for skip, count in runs) > taken:
        raise FormatError(f"{name}: a block holds another number of bytes than was said")
    changed, fresh = source.read(sum(count for _, count in runs)), source.read(inserted)
    if not source.at_end():
        raise FormatError(f"{name}: something follows a block's last byte")
    old = _taken(controls, reference)
    for at, some in _changes(runs, changed):
        end = at + len(some)
        old[at:end] = bytes((a + b) & 255 for a, b in zip(old[at:end], some, strict=True))
    return _joined(controls, old, fresh)


def _taken(controls: Sequence[Control], reference: bytes) -> bytearray:
    # All bytes that are taken from the references, end to end; 0 for those outside.
    out, position = bytearray(), 0
    for take, _, seek in controls:
        part = reference[max(0, position) : max(0, position + take)]
        before = min(take, max(0, -position))
        out += bytes(before) + part + bytes(take - before - len(part))
        position += take + seek
    return out


def _changes(runs: Sequence[Run], changed: bytes) -> Iterator[tuple[int, bytes]]:
    at = used = 0
    for skip, count in runs:
        at += skip
        yield at, changed[used : used + count]
        at, used = at + count, used + count


def _joined(controls: Sequence[Control], old: bytearray, fresh: bytes) -> bytes:
    out, took, used = bytearray(), 0, 0
    for take, insert, _ in controls:
        out += memoryview(old)[took : took + take]
        out += memoryview(fresh)[used : used + insert]
        took, used = took + take, used + insert
    return bytes(out)
