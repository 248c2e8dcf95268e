"""How a cluster of a canonical ZIM book stands in the file.

Source: docs/formats/zim.md, "Clusters"; Zstandard (RFC 8878). True always: the same contents give the same bytes, with
the same library.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator, Sequence

from kiosk.packs.route import zstd
from kiosk.packs.zim_clusters import EXTENDED, PLAIN, ZSTD
from kiosk.packs.zim_layout import is_compressed

LEVEL = 8
"""Zstandard's level."""
FED_BYTES = 1 << 20
"""How many bytes the compressor is given at once: what it makes may depend on it."""


def is_cluster_of(contents: Sequence[tuple[str, int]], raw: bytes) -> bool:
    """Tell whether a cluster's own bytes hold as many as these entries (media type, size) take in one."""
    compressed = is_compressed(*contents[0])
    begin, _, total = head_of([size_bytes for _, size_bytes in contents], compressed)
    try:
        there = zstd.get_frame_info(raw[1:]).decompressed_size if compressed else len(raw) - 1
    except zstd.ZstdError:
        there = None
    return raw[:1] == bytes([begin]) and there == total


def head_of(sizes: Sequence[int], compressed: bool) -> tuple[int, bytes, int]:
    """Return the first byte of a cluster, its offsets, and how many bytes these and the blobs have."""
    first, form, width = ZSTD if compressed else PLAIN[1], "I", 4
    if sum(sizes) + width * (len(sizes) + 1) >= 1 << 32:
        first, form, width = first | EXTENDED, "Q", 8
    offsets = list(itertools.accumulate(sizes, initial=width * (len(sizes) + 1)))
    return first, struct.pack(f"<{len(offsets)}{form}", *offsets), offsets[-1]


def compressed(pieces: Iterable[bytes], total: int) -> Iterator[bytes]:
    """Yield the frame of pieces that have `total` bytes."""
    parameter = zstd.CompressionParameter
    options: dict[int, int] = {
        parameter.compression_level: LEVEL, parameter.content_size_flag: 1, parameter.checksum_flag: 1,
    }  # fmt: skip
    encoder = zstd.ZstdCompressor(options=options)
    encoder.set_pledged_input_size(total)
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= FED_BYTES:
            yield encoder.compress(bytes(memoryview(held)[:FED_BYTES]))
            del held[:FED_BYTES]
    yield encoder.compress(bytes(held), encoder.FLUSH_FRAME)
