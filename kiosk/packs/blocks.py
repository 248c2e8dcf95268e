"""The blocks of a patch: new bytes, coded against old ones.

Source: docs/formats/pack.md, "Routes", 3. Pure: bytes in, bytes out. True always: a block and its
references have at most 8 MiB (a block of 1 MiB may always be), and that is held before anything is decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kiosk.errors import FormatError
from kiosk.packs import deflated, difference, wire
from kiosk.packs.route import unsqueeze
from kiosk.packs.wire import Stream

MOST_BYTES = 8 * 1024 * 1024
"""Most of a block and its references together."""
SURE_BYTES = 1024 * 1024
"""A block of this size may always be."""
RAW, PREFIX, DIFFERENCE, DEFLATED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Reference:
    """A piece of an old entry: its number in the start, where it starts, and how many bytes (None: to the end)."""

    number: int
    start: int = 0
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """How many bytes it makes, and what they are coded against."""

    size_bytes: int
    references: tuple[Reference, ...]


def layout_to_bytes(layout: Sequence[Block]) -> bytes:
    """Return the blocks' sizes and references as they stand behind the listing delta."""
    out, last = bytearray(wire.uvarint(len(layout))), -1
    for block in layout:
        out += wire.uvarint(block.size_bytes) + wire.uvarint(len(block.references))
        for each in block.references:
            length = 0 if each.length is None else each.length + 1
            out += wire.svarint(each.number - last - 1) + wire.uvarint(each.start) + wire.uvarint(length)
            last = each.number
    return bytes(out)


def read_layout(source: Stream, most_bytes: int) -> Iterator[Block]:
    """Yield the blocks that a layout describes, at most `most_bytes` in all.

    Raises:
        FormatError: a number leads outside.
    """
    last, left = -1, most_bytes
    for _ in range(wire.read_uvarint(source)):
        size = wire.read_uvarint(source, min(left, MOST_BYTES))
        left -= size
        references = []
        for _ in range(wire.read_uvarint(source)):
            last += wire.read_svarint(source) + 1
            start, length = wire.read_uvarint(source), wire.read_uvarint(source)
            if last < 0:
                raise FormatError(f"{source.name}: a reference leads before the first entry")
            references.append(Reference(last, start, length - 1 if length else None))
        yield Block(size, tuple(references))


def read_coded(source: Stream, block: Block) -> tuple[int, bytes]:
    """Read method and data of a block. Raises FormatError when there is more than it can need."""
    method = source.read(1)[0]
    # A difference brings control numbers beside the bytes themselves.
    return method, wire.read_text(source, 2 * block.size_bytes + 1024)


def decode(method: int, data: bytes, size: int, reference: bytes, name: str) -> bytes:
    """Return the `size` bytes of a block.

    Raises:
        FormatError: the block is not what it says.
    """
    if method == RAW and len(data) == size:
        return data
    if method == PREFIX:
        return unsqueeze(data, size, name, reference)
    if method == DIFFERENCE:
        return difference.apply(data, size, reference, name)
    if method == DEFLATED:
        return deflated.apply(data, size, reference, MOST_BYTES, name)
    raise FormatError(f"{name}: a block is of no known method, or of another size than was said")


def joined(parts: Iterable[bytes | None], name: str, size: int) -> bytes | None:
    """Return a block's references joined; None, and what is behind is not asked for, where one is None.

    Raises:
        FormatError: with the block's `size` they are more than a reader must hold.
    """
    out = bytearray()
    for part in parts:
        if part is None:
            return None
        out += part
        if len(out) + size > max(MOST_BYTES, size if size <= SURE_BYTES else 0):
            raise FormatError(f"{name}: a block and its references are too large")
    return bytes(out)
