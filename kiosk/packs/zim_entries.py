"""The directory of a ZIM book: its media types, and its entries in the order of namespace and path.

Source: https://wiki.openzim.org/wiki/ZIM_file_format, "MIME Type List", "Path Pointer List" and "Directory Entries". An
entry is: type (2 bytes), length of parameters (1), namespace (1), revision (4), then the number of the entry it
redirects to (4), or cluster and blob (4 and 4), then path and title, each with a NUL behind. True always: an entry is
read anew each time it is asked for, so a book of millions takes no more memory than one of ten.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kiosk.packs.zim import REDIRECT, ZimHeader
from kiosk.packs.zim_source import Source, Window

OBSOLETE = {0xFFFD: "a deleted entry", 0xFFFE: "a link target"}
MOST_TYPES_BYTES = 64 * 1024
MOST_ENTRY_BYTES = 64 * 1024
USUAL_ENTRY_BYTES = 512
CONTENT = struct.Struct("<HBcIII")
REDIRECTION = struct.Struct("<HBcII")


@dataclass(frozen=True, slots=True)
class ZimEntry:
    """One entry: page, picture, redirect.

    `number` is its place in the order of paths, `namespace` one letter. `title` is "" where it is the path. A redirect
    has the number of its target in `redirect` and neither type nor place; any other has a media type and lies in
    `blob` of `cluster`.
    """

    number: int
    namespace: str
    path: str
    title: str
    type: str
    redirect: int | None
    cluster: int
    blob: int


class Directory:
    """The entries of a book, by number and by path."""

    def __init__(self, source: Source, header: ZimHeader) -> None:
        self.types = _read_types(source, header.types_at)
        self._source = source
        self._header = header

    def entry(self, number: int) -> ZimEntry:
        """Return an entry.

        Raises:
            FormatError: it is broken, or there are fewer.
        """
        source, header = self._source, self._header
        if not 0 <= number < header.entries:
            raise source.fault(f"there is no entry {number}: it has {header.entries}")
        pointer = source.read(header.paths_at + 8 * number, 8, "the list of paths")
        return self._entry(number, int.from_bytes(pointer, "little"), lambda at, n: source.up_to(at, n, "an entry"))

    def entries(self) -> Iterator[ZimEntry]:
        """Yield all entries in the order of namespace and path.

        Raises:
            FormatError: one is broken, or they are not in this order.
        """
        places = Window(self._source, "the list of paths")
        window = Window(self._source, "an entry")
        last = ("", "")
        for number in range(self._header.entries):
            pointer = places.up_to(self._header.paths_at + 8 * number, 8)
            entry = self._entry(number, int.from_bytes(pointer, "little"), window.up_to)
            if (key := (entry.namespace, entry.path)) <= last:  # UTF-8 sorts as its characters do
                raise self._source.fault(f"entry {number} ('{entry.path}') is not in the order of paths")
            last = key
            yield entry

    def find(self, namespace: str, path: str) -> ZimEntry | None:
        """Return the entry of a path, or None. Raises FormatError where an entry that is met is broken."""
        low, high, wanted = 0, self._header.entries, (namespace, path)
        while low < high:
            middle = (low + high) // 2
            entry = self.entry(middle)
            if (key := (entry.namespace, entry.path)) == wanted:
                return entry
            low, high = (middle + 1, high) if key < wanted else (low, middle)
        return None

    def _entry(self, number: int, at: int, up_to: Callable[[int, int], bytes]) -> ZimEntry:
        data, count = up_to(at, USUAL_ENTRY_BYTES), USUAL_ENTRY_BYTES
        while (labels := _labels(data)) is None:
            if count >= MOST_ENTRY_BYTES or len(data) < count:
                raise self._source.fault(f"entry {number} at byte {at} is cut short, or far too long")
            count = min(8 * count, MOST_ENTRY_BYTES)
            data = up_to(at, count)
        kind, _, letter, _, first = REDIRECTION.unpack_from(data)
        if kind in OBSOLETE:
            raise self._source.fault(f"entry {number} is {OBSOLETE[kind]}, which books no longer have")
        try:
            namespace, path, title = letter.decode("ascii"), labels[0].decode(), labels[1].decode()
        except UnicodeDecodeError as error:
            raise self._source.fault(f"the path or title of entry {number} is not UTF-8") from error
        title = "" if title == path else title
        if kind == REDIRECT:
            if first >= self._header.entries:
                raise self._source.fault(f"entry {number} ('{path}') redirects to entry {first}, which is not there")
            return ZimEntry(number, namespace, path, title, "", first, 0, 0)
        if kind >= len(self.types):
            raise self._source.fault(f"entry {number} ('{path}') has media type {kind} of {len(self.types)}")
        if first >= self._header.clusters:
            raise self._source.fault(f"entry {number} ('{path}') lies in cluster {first}, which is not there")
        blob = int.from_bytes(data[12:16], "little")
        return ZimEntry(number, namespace, path, title, self.types[kind], None, first, blob)


def _labels(data: bytes) -> tuple[bytes, bytes] | None:
    # Path and title, or None where they end behind this data.
    start = REDIRECTION.size if data[:2] == REDIRECT.to_bytes(2, "little") else CONTENT.size
    middle = data.find(b"\0", start)
    end = data.find(b"\0", middle + 1) if middle >= 0 else -1
    return (data[start:middle], data[middle + 1 : end]) if end >= 0 else None


def _read_types(source: Source, at: int) -> tuple[str, ...]:
    data = source.up_to(at, MOST_TYPES_BYTES, "the list of media types")
    end = 0 if data[:1] == b"\0" else data.find(b"\0\0") + 1
    if not end and data[:1] != b"\0":
        raise source.fault("the list of media types is cut short, or far too long")
    try:
        return tuple(each.decode() for each in data[:end].split(b"\0")[:-1])
    except UnicodeDecodeError as error:
        raise source.fault("a media type is not UTF-8") from error
