"""What a writer of a ZIM book has to remember of each entry until the directory is written.

True always: an entry takes its path and title and some 30 bytes, never an object; what is sorted is sorted in parts, so
that a book of millions takes no more beside that than a small one.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kiosk.errors import FormatError
from kiosk.packs.zim import REDIRECT, REPAIR
from kiosk.packs.zim_entries import CONTENT, MOST_ENTRY_BYTES, REDIRECTION
from kiosk.packs.zim_reader import MOST_ENTRIES, MOST_REDIRECTS

PART = 1 << 15
"""How many entries are sorted at once."""


@dataclass(frozen=True, slots=True)
class ZimLabel:
    """What an entry is called: namespace (one letter), path, title ("" where it is the path).

    `is_front` tells of a page that readers look for by title; before 2021 those were all of namespace A.
    """

    namespace: str
    path: str
    title: str = ""
    is_front: bool = False


class Register:
    """All entries of a book, by the number under which they came in ("record")."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._labels = bytearray()
        self._starts = array("Q")
        self._types = array("H")
        self._clusters = array("I")
        self._blobs = array("I")
        self._fronts = bytearray()
        self._targets = array("I")
        self._order = array("I")

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._starts)

    def add(self, label: ZimLabel, number_of_type: int, cluster: int, blob: int) -> None:
        """Remember an entry with content. Raises FormatError: its label can not be."""
        self._keep(label, b"")
        self._types.append(number_of_type)
        self._clusters.append(cluster)
        self._blobs.append(blob)

    def redirect(self, label: ZimLabel, namespace: str, path: str) -> None:
        """Remember a redirect to another entry. Raises FormatError: its label can not be."""
        self._keep(label, self._checked(namespace, path, "") + b"\0")
        self._types.append(REDIRECT)
        self._clusters.append(0)
        self._blobs.append(0)

    def _keep(self, label: ZimLabel, target: bytes) -> None:
        if len(self) == MOST_ENTRIES:
            raise FormatError(f"{self._name}: it has more than {MOST_ENTRIES} entries", "split it")
        title = "" if label.title == label.path else label.title
        data = self._checked(label.namespace, label.path, title) + b"\0" + title.encode() + b"\0" + target
        self._starts.append(len(self._labels))
        self._labels += data
        self._fronts.append(label.is_front)

    def _checked(self, namespace: str, path: str, title: str) -> bytes:
        wrong = len(namespace) != 1 or not "!" <= namespace <= "~" or "\0" in path or "\0" in title
        try:
            data = (namespace + path).encode()
            wrong = wrong or len(data) + len(title.encode()) + CONTENT.size + 2 > MOST_ENTRY_BYTES
        except UnicodeEncodeError:
            wrong = True
        if wrong:
            raise FormatError(f"{self._name}: no entry can be called {namespace!r} {path!r} ({title!r})", REPAIR)
        return data

    def sort(self) -> None:
        """Find the order of paths and where the redirects lead; then no entry may come in any more.

        Raises:
            FormatError: two have the same path, or a redirect leads nowhere or in a circle.
        """
        self._order = _sorted(len(self), self._path)
        for one, other in pairwise(self._order):
            if self._path(one) == self._path(other):
                raise self._fault(one, "there are two of them")
        self._targets = array("I", bytes(4 * len(self)))
        for record, number_of_type in enumerate(self._types):
            if number_of_type == REDIRECT:
                self._targets[record] = self._target(record)
        for record, number_of_type in enumerate(self._types):
            if number_of_type == REDIRECT:
                self._follow(record)

    def _target(self, record: int) -> int:
        start = self._after_labels(record)
        wanted = bytes(self._labels[start : self._labels.index(b"\0", start)])
        number = bisect_left(self._order, wanted, key=self._path)
        if number == len(self) or self._path(self._order[number]) != wanted:
            raise self._fault(record, f"it redirects to '{wanted.decode()}', which is not there")
        return number

    def _follow(self, record: int) -> None:
        found = record
        for _ in range(MOST_REDIRECTS):
            if self._types[found] != REDIRECT:
                return
            found = self._order[self._targets[found]]
        raise self._fault(record, "its redirects come to no end")

    def number(self, namespace: str, path: str) -> int:
        """Return the place of an entry in the order of paths. Raises FormatError: it is not there."""
        wanted = (namespace + path).encode(errors="replace")
        number = bisect_left(self._order, wanted, key=self._path)
        if number == len(self) or self._path(self._order[number]) != wanted:
            raise FormatError(f"{self._name}: its first page '{namespace}/{path}' is not there", REPAIR)
        return number

    def by_path(self) -> array[int]:
        """Return the records in the order of namespace and path."""
        return self._order

    def by_title(self) -> array[int]:
        """Return the records in the order of namespace and title, then path."""
        return _sorted(len(self), self._title)

    def is_front(self, record: int) -> bool:
        """Tell whether readers look for it by title."""
        return bool(self._fronts[record])

    def entry(self, record: int) -> bytes:
        """Return the directory entry of a record, as it stands in the book."""
        start, number_of_type = self._starts[record], self._types[record]
        labels = bytes(self._labels[start + 1 : self._after_labels(record)])
        letter = bytes(self._labels[start : start + 1])
        if number_of_type == REDIRECT:
            return REDIRECTION.pack(REDIRECT, 0, letter, 0, self._targets[record]) + labels
        place = self._clusters[record], self._blobs[record]
        return CONTENT.pack(number_of_type, 0, letter, 0, *place) + labels

    def _path(self, record: int) -> bytes:
        start = self._starts[record]
        return bytes(self._labels[start : self._labels.index(b"\0", start)])

    def _title(self, record: int) -> tuple[bytes, bytes]:
        path = self._path(record)
        start = self._starts[record] + len(path) + 1
        title = bytes(self._labels[start : self._labels.index(b"\0", start)])
        return (path[:1] + title if title else path), path

    def _after_labels(self, record: int) -> int:
        middle = self._labels.index(b"\0", self._starts[record])
        return self._labels.index(b"\0", middle + 1) + 1

    def _fault(self, record: int, message: str) -> FormatError:
        path = self._path(record).decode()
        return FormatError(f"{self._name}: the entry '{path[0]}/{path[1:]}' can not be: {message}", REPAIR)


def _sorted(count: int, key: Callable[[int], Any]) -> array[int]:
    parts = [array("I", sorted(range(at, min(at + PART, count)), key=key)) for at in range(0, count, PART)]
    return parts[0] if len(parts) == 1 else array("I", heapq.merge(*parts, key=key))
