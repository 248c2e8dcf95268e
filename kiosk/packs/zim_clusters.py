"""The clusters of a ZIM book: bytes of many entries together, plain or compressed, and where each begins.

Source: https://wiki.openzim.org/wiki/ZIM_file_format, "Clusters": one byte says how it is compressed (low four bits)
and whether its offsets have 8 bytes instead of 4 (bit 4); then, compressed or not, the offsets of the blobs from the
first offset's own place, one more than there are blobs, and the blobs. True always: a compressed cluster is decoded no
further than its offsets say, held whole only up to `HELD_BYTES`, and otherwise read as it comes; offsets that
go back, and clusters that run into each other, are refused, so that no byte of the file is given out twice.
"""

from __future__ import annotations

import itertools
import lzma
import operator
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from kiosk.errors import FormatError
from kiosk.packs import numbers
from kiosk.packs.route import Decoder, zstd
from kiosk.packs.zim import ZimHeader
from kiosk.packs.zim_source import PIECE_BYTES, Source

PLAIN, LZMA, ZSTD = (0, 1), 4, 5
DROPPED = {2: "zlib", 3: "bzip2"}
EXTENDED = 0x10
HELD_BYTES = 8 * 1024 * 1024
"""Clusters up to this size are decompressed whole, and held as long as they have room in as many bytes together."""
MOST_CLUSTERS = 1024 * 1024
MOST_CLUSTER_BYTES = 1024 * 1024 * 1024
"""Most bytes that a compressed cluster may hold."""
MOST_TABLE_BYTES = HELD_BYTES
"""Most bytes that the offsets of a cluster may have: they are read before it is known how large it is."""
MOST_WINDOW_LOG = 26
MOST_WINDOW_BYTES = 1 << MOST_WINDOW_LOG
"""What decoding Zstandard may take. Today's books, made at level 22, ask for 128 MiB whatever their
clusters have, mostly 2 MiB; a decoder would take them at once, so it is told no more than the cluster needs.
"""
WINDOW_AT, SINGLE_SEGMENT = 5, 0x20
"""Where a frame says how large its window is, unless the byte before says that all of it is one."""
SMALLEST_WINDOW_LOG = 17
"""As large as a block may be."""
SMALL_REMEDY = "have it made anew with clusters of 2 MiB, as today's tools do"
MOST_LZMA_BYTES = 80 * 1024 * 1024
"""What decoding LZMA may take: the books of before 2020 were made with a dictionary of 64 MiB."""


@dataclass
class Cluster:
    """A cluster that is open: the offsets of its blobs, and its bytes in memory, in the file, or still compressed."""

    number: int
    offsets: array[int]
    source: Source
    at: int
    """Where its offsets are counted from, if it is plain."""
    held: bytes | None = None
    packed: Packed | None = None
    last_stream: Streams = field(default_factory=list)

    @property
    def weight_bytes(self) -> int:
        """About how much memory it takes, but for a decoder."""
        return len(self.held or b"") + len(self.offsets) * self.offsets.itemsize

    def span(self, blob: int) -> tuple[int, int]:
        """Return where a blob begins and ends, from the place of the first offset.

        Raises:
            FormatError: there is no such blob.
        """
        if blob + 1 >= len(self.offsets):
            raise self.source.fault(f"cluster {self.number} has no blob {blob}")
        return self.offsets[blob], self.offsets[blob + 1]

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `end`. Raises FormatError where they can not be read."""
        if self.held is not None:
            return iter((self.held[start:end],))
        if self.packed is None:
            return self.source.pieces(self.at + start, self.at + end, f"cluster {self.number}")
        return self._unpacked(self.packed, start, end)

    def _unpacked(self, packed: Packed, start: int, end: int) -> Iterator[bytes]:
        # Of a cluster that takes too much to read whole, its beginning may be asked for.
        whole = self.offsets[-1]
        packed = replace(packed, most_bytes=whole if end > MOST_WINDOW_BYTES else min(whole, MOST_WINDOW_BYTES))
        # Who reads blob after blob goes on in the stream of the one before.
        stream = self.last_stream.pop() if self.last_stream else None
        if stream is None or stream.packed != packed or stream.at > start:
            del stream  # before there is another: each may take much
            stream = Unpacked(packed)
        for _ in stream.chunks(start - stream.at):
            pass
        yield from stream.chunks(end - start)
        self.last_stream[:] = [stream]


@dataclass(frozen=True, slots=True)
class Packed:
    """Where a compressed cluster is in the file, without its first byte, how it is compressed, and how many of its
    bytes may be asked for.
    """

    source: Source
    number: int
    coding: int
    at: int
    end: int
    most_bytes: int = MOST_TABLE_BYTES

    def pieces(self) -> Iterator[bytes]:
        """Yield it as a decoder gets it. Raises FormatError where that would take too much memory."""
        raw = self.source.pieces(self.at, self.end, f"cluster {self.number}")
        return self._fitted(raw) if self.coding == ZSTD else raw

    def _fitted(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        # The frame with the smallest window that holds all that may be asked for (RFC 8878, 3.1.1.1.2: five bits of a
        # power of two, from 2**10 on, and three of eighths): what is behind it is the same for every such window.
        head = bytearray(next(raw, b""))
        if len(head) > WINDOW_AT:
            if not head[WINDOW_AT - 1] & SINGLE_SEGMENT:
                log = max(SMALLEST_WINDOW_LOG, (self.most_bytes - 1).bit_length())
                head[WINDOW_AT] = min(head[WINDOW_AT], (log - 10) << 3)
            self._check(_window_bytes(head))
        yield bytes(head)
        yield from raw

    def _check(self, window_bytes: int) -> None:
        if window_bytes > MOST_WINDOW_BYTES:
            told = f"cluster {self.number} takes {-(-window_bytes >> 20)} MiB of memory to read"
            raise FormatError(f"{self.source.name}: {told}; {MOST_WINDOW_BYTES >> 20} are the most", SMALL_REMEDY)


def _window_bytes(head: bytes | bytearray) -> int:
    # How large the window of a frame is (RFC 8878, 3.1.1.1); whether it is a frame is for its decoder to say.
    if not head[WINDOW_AT - 1] & SINGLE_SEGMENT:
        return (8 + (head[WINDOW_AT] & 7) << 10 + (head[WINDOW_AT] >> 3)) // 8
    with suppress(zstd.ZstdError):
        return zstd.get_frame_info(head).decompressed_size or 0
    return 0


class Unpacked:
    """The bytes of a compressed cluster, one after the other; `at` is how many were given."""

    def __init__(self, packed: Packed) -> None:
        self.at = 0
        self.packed = packed
        self._raw = packed.pieces()
        self._decoder = _decoder(packed.coding)

    def chunks(self, count: int) -> Iterator[bytes]:
        """Yield the next `count` bytes as they come.

        Raises:
            FormatError: there are fewer, or they can not be decompressed.
        """
        while count:
            chunk = self._some(min(count, PIECE_BYTES))
            count -= len(chunk)
            self.at += len(chunk)
            if chunk:
                yield chunk

    def read(self, count: int) -> bytes:
        """Return the next `count` bytes. Raises FormatError as `chunks`."""
        return b"".join(self.chunks(count))

    def finish(self) -> None:
        """Have the decoder see the end, where a checksum may stand. Raises FormatError if it does not fit."""
        if not self._decoder.eof:
            self._some(1)

    def _some(self, most: int) -> bytes:
        number, source = self.packed.number, self.packed.source
        try:
            if self._decoder.eof:
                raise source.fault(f"cluster {number} holds fewer bytes than its offsets say")
            data = next(self._raw, None) if self._decoder.needs_input else b""
            if data is None:
                raise source.fault(f"cluster {number} is cut short, or runs into what stands behind it")
            return self._decoder.decompress(data, most)
        except (zstd.ZstdError, lzma.LZMAError, EOFError, MemoryError) as error:
            raise source.fault(f"cluster {number} can not be decompressed: {error}") from error


Streams = list[Unpacked]
"""The decoder that was stopped last, or none; books that are to hold no more than one share it."""


def _decoder(coding: int) -> Decoder:
    if coding == LZMA:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_LZMA_BYTES)
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: MOST_WINDOW_LOG})


class Clusters:
    """All clusters of a book."""

    def __init__(self, source: Source, header: ZimHeader, held_bytes: int | None, last_stream: Streams | None) -> None:
        self._held_bytes = HELD_BYTES if held_bytes is None else held_bytes
        if header.clusters > MOST_CLUSTERS:
            raise source.fault(f"it has {header.clusters} clusters; {MOST_CLUSTERS} are the most that are read")
        self._source = source
        self._extended = header.major >= 6
        size = 8 * header.clusters
        self._starts = (
            numbers.read("Q", source.read(header.clusters_at, size, "the list of clusters")) if size else array("Q")
        )
        edges = (header.paths_at, header.clusters_at, header.types_at, header.checksum_at)
        self._edges = array("Q", sorted((*self._starts, *edges)))
        self._open: OrderedDict[int, Cluster] = OrderedDict()
        self._last_stream = [] if last_stream is None else last_stream

    def span(self, number: int) -> tuple[int, int]:
        """Return where a cluster begins in the file, and where the next thing does: it has to end before.

        Raises:
            FormatError: it lies outside, or where another cluster or a table is.
        """
        start = self._starts[number]
        after = bisect_right(self._edges, start)
        if after == len(self._edges) or (after > 1 and self._edges[after - 2] == start):
            raise self._source.fault(f"cluster {number} lies outside the file, or where something else is")
        return start, self._edges[after]

    def raw(self, number: int) -> Iterator[bytes]:
        """Yield the bytes of a cluster as they stand in the file, its first byte and all. Raises as `span`."""
        return self._source.pieces(*self.span(number), f"cluster {number}")

    def open(self, number: int) -> Cluster:
        """Return a cluster that can be read.

        Raises:
            FormatError: it lies outside, is compressed in a way that is not read, or its offsets make no sense.
        """
        if found := self._open.get(number):
            self._open.move_to_end(number)
            return found
        cluster = self._opened(number, *self.span(number))
        self._open[number] = cluster
        while sum(each.weight_bytes for each in self._open.values()) > self._held_bytes:
            self._open.popitem(last=False)
        return cluster

    def _opened(self, number: int, at: int, end: int) -> Cluster:
        first = self._source.read(at, 1, f"cluster {number}")[0]
        coding, width = first & 0x0F, 8 if first & EXTENDED else 4
        if coding in DROPPED:
            remedy = "have it made anew with today's tools"
            raise FormatError(
                f"{self._source.name}: cluster {number} is compressed with {DROPPED[coding]}, which is not read", remedy
            )
        if coding not in (*PLAIN, LZMA, ZSTD) or (width == 8 and not self._extended) or first > EXTENDED | 0x0F:
            raise self._source.fault(f"cluster {number} begins with {first}, which is not known")
        if coding in PLAIN:
            head = self._source.read(at + 1, min(width, end - at - 1), f"cluster {number}")
            size = self._table_bytes(number, head, width, end - at - 1)
            offsets = self._offsets(number, self._source.read(at + 1, size, f"cluster {number}"), width, end - at - 1)
            return Cluster(number, offsets, self._source, at + 1)
        packed = Packed(self._source, number, coding, at + 1, end)
        self._last_stream.clear()
        stream = Unpacked(packed)
        head = stream.read(width)
        size = self._table_bytes(number, head, width, MOST_CLUSTER_BYTES)
        table = head + stream.read(size - width)
        offsets = self._offsets(number, table, width, MOST_CLUSTER_BYTES)
        if offsets[-1] > min(self._held_bytes, MOST_TABLE_BYTES):
            return Cluster(number, offsets, self._source, 0, packed=packed, last_stream=self._last_stream)
        held = table + stream.read(offsets[-1] - size)
        stream.finish()
        return Cluster(number, offsets, self._source, 0, held=held)

    def _table_bytes(self, number: int, head: bytes, width: int, most: int) -> int:
        # The first offset is how long all offsets are.
        size = int.from_bytes(head, "little")
        if len(head) < width or size < width or size % width or size > min(most, MOST_TABLE_BYTES):
            raise self._source.fault(f"cluster {number} has offsets of {size} bytes, which can not be")
        return size

    def _offsets(self, number: int, table: bytes, width: int, most: int) -> array[int]:
        offsets = numbers.read("Q" if width == 8 else "I", table)
        if not all(map(operator.le, offsets, itertools.islice(offsets, 1, None))):
            raise self._source.fault(f"the offsets of cluster {number} go back")
        if offsets[-1] > most:
            raise self._source.fault(f"cluster {number} would have {offsets[-1]} bytes; {most} are the most")
        return offsets
