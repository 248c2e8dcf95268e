"""Writing a ZIM book in its canonical form: the same entries always give the same bytes, here and at the publisher's.

Source: docs/formats/zim.md; the form is one of those of https://wiki.openzim.org/wiki/ZIM_file_format. Pure: it writes
to a file that was opened for it; who opened it sees to the draft, the card and the name. True always: memory holds
one cluster of at most 2 MiB and what `zim_register` keeps of an entry; larger entries pass through. Writing that was
cut goes on behind the last cluster that is known to be whole: what comes again of those before is not written again.
"""

from __future__ import annotations

import hashlib
import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO
from uuid import UUID

from kiosk.errors import FormatError
from kiosk.packs import numbers
from kiosk.packs.zim import HEADER, MAGIC, NO_PAGE, REPAIR
from kiosk.packs.zim_entries import MOST_TYPES_BYTES
from kiosk.packs.zim_layout import MOST_BYTES, OFFSET_BYTES, Cutter, is_compressed
from kiosk.packs.zim_packing import compressed, head_of, is_cluster_of
from kiosk.packs.zim_reader import FRONT_PATH
from kiosk.packs.zim_register import Register, ZimLabel

MAJOR, MINOR, MINOR_OF_OLD = 6, 1, 0
READ_BYTES = 1 << 20
ROW_PART = 1 << 13
"""Numbers of a table that are written at once."""
LISTING_TYPE = "application/octet-stream+zimlisting"


class ZimWriter:
    """A book being written: contents by type (of one, front pages last), namespace and path; redirects at any time;
    then `finish`.
    """

    def __init__(
        self, file: BinaryIO, name: str, uuid: UUID, types: Iterable[str], *, old_namespaces: bool = False,
        there: Sequence[int] = (),
    ) -> None:  # fmt: skip
        """Begin a book, or go on with one.

        Args:
            file: open for writing and reading, seekable, and empty but for what is `there`; it stays the caller's to
                sync and close.
            name: what to call the book in messages.
            uuid: what its header is to say.
            types: the media types of all contents that will come.
            old_namespaces: whether it is of the form of before 2021, with pages in A, pictures in I and so on.
            there: what `written` told of the same book before the writing was cut. All entries must come again.

        Raises:
            FormatError: a type can not be in a book.
        """
        self._file, self._name, self._uuid = file, name, uuid
        self._minor = MINOR_OF_OLD if old_namespaces else MINOR
        self._types = sorted({*types} | (set() if old_namespaces else {LISTING_TYPE}))
        self._numbers = {each: number for number, each in enumerate(self._types)}
        self._unused = {*types} - {LISTING_TYPE}
        self._starts = array("Q")
        self._register = Register(name)
        self._cutter = Cutter()
        self._last: tuple[str, bool, str, str] = ("", False, "", "")
        self._blobs: list[bytes] = []
        self._compressed = False
        self._is_copied = False
        self._at = 0
        listed = b"".join(each.encode() + b"\0" for each in self._types) + b"\0"
        if len(listed) > MOST_TYPES_BYTES or any(not each or "\0" in each for each in self._types):
            raise FormatError(f"{name}: its media types can not be those of a book", REPAIR)
        self._there = there
        self._begin(listed)

    def _begin(self, listed: bytes) -> None:
        if self._there:
            self._at = self._there[0]
            self._file.seek(self._there[-1])
            self._file.truncate()
        else:
            self._put(bytes(HEADER.size) + listed)

    @property
    def written_bytes(self) -> int:
        """How long the file is, with what is in buffers; entries that share a cluster come together, at its end."""
        return self._at

    def written(self) -> array[int]:
        """Return where the whole clusters begin, and where the next one will."""
        return array("Q", (*self._starts, self._at))

    def add(self, label: ZimLabel, media_type: str, size_bytes: int, pieces: Iterable[bytes]) -> None:
        """Write an entry.

        Raises:
            FormatError: it is out of order, of a type that was not told, or not of `size_bytes` bytes.
        """
        begins = self._begins(label, media_type, size_bytes)
        if begins:
            self._flush()
        elif self._is_copied:
            raise self._fault(label, "it belongs to the cluster that was copied")
        self._is_copied = False
        self._compressed = is_compressed(media_type, size_bytes)
        self._register.add(label, self._numbers[media_type], len(self._starts), len(self._blobs))
        whole = self._measured(label, size_bytes, pieces)
        if size_bytes + OFFSET_BYTES > MOST_BYTES:
            self._write_cluster([size_bytes], whole)
        else:
            self._blobs.append(b"".join(whole))

    def redirect(self, label: ZimLabel, namespace: str, path: str) -> None:
        """Write an entry that leads to another, which may come later. Raises FormatError: its label can not be."""
        self._register.redirect(label, namespace, path)

    def copy_cluster(self, contents: Sequence[tuple[ZimLabel, str, int]], raw: bytes) -> None:
        """Write all entries of a cluster (label, media type, size) at once, with the cluster's own bytes.

        The bytes must be those that this writer made, at the same level and with the same library, of the same
        contents in the same order: this is the caller's to know.

        Raises:
            FormatError: these entries are not one whole cluster, or it is not one of as many bytes.
        """
        self._enter(contents)
        if not is_cluster_of([(media_type, size_bytes) for _, media_type, size_bytes in contents], raw):
            raise self._fault(contents[0][0], "the cluster to copy is not that of these entries")
        if not self._passed():
            self._starts.append(self._at)
            self._put(raw)

    def is_there(self) -> bool:
        """Tell whether the cluster that begins with the next entry is in the file; the one before must be whole."""
        self._flush()
        return len(self._starts) + 1 < len(self._there)

    def pass_over(self, contents: Sequence[tuple[ZimLabel, str, int]]) -> None:
        """Take all entries of a cluster that is there, without their bytes.

        Raises:
            FormatError: these entries are not one whole cluster, or it is not there.
        """
        self._enter(contents)
        if not self._passed():
            raise self._fault(contents[0][0], "its cluster is not there")

    def _enter(self, contents: Sequence[tuple[ZimLabel, str, int]]) -> None:
        for number, (label, media_type, size_bytes) in enumerate(contents):
            begins = self._begins(label, media_type, size_bytes)
            if not number:
                self._flush()
            if begins == (number > 0):
                raise self._fault(label, "the entries to copy are not those of one cluster")
            self._register.add(label, self._numbers[media_type], len(self._starts), number)
        self._is_copied = True

    def _passed(self) -> bool:
        # Go behind the next cluster if it is there, and tell whether it is.
        if len(self._starts) + 1 >= len(self._there):
            return False
        self._starts.append(self._at)
        self._at = self._there[len(self._starts)]
        return True

    def finish(self, main: tuple[str, str] | None) -> str:
        """Write the directory and the header.

        Args:
            main: namespace and path of the first page.

        Returns:
            The SHA-256 of the book, in hex.

        Raises:
            FormatError: two entries have one path, a redirect leads nowhere or in a circle, or the first page is not
                there.
        """
        self._flush()
        if self._unused:
            raise FormatError(f"{self._name}: no entry is of the type '{min(self._unused)}'", REPAIR)
        if self._minor == MINOR:
            self._register.add(ZimLabel("X", FRONT_PATH), self._numbers[LISTING_TYPE], len(self._starts), 0)
        self._register.sort()
        order = self._register.by_path()
        titles = self._by_title(order)
        if self._minor == MINOR:
            front = array("I", (number for number in titles if self._register.is_front(order[number])))
            self._compressed = False
            self._write_cluster([4 * len(front)], _row(front))
        clusters_at = self._put_all(_row(self._starts))
        places = array("Q")
        entries_at = self._put_all(self._placed(order, places))
        assert not places or places[0] == entries_at  # noqa: S101
        paths_at = self._put_all(_row(places))
        titles_at = self._put_all(_row(titles))
        first = NO_PAGE if main is None else self._register.number(*main)
        header = HEADER.pack(
            MAGIC, MAJOR, self._minor, self._uuid.bytes, len(order), len(self._starts),
            paths_at, titles_at, clusters_at, HEADER.size, first, NO_PAGE, self._at,
        )  # fmt: skip
        return self._close(header)

    def _begins(self, label: ZimLabel, media_type: str, size_bytes: int) -> bool:
        key = (media_type, label.is_front, label.namespace, label.path)
        if media_type not in self._numbers or key <= self._last:
            raise self._fault(label, f"'{media_type}' was not told of, or it comes after '{self._last[3]}'")
        self._last = key
        self._unused.discard(media_type)
        return self._cutter.begins(label.namespace, label.path, media_type, size_bytes)

    def _measured(self, label: ZimLabel, size_bytes: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
        left = size_bytes
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise self._fault(label, f"it does not have {size_bytes} bytes")

    def _flush(self) -> None:
        if self._blobs:
            blobs, self._blobs = self._blobs, []
            self._write_cluster([len(blob) for blob in blobs], blobs)

    def _write_cluster(self, sizes: Sequence[int], pieces: Iterable[bytes]) -> None:
        if self._passed():
            for _ in pieces:
                pass
            return
        self._starts.append(self._at)
        first, table, total = head_of(sizes, self._compressed)
        self._put(bytes([first]))
        body = itertools.chain((table,), pieces)
        for piece in compressed(body, total) if self._compressed else body:
            self._put(piece)

    def _by_title(self, order: array[int]) -> array[int]:
        by_record = array("I", bytes(4 * len(order)))
        for number, record in enumerate(order):
            by_record[record] = number
        return array("I", (by_record[record] for record in self._register.by_title()))

    def _placed(self, order: array[int], places: array[int]) -> Iterator[bytes]:
        for record in order:
            places.append(self._at)
            yield self._register.entry(record)

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._at += len(data)

    def _put_all(self, pieces: Iterable[bytes]) -> int:
        start = self._at
        for piece in pieces:
            self._put(piece)
        return start

    def _close(self, header: bytes) -> str:
        # The checksum begins with the header, which is known last: everything is read once more.
        self._file.seek(0)
        self._file.write(header)
        self._file.seek(0)
        checksum, digest, left = hashlib.md5(usedforsecurity=False), hashlib.sha256(), self._at
        while left:
            piece = self._file.read(min(left, READ_BYTES))
            if not piece:
                raise FormatError(f"{self._name}: it was cut short while it was written", "try again")
            checksum.update(piece)
            digest.update(piece)
            left -= len(piece)
        self._file.write(checksum.digest())
        digest.update(checksum.digest())
        return digest.hexdigest()

    def _fault(self, label: ZimLabel, message: str) -> FormatError:
        return FormatError(f"{self._name}: the entry '{label.namespace}/{label.path}' can not be: {message}", REPAIR)


def _row(found: array[int]) -> Iterator[bytes]:
    return (numbers.to_bytes(found[at : at + ROW_PART]) for at in range(0, len(found), ROW_PART))
