"""A blob on its way: `parts/<sha256>.part`, which bytes of it are there, and which of those are right.

True always: what this module says is there is in the file; with a leaf list, what is there was verified leaf by leaf
(all but the leaf that is being filled), so wrong bytes cost one leaf and never the blob. Nothing else is written down:
after a power cut the leaves themselves tell which of them reached the card.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from kiosk.packs.blobs import HASH_BYTES, LEAF_BYTES
from kiosk.store.state import sync_folder

SYNC_BYTES = 512 * 1024
"""How many bytes may be lost to a power cut: what is fetched is put on the card this often."""
EARLIER = "an earlier sync"
"""Whom the bytes come from that were there already."""


class WrongBytes(Exception):
    """A leaf, or the whole, is not what was signed; `givers` are the names of the mirrors that gave it."""

    def __init__(self, givers: frozenset[str]) -> None:
        super().__init__(givers)
        self.givers = givers


class Part:
    """The part of a file of `size_bytes`, in the folder `parts`; to be closed. What an earlier sync left counts."""

    def __init__(self, parts: Path, sha256: str, size_bytes: int) -> None:
        self._final = parts / sha256
        self._path = parts / f"{sha256}.part"
        self._sha256 = sha256
        self._size = size_bytes
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        have = os.fstat(self._file).st_size
        if have > size_bytes:
            os.ftruncate(self._file, size_bytes)
            have = size_bytes
        self.gaps = [(have, size_bytes)] if have < size_bytes else []
        self.leaves: bytes | None = None
        self.verified = 0
        self._givers: dict[int, set[str]] = {0: {EARLIER} if have else set()}  # by leaf; all are 0 without leaf list
        self._unsynced = 0

    @property
    def done_bytes(self) -> int:
        """How many bytes are there."""
        return self._size - sum(end - start for start, end in self.gaps)

    def know(self, leaves: bytes) -> None:
        """Take the leaf list: from now on the leaves that are wrong are missing."""
        have = self.gaps[0][0] if self.gaps else self._size
        before = self._givers.get(0, set())
        self.leaves = leaves
        self._givers = {have // LEAF_BYTES: before}
        wrong = [leaf for leaf in self._whole_leaves(have) if not self._is_right(*leaf)]
        self.gaps = _joined([*wrong, *self.gaps])
        if have % LEAF_BYTES == 0 or have == self._size:
            self._givers = {}

    def write(self, piece: bytes, giver: str) -> None:
        """Put bytes into the first gap, never beyond it.

        Raises:
            WrongBytes: they, with those before them, make a leaf that is wrong; it is a gap again.
            OSError: the card is full or broken.
        """
        left = memoryview(piece)[: self.gaps[0][1] - self.gaps[0][0]] if self.gaps else memoryview(b"")
        while left:
            start, end = self.gaps[0]
            stop = min(end, _leaf_end(start))
            self._put(left[: stop - start], start)
            at = min(stop, start + len(left))
            left = left[at - start :]
            self._givers.setdefault(self._leaf(start), set()).add(giver)
            self.gaps[0] = (at, end)
            if at == end:
                del self.gaps[0]
            if at == stop:
                self._end_leaf(at, end)

    def belongs_to(self, giver: str) -> bool:
        """Tell whether the leaf that is being filled (or, without leaf list, all) comes from this mirror alone."""
        return not self.gaps or self._givers.get(self._leaf(self.gaps[0][0]), set()) <= {giver}

    def rewind(self) -> None:
        """Forget the leaf that is being filled, or, without leaf list, everything."""
        if self.leaves is None:
            self.gaps = [(0, self._size)] if self._size else []
            self._givers = {}
        elif self.gaps:
            start, end = self.gaps[0]
            self.gaps[0] = (start - start % LEAF_BYTES, end)
            self._givers.pop(self._leaf(start), None)

    def finish(self) -> Path:
        """Make the whole durable under its final name and return that.

        Raises:
            WrongBytes: the whole is not what was signed.
        """
        digest = hashlib.sha256()
        for start in range(0, self._size, SYNC_BYTES):
            digest.update(os.pread(self._file, min(SYNC_BYTES, self._size - start), start))
        if digest.hexdigest() != self._sha256:
            raise WrongBytes(frozenset(self._givers.get(0, set())))
        os.fsync(self._file)
        self._unsynced = 0
        self._path.rename(self._final)
        sync_folder(self._final.parent)
        return self._final

    def close(self) -> None:
        """Put what is there on the card, and close the file."""
        try:
            if self._unsynced:
                os.fdatasync(self._file)
        finally:
            os.close(self._file)

    def drop(self) -> None:
        """Remove the file: its signed hashes contradict each other, nothing of it can be used."""
        self._path.unlink(missing_ok=True)

    def _put(self, data: memoryview, at: int) -> None:
        while data:
            written = os.pwrite(self._file, data, at)
            data, at = data[written:], at + written
            self._unsynced += written
        if self._unsynced >= SYNC_BYTES:
            os.fdatasync(self._file)
            self._unsynced = 0

    def _end_leaf(self, at: int, gap_end: int) -> None:
        if self.leaves is None:
            return
        start = (at - 1) - (at - 1) % LEAF_BYTES
        givers = frozenset(self._givers.pop(self._leaf(start), set()))
        if self._is_right(start, at):
            self.verified += 1
            return
        if at < gap_end:
            del self.gaps[0]
        self.gaps.insert(0, (start, gap_end))
        raise WrongBytes(givers)

    def _leaf(self, at: int) -> int:
        return 0 if self.leaves is None else at // LEAF_BYTES

    def _is_right(self, start: int, end: int) -> bool:
        number = start // LEAF_BYTES * HASH_BYTES
        wanted = (self.leaves or b"")[number : number + HASH_BYTES]
        return hashlib.sha256(os.pread(self._file, end - start, start)).digest() == wanted

    def _whole_leaves(self, have: int) -> Iterator[tuple[int, int]]:
        for start in range(0, have, LEAF_BYTES):
            end = min(start + LEAF_BYTES, self._size)
            if end <= have:
                yield start, end


def leaf_list(data: Iterator[bytes]) -> bytes:
    """Return the leaf list of a blob whose bytes come in pieces."""
    listed, leaf = bytearray(), bytearray()
    for piece in data:
        leaf += piece
        while len(leaf) >= LEAF_BYTES:
            listed += hashlib.sha256(leaf[:LEAF_BYTES]).digest()
            del leaf[:LEAF_BYTES]
    return bytes(listed + (hashlib.sha256(leaf).digest() if leaf else b""))


def _leaf_end(at: int) -> int:
    return (at // LEAF_BYTES + 1) * LEAF_BYTES


def _joined(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in gaps:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
