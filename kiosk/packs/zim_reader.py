"""Reading a ZIM book: its entries in order, by path and by cluster, and their bytes.

Source: the openZIM file format, https://wiki.openzim.org/wiki/ZIM_file_format (major 5 and 6), and that of
before 2021, https://wiki.openzim.org/wiki/ZIM_file_format_old_namespace. Pure: it reads a file that was opened for it.
True always: a book is hostile until read. Whatever its bytes are, what comes is an answer or a FormatError that names
the book and the place, in memory that does not grow with what the book claims: 12 bytes an entry where all
content is walked, else 16 bytes a cluster and what `zim_clusters` holds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

from kiosk.errors import FormatError
from kiosk.packs.zim import REPAIR, read_header
from kiosk.packs.zim_clusters import Clusters, Streams
from kiosk.packs.zim_entries import Directory, ZimEntry
from kiosk.packs.zim_source import Source

MOST_ENTRIES = 1 << 25
MOST_READ_BYTES = 64 * 1024 * 1024
"""Most bytes of an entry that are returned at once."""
MOST_REDIRECTS = 64
"""Most redirects that follow one another."""
MOST_REPEATED_BYTES = 1024 * 1024 * 1024
"""Most bytes, beside as many as the file has, that entries may share with others."""
FRONT_PATH = "listing/titleOrdered/v1"
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class ZimContent:
    """An entry that is no redirect, how many bytes it has, and the bytes, to be taken before the next is asked for."""

    entry: ZimEntry
    size_bytes: int
    pieces: Iterator[bytes]


class Zim:
    """An open book.

    Attributes:
        name: what messages call it.
        header: what its header says.
        types: its media types.
        main: its first page, often a redirect; None where it has none.
        has_old_namespaces: whether pages, pictures and styles each have a namespace (A, I, -), as before 2021; in
            today's books all content is in C.
    """

    def __init__(
        self, file: BinaryIO, name: str, held_bytes: int | None = None, streams: Streams | None = None
    ) -> None:
        """Open a book; its checksum is not computed (`zim.inspect` does that).

        Args:
            file: open for reading, seekable; it stays the caller's to close.
            name: what to call it in messages.
            held_bytes: how much of decompressed clusters is held together (None: as is usual); larger ones are
                decompressed no further than what is read of them.
            streams: where the decoder is kept that was stopped within such a cluster, one for all books that share it
                (None: each book keeps its own).

        Raises:
            FormatError: it is not a ZIM book, or its tables lie outside the file.
        """
        self.name = name
        self.header = header = read_header(file, name)
        if file.seek(0, 2) < header.checksum_at + 16:
            raise FormatError(f"{name}: it is cut short: {header.checksum_at + 16} bytes were to be there", REPAIR)
        self._source = source = Source(file, name, header.checksum_at)
        if header.entries > MOST_ENTRIES or header.clusters > header.entries:
            raise source.fault(f"it has {header.entries} entries and {header.clusters} clusters, which can not be")
        if header.entries:
            source.read(header.paths_at + 8 * header.entries - 8, 8, "the list of paths")
        self._directory = Directory(source, header)
        self._clusters = Clusters(source, header, held_bytes, streams)
        self.types = self._directory.types
        self.has_old_namespaces = header.minor == 0
        self.main = None if header.main is None else self.entry(header.main)

    def __len__(self) -> int:
        """Return how many entries it has, redirects and listings too."""
        return self.header.entries

    def entry(self, number: int) -> ZimEntry:
        """Return an entry by its place in the order of paths. Raises FormatError: it is broken, or not there."""
        return self._directory.entry(number)

    def find(self, namespace: str, path: str) -> ZimEntry | None:
        """Return the entry of a path, or None. Raises FormatError where one that is met on the way is broken."""
        return self._directory.find(namespace, path)

    def entries(self) -> Iterator[ZimEntry]:
        """Yield all entries by namespace and path. Raises FormatError where one is broken or out of order."""
        return self._directory.entries()

    def target(self, entry: ZimEntry) -> ZimEntry:
        """Return where an entry leads: itself, or what stands at the end of its redirects.

        Raises:
            FormatError: they go round in a circle, or on for too long.
        """
        found = entry
        for _ in range(MOST_REDIRECTS):
            if found.redirect is None:
                return found
            found = self.entry(found.redirect)
        raise self._source.fault(f"the redirects from entry {entry.number} ('{entry.path}') come to no end")

    def front(self) -> Iterator[int]:
        """Yield the numbers of the pages that readers look for by title, in no order that can be relied on.

        They are listed by the book; all pages of namespace A before 2021, and all HTML in a book that has no list.

        Raises:
            FormatError: the list is broken.
        """
        if not self.has_old_namespaces and (listing := self.find("X", FRONT_PATH)) and listing.redirect is None:
            yield from self._listed(listing)
            return
        for entry in self.entries():
            if entry.namespace == "A" if self.has_old_namespaces else entry.type == HTML and entry.namespace == "C":
                yield entry.number

    def _listed(self, listing: ZimEntry) -> Iterator[int]:
        size = self.size_bytes(listing)
        if size % 4 or size > 4 * len(self):
            raise self._source.fault(f"its list of pages has {size} bytes, which can not be")
        rest = b""
        for piece in self.pieces(listing):
            whole = (rest + piece)[: (len(rest) + len(piece)) // 4 * 4]
            rest = (rest + piece)[len(whole) :]
            for at in range(0, len(whole), 4):
                if (number := int.from_bytes(whole[at : at + 4], "little")) >= len(self):
                    raise self._source.fault(f"its list of pages names entry {number}, which is not there")
                yield number

    def size_bytes(self, entry: ZimEntry) -> int:
        """Return how many bytes an entry has; a redirect has none of its own. Raises FormatError: it is broken."""
        if entry.redirect is not None:
            return 0
        start, end = self._clusters.open(entry.cluster).span(entry.blob)
        return end - start

    def read(self, entry: ZimEntry) -> bytes:
        """Return the bytes of an entry.

        Raises:
            FormatError: it is broken, or has so many that they must be taken by pieces.
        """
        return self.part(entry, 0, None)

    def part(self, entry: ZimEntry, start: int, end: int | None) -> bytes:
        """Return what a slice from `start` to `end` of an entry's bytes would be, without holding the rest.

        Raises:
            FormatError: the entry is broken, or the part too much to hold.
        """
        first, last, _ = slice(start, end).indices(self.size_bytes(entry))
        if (size := last - first) > MOST_READ_BYTES:
            raise self._source.fault(f"entry {entry.number} ('{entry.path}') has {size} bytes, too many to hold")
        if entry.redirect is not None or size <= 0:
            return b""
        cluster = self._clusters.open(entry.cluster)
        begin, _ = cluster.span(entry.blob)
        return b"".join(cluster.pieces(begin + first, begin + last))

    def pieces(self, entry: ZimEntry) -> Iterator[bytes]:
        """Yield the bytes of an entry as they come; none of a redirect. Raises FormatError: it is broken."""
        if entry.redirect is None:
            cluster = self._clusters.open(entry.cluster)
            yield from cluster.pieces(*cluster.span(entry.blob))

    def by_cluster(self) -> Iterator[ZimContent]:
        """Yield every entry that is no redirect once, cluster after cluster; each is decompressed once.

        Raises:
            FormatError: one is broken, or so many share their bytes that there would be no end.
        """
        places, blobs = self._places()
        numbers, ends = _sorted_by_cluster(places, self.header.clusters)
        left = MOST_REPEATED_BYTES + self.header.checksum_at
        for cluster, (start, end) in enumerate(zip((0, *ends), ends, strict=False)):
            last, opened = -1, self._clusters.open(cluster) if start < end else None
            for number in sorted(numbers[start:end], key=blobs.__getitem__):
                assert opened is not None  # noqa: S101 -- a cluster with entries was opened
                entry = self.entry(number)
                first, behind = opened.span(entry.blob)
                if entry.blob == last:
                    left -= behind
                if left < 0:
                    raise self._source.fault(f"too many entries share their bytes, such as '{entry.path}'")
                last = entry.blob
                yield ZimContent(entry, behind - first, opened.pieces(first, behind))

    def raw_cluster(self, number: int) -> Iterator[bytes]:
        """Yield the bytes of a cluster as they stand in the file, up to what stands behind it.

        Raises:
            FormatError: it lies outside the file, or where something else is.
        """
        return self._clusters.raw(number)

    def _places(self) -> tuple[array[int], array[int]]:
        # Cluster (or one more than there are, of a redirect) and blob of every entry.
        places, blobs, none = array("I"), array("I"), self.header.clusters
        for entry in self.entries():
            places.append(entry.cluster if entry.redirect is None else none)
            blobs.append(entry.blob)
        return places, blobs


def _sorted_by_cluster(places: array[int], clusters: int) -> tuple[array[int], array[int]]:
    # The numbers of the entries that have a cluster, sorted by it (by counting), and where each cluster's end there.
    counts = array("I", bytes(4 * clusters + 4))
    for cluster in places:
        counts[cluster] += 1
    ends = array("I", accumulate(counts[:-1]))
    nexts = array("I", (end - count for end, count in zip(ends, counts, strict=False)))
    numbers = array("I", bytes(4 * (len(places) - counts[-1])))
    for number, cluster in enumerate(places):
        if cluster < clusters:
            numbers[nexts[cluster]] = number
            nexts[cluster] += 1
    return numbers, ends
