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
from dataclasses import dataclass, field

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
STREAM_BYTES = HELD_BYTES // 2
"""About what a decoder holds that was stopped within a cluster."""
MOST_CLUSTERS = 1024 * 1024
MOST_CLUSTER_BYTES = 1024 * 1024 * 1024
"""Most bytes that a compressed cluster may hold."""
MOST_TABLE_BYTES = 8 * 1024 * 1024
"""Most bytes that the offsets of a cluster may have."""
MOST_WINDOW_LOG = 27
"""What today's books ask for, made at Zstandard's level 22; of it a decoder only fills what a cluster really has."""
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
    streams: list[Unpacked] = field(default_factory=list)

    @property
    def weight_bytes(self) -> int:
        """About how much memory it takes."""
        held = len(self.held or b"") + len(self.streams) * STREAM_BYTES
        return held + len(self.offsets) * self.offsets.itemsize

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
        # Who reads blob after blob goes on in the stream of the one before.
        stream = self.streams.pop() if self.streams and self.streams[-1].at <= start else Unpacked(packed)
        for _ in stream.chunks(start - stream.at):
            pass
        yield from stream.chunks(end - start)
        self.streams[:] = [stream]


@dataclass(frozen=True, slots=True)
class Packed:
    """Where a compressed cluster is in the file, without its first byte, and how it is compressed."""

    source: Source
    number: int
    coding: int
    at: int
    end: int


class Unpacked:
    """The bytes of a compressed cluster, one after the other; `at` is how many were given."""

    def __init__(self, packed: Packed) -> None:
        self.at = 0
        self._packed = packed
        self._raw = packed.source.pieces(packed.at, packed.end, f"cluster {packed.number}")
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
        number, source = self._packed.number, self._packed.source
        try:
            if self._decoder.eof:
                raise source.fault(f"cluster {number} holds fewer bytes than its offsets say")
            data = next(self._raw, None) if self._decoder.needs_input else b""
            if data is None:
                raise source.fault(f"cluster {number} is cut short, or runs into what stands behind it")
            return self._decoder.decompress(data, most)
        except (zstd.ZstdError, lzma.LZMAError, EOFError, MemoryError) as error:
            raise source.fault(f"cluster {number} can not be decompressed: {error}") from error


def _decoder(coding: int) -> Decoder:
    if coding == LZMA:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_LZMA_BYTES)
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: MOST_WINDOW_LOG})


class Clusters:
    """All clusters of a book."""

    def __init__(self, source: Source, header: ZimHeader, held_bytes: int | None) -> None:
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
        stream = Unpacked(packed)
        head = stream.read(width)
        size = self._table_bytes(number, head, width, MOST_CLUSTER_BYTES)
        table = head + stream.read(size - width)
        offsets = self._offsets(number, table, width, MOST_CLUSTER_BYTES)
        if offsets[-1] > self._held_bytes:
            return Cluster(number, offsets, self._source, 0, packed=packed, streams=[stream])
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
