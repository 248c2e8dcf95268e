"""Fetching: from mirrors' blobs to verified files in `parts/`.

True always: a file has its final name, `parts/<sha256>`, only when every byte of it was verified and is on the card.
What arrived stays, across cuts, budgets, the death of the process and a change of mirror, and is gone on from at the
byte; only leaves that are wrong are fetched again. A mirror is left when a try brings nothing; one that gave wrong
bytes is asked last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kiosk.errors import TrustError
from kiosk.packs.blobs import HASH_BYTES, LEAF_BYTES, Blob, file_sha256, location
from kiosk.sync.mirrors import FileMissing, Mirror
from kiosk.sync.parts import Part, WrongBytes
from kiosk.sync.rounds import Job, Meter, Repute, Source

__all__ = ["Fetcher", "Meter", "Source"]

LEAVES_FIRST_BYTES = 1024 * 1024
"""Above this a blob's leaf list is fetched before it; below, only if the blob turned out wrong."""
ROUNDS = 5
"""Rounds through all mirrors that bring nothing, until the sync ends and leaves it to the next."""


class Fetcher:
    """Fetches from `mirrors`, the most wanted first, into the folder `parts`.

    Args:
        mirrors: whom to ask; the first is asked as long as it brings anything.
        parts: the folder for what is being fetched; nothing else may write to it.
        meter: told of every body byte.
        rounds: how many rounds may bring nothing before a fetch gives up.
        pause: waits for some seconds; handed in so that tests need not wait.
    """

    def __init__(
        self,
        mirrors: Sequence[Mirror],
        parts: Path,
        meter: Meter | None = None,
        *,
        rounds: int = ROUNDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._mirrors = tuple(mirrors)
        self._parts = parts
        self._meter = meter or _unmetered
        self._rounds = rounds
        self._pause = pause
        self._repute = Repute()
        self._checked: set[str] = set()

    def blob(self, blob: Blob, also: Sequence[Source] = ()) -> Path:
        """Fetch a blob and return its file, whole, verified and on the card.

        Args:
            blob: which.
            also: other places where its bytes lie, asked after the mirrors.

        Raises:
            TrustError: every mirror that has it gives wrong bytes.
            FileMissing: no mirror has it.
            MirrorError: none can be reached, or all break off; what came stays for the next time.
            OSError: the card is full or broken.
        """
        sources = [*(Source(mirror, location(blob.sha256)) for mirror in self._mirrors), *also]
        return self._fetch(blob, sources)

    def small(self, blob: Blob) -> bytes:
        """Fetch a blob of at most a few MB and return its bytes; raises as `blob`."""
        return self.blob(blob).read_bytes()

    def range(self, blob: Blob, start: int, size: int, sha256: str | None) -> bytes:
        """Fetch `size` bytes of a blob from `start`; raises as `blob`.

        They are verified by their own SHA-256 if they have one, else leaf by leaf, which costs up to two leaves more.
        """
        if sha256 is None:
            return self._by_leaves(blob, start, size)
        place = location(blob.sha256)
        sources = [Source(mirror, place, start) for mirror in self._mirrors]
        return self._fetch(Blob(sha256, size, None), sources).read_bytes()

    def _by_leaves(self, blob: Blob, start: int, size: int) -> bytes:
        hashes = self._leaf_list(blob)
        if hashes is None:
            return self.small(blob)[start : start + size]
        first = start - start % LEAF_BYTES
        data = bytearray()
        for at in range(first, start + size, LEAF_BYTES):
            number = at // LEAF_BYTES * HASH_BYTES
            wanted = hashes[number : number + HASH_BYTES].hex()
            data += self.range(blob, at, min(LEAF_BYTES, blob.size_bytes - at), wanted)
        return bytes(data[start - first : start - first + size])

    def _fetch(self, blob: Blob, sources: Sequence[Source]) -> Path:
        self._parts.mkdir(parents=True, exist_ok=True)
        if path := self._there(blob):
            return path
        leaves = self._leaf_list(blob) if blob.size_bytes > LEAVES_FIRST_BYTES else None
        part = Part(self._parts, blob.sha256, blob.size_bytes)
        try:
            if leaves:
                part.know(leaves)
            path = self._filled(blob, part, sources)
        finally:
            part.close()
        self._checked.add(blob.sha256)
        return path

    def _there(self, blob: Blob) -> Path | None:
        path = self._parts / blob.sha256
        if not path.is_file():
            return None
        if blob.sha256 not in self._checked:
            if file_sha256(path) != blob.sha256:
                path.rename(self._parts / f"{blob.sha256}.part")  # the card spoiled it: its leaves tell where
                return None
            self._checked.add(blob.sha256)
        return path

    def _leaf_list(self, blob: Blob) -> bytes | None:
        if blob.leaf_list is None:
            return None
        try:
            return self.small(blob.leaf_list)
        except FileMissing:  # then the blob is verified as a whole
            return None

    def _filled(self, blob: Blob, part: Part, sources: Sequence[Source]) -> Path:
        job = Job(part, sources, location(blob.sha256), self._repute, self._meter, self._rounds, self._pause)
        while True:
            job.fill()
            try:
                return part.finish()
            except WrongBytes as wrong:
                if part.leaves is not None:
                    part.drop()
                    raise TrustError(f"{location(blob.sha256)}: its leaf list is not of this blob") from wrong
                job.blame(wrong.givers)
                if leaves := self._leaf_list(blob):
                    part.know(leaves)
                else:
                    part.rewind()


def _unmetered(mirror: Mirror, count: int) -> None:
    """Count nothing."""
