"""The bytes of a ZIM book, by place: nothing before the header's end or behind the checksum's place is ever read.

True always: no more is asked of the file than is there, and a place that a book names is checked before it is gone to.
Not for several threads at once: a file has one position.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from kiosk.errors import FormatError
from kiosk.packs.zim import HEADER, REPAIR

PIECE_BYTES = 64 * 1024


class Source:
    """A file between its header and its checksum; `name` is what messages call it."""

    def __init__(self, file: BinaryIO, name: str, end_at: int) -> None:
        self.name = name
        self.end_at = end_at
        self._file = file

    def read(self, at: int, count: int, what: str) -> bytes:
        """Return the `count` bytes at `at`, which are `what`.

        Raises:
            FormatError: they lie outside, or the file is shorter than it was.
        """
        if not HEADER.size <= at <= self.end_at - count:
            raise self.fault(f"{what} at byte {at} lies outside the file")
        self._file.seek(at)
        data = self._file.read(count)
        if len(data) < count:
            raise self.fault(f"{what} at byte {at} is cut short")
        return data

    def up_to(self, at: int, count: int, what: str) -> bytes:
        """Return the `count` bytes at `at`, or those there are; at least one. Raises FormatError as `read`."""
        return self.read(at, max(1, min(count, self.end_at - at)), what)

    def pieces(self, at: int, end: int, what: str) -> Iterator[bytes]:
        """Yield the bytes from `at` to `end`, which are `what`. Raises FormatError as `read`."""
        while at < end:
            piece = self.read(at, min(PIECE_BYTES, end - at), what)
            at += len(piece)
            yield piece

    def fault(self, message: str) -> FormatError:
        """Return the error that says what is wrong with this book."""
        return FormatError(f"{self.name}: {message}", REPAIR)


class Window:
    """A part of a source that is held in memory, for reading what mostly stands one behind the other."""

    def __init__(self, source: Source, what: str) -> None:
        self._source = source
        self._what = what
        self._start = 0
        self._held = b""

    def up_to(self, at: int, count: int) -> bytes:
        """Return the `count` bytes at `at`, or those there are; at least one. Raises FormatError as `Source.read`."""
        start = at - self._start
        if start < 0 or start + count > len(self._held):
            self._held = self._source.up_to(at, max(count, PIECE_BYTES), self._what)
            self._start, start = at, 0
        return self._held[start : start + count]
