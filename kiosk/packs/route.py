"""A route as a file: its head of ten bytes, and the compressed body behind it.

Source: docs/formats/pack.md, "Routes"; Zstandard (RFC 8878), and LZMA2 as liblzma writes it raw. True always: a decoder
is given its window, and gives out no more bytes than are asked of it, so a body that swells is never held.
"""

from __future__ import annotations

import lzma
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from kiosk.errors import FormatError
from kiosk.packs.wire import Stream

if sys.version_info >= (3, 14):
    from compression import zstd as zstd  # for the other modules of this layer, too
else:
    from backports import zstd as zstd

MAGIC = b"kioskrt2"
FULL, BOOKS, PATCH = b"F", b"B", b"P"
"""A full route, one of a pack with books that are delivered entry by entry, and a patch."""
ZSTD, LZMA2 = b"z", b"x"
WINDOW_LOG = {FULL: 25, BOOKS: 24, PATCH: 24}
"""Largest window or dictionary of a route, as a power of two: what a kiosk must have of memory to read it. Who writes
books meanwhile needs what is left for them, and pays 1 to 5 % more bytes for it."""
PIECE_BYTES = 64 * 1024
BEST = 22
"""Zstandard's level for what is made once and fetched by hundreds."""
QUICK = 12
"""Zstandard's level for a guess."""
SHORTEST_PREFIX = 8
"""Bytes below which the library takes no reference: such a frame is made, and read, without."""


class Decoder(Protocol):
    """What Zstandard's and LZMA's decompressors have in common."""

    @property
    def eof(self) -> bool: ...  # noqa: D102
    @property
    def needs_input(self) -> bool: ...  # noqa: D102
    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes: ...  # noqa: D102


def open_body(pieces: Iterable[bytes], what: bytes, name: str) -> Stream:
    """Return the body of a route of kind `what` (FULL is also BOOKS), from the bytes of its blobs in order.

    Raises:
        FormatError: it is another kind, or of a form that is not known.
    """
    raw = Stream(pieces, name)
    head = raw.read(len(MAGIC) + 2)
    if head[:8] == MAGIC and (what, head[8:9]) == (FULL, BOOKS):
        what = BOOKS
    if head[:9] != MAGIC + what or head[9:] not in (ZSTD, LZMA2):
        raise FormatError(f"{name}: this is not a route of format 2")
    decoder = _zstd_decoder(WINDOW_LOG[what]) if head[9:] == ZSTD else _lzma_decoder(WINDOW_LOG[what])
    return Stream(_decoded(decoder, raw, name), name)


def _decoded(decoder: Decoder, raw: Stream, name: str) -> Iterator[bytes]:
    try:
        while not decoder.eof:
            data = b""
            if decoder.needs_input:
                if raw.at_end():
                    raise FormatError(f"{name}: it ends too early")
                data = raw.some()
            if out := decoder.decompress(data, PIECE_BYTES):
                yield out
    except (zstd.ZstdError, lzma.LZMAError, EOFError, MemoryError) as error:
        raise FormatError(f"{name}: it can not be decompressed: {error}") from error


def _zstd_decoder(window_log: int) -> Decoder:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: window_log})


def _lzma_decoder(window_log: int) -> Decoder:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << window_log}]
    return lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)


def packed(body: Iterable[bytes], what: bytes, coding: bytes, size_bytes: int) -> Iterator[bytes]:
    """Yield the bytes of a route with this body of about `size_bytes` (a small one needs no large window)."""
    yield MAGIC + what + coding
    log = min(WINDOW_LOG[what], _log(size_bytes))
    if coding == ZSTD:
        encoder: Any = zstd.ZstdCompressor(options=_zstd_options(log))
    else:
        encoder = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=lzma_filters(log))
    for piece in body:
        if out := encoder.compress(piece):
            yield out
    yield encoder.flush()


def roughly(body: Iterable[bytes], what: bytes) -> int:
    """Return about how many bytes a route with this body has, beside another of the same entries; quick."""
    parameter = zstd.CompressionParameter
    options: dict[int, int] = {parameter.window_log: WINDOW_LOG[what], parameter.enable_long_distance_matching: 1}
    encoder = zstd.ZstdCompressor(options={parameter.compression_level: 3, **options})
    return sum(len(encoder.compress(piece)) for piece in body) + len(encoder.flush())


def _log(size_bytes: int) -> int:
    return max(12, size_bytes.bit_length())


def _zstd_options(window_log: int) -> dict[int, int]:
    parameter = zstd.CompressionParameter
    return {
        parameter.compression_level: BEST,
        parameter.window_log: window_log,
        # By itself a stream of unknown length takes tables for the longest: half a gigabyte for a page of text.
        parameter.hash_log: min(25, window_log + 1),
        parameter.chain_log: min(27, window_log + 1),
        parameter.enable_long_distance_matching: 1,
    }


def lzma_filters(window_log: int) -> list[dict[str, int]]:
    """Return how LZMA2 is set to compress best with a dictionary of this size."""
    return [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << window_log}]


def squeezed_bytes(data: bytes) -> int:
    """Return how many bytes the better coding makes of `data`."""
    xz = lzma.compress(data, format=lzma.FORMAT_RAW, filters=lzma_filters(min(_log(len(data)), WINDOW_LOG[PATCH])))
    return min(len(squeeze(data)), len(xz))


def squeeze(data: bytes, reference: bytes = b"") -> bytes:
    """Return `data` as one Zstandard frame, coded against a reference if there is one."""
    parameter = zstd.CompressionParameter
    log = min(_log(len(data) + len(reference)), WINDOW_LOG[PATCH])
    options: dict[int, int] = {parameter.compression_level: BEST, parameter.window_log: log}
    prefix = zstd.ZstdDict(reference, is_raw=True).as_prefix if len(reference) >= SHORTEST_PREFIX else None
    return zstd.compress(data, options=options, zstd_dict=prefix)


def guessed_bytes(data: bytes, reference: bytes = b"") -> int:
    """Return how many bytes a quick coding makes of `data`: a tenth of the time, and up to half as many again."""
    parameter = zstd.CompressionParameter
    log = min(_log(len(data) + len(reference)), WINDOW_LOG[PATCH])
    options: dict[int, int] = {parameter.compression_level: QUICK, parameter.window_log: log}
    prefix = zstd.ZstdDict(reference, is_raw=True).as_prefix if len(reference) >= SHORTEST_PREFIX else None
    return len(zstd.compress(data, options=options, zstd_dict=prefix))


def unsqueeze(data: bytes, size: int, name: str, reference: bytes = b"") -> bytes:
    """Return the `size` bytes that `squeeze` was given.

    Raises:
        FormatError: it is not such a frame, or holds another number of bytes.
    """
    found = _unsqueezed(data, size, name, reference)
    if len(found) != size:
        raise FormatError(f"{name}: a part holds another number of bytes than was said")
    return found


def unsqueezed(data: bytes, most: int, name: str) -> bytes:
    """Return the bytes, at most so many, that `squeeze` was given without a reference.

    Raises:
        FormatError: it is not such a frame, or holds more.
    """
    found = _unsqueezed(data, most, name, b"")
    if len(found) > most:
        raise FormatError(f"{name}: a part holds more than {most:,} bytes")
    return found


def _unsqueezed(data: bytes, most: int, name: str, reference: bytes) -> bytes:
    # At most one byte more than `most`.
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: WINDOW_LOG[PATCH]}
    prefix = zstd.ZstdDict(reference, is_raw=True).as_prefix if len(reference) >= SHORTEST_PREFIX else None
    try:
        decoder = zstd.ZstdDecompressor(zstd_dict=prefix, options=options)
        return bytes(decoder.decompress(data, most + 1))
    except (zstd.ZstdError, MemoryError) as error:
        raise FormatError(f"{name}: it can not be decompressed: {error}") from error
