"""Books that are being written, so that a cut costs what was written last and not the book.

    parts/<name>.book      the file, as far as it was written
    parts/<name>.starts    where its clusters begin, and where the next one would: 8 bytes each, little-endian
    parts/<name>.whole     the file when all of it is on the card
    parts/<name>.taken     another name of that, or of one that was brought, on its way into `objects/`

The name is the SHA-256 of the pack's manifest and the number of the book in it, or `adopted` and the book's SHA-256.

Owns: these files. True always: what `.starts` names was on the card before it was named; what is told of a file after a
cut counts only when the whole of it hashes to what was signed.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from kiosk.packs import numbers
from kiosk.packs.blobs import file_sha256
from kiosk.packs.book_writer import BookWriter
from kiosk.store.state import sync_folder

CHECKPOINT_BYTES = 16 * 1024 * 1024
"""How much of a book may be written again after a cut."""
WRITTEN, STARTS, WHOLE, TAKEN = ".book", ".starts", ".whole", ".taken"
ADOPTED = "adopted"
"""What the names of books that were brought begin with."""


class HalfWritten:
    """A book that is written, or was begun before (`is_continued`); `file` is open until `close`, `there` is for
    `BookWriter`.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / (name + WRITTEN)
        self._starts, self._whole = (folder / (name + ending) for ending in (STARTS, WHOLE))
        self.path.touch()
        self.there = self._known()
        self.is_continued = bool(self.there)
        self._named = len(self.there)
        self._starts.touch()
        os.truncate(self._starts, 8 * self._named)
        if not self.there:
            os.truncate(self.path, 0)
        sync_folder(folder)
        self.file: BinaryIO = self.path.open("r+b")

    def _known(self) -> array[int]:
        # What a cut tore off, or left of another length than the file, is not believed.
        try:
            data = self._starts.read_bytes()
        except OSError:
            return array("Q")
        found, size = numbers.read("Q", data[: len(data) // 8 * 8]), self.path.stat().st_size
        last = 0
        for count, start in enumerate(found):
            if not last < start <= size:
                del found[count:]
                break
            last = start
        return found if len(found) > 1 else array("Q")

    def note(self, writer: BookWriter) -> None:
        """Have what was written so far on the card, if it is much."""
        if writer.written_bytes - (self.there[-1] if self.there else 0) < CHECKPOINT_BYTES:
            return
        self.file.flush()
        os.fdatasync(self.file.fileno())
        starts = writer.written()
        with self._starts.open("ab") as file:
            file.write(numbers.to_bytes(starts[self._named :]))
            file.flush()
            os.fsync(file.fileno())
        self.there, self._named = starts, len(starts)

    def finish(self) -> Path:
        """Have all of it on the card, and return where it is now; the next sync finds it by `whole`."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.path.rename(self._whole)
        self._starts.unlink()
        sync_folder(self._whole.parent)
        return self._whole

    def forget(self) -> None:
        """Remove what was written: the next sync begins anew."""
        for path in (self.path, self._starts):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def whole(folder: Path, name: str, sha256: str) -> Path | None:
    """Return the file of a book that was written whole before a cut, if it is the one that was signed."""
    path = folder / (name + WHOLE)
    if not path.is_file():
        return None
    if file_sha256(path) == sha256:
        return path
    path.unlink()
    return None


def name_of(pack: str, book: str) -> str:
    """Return what the files of a book are called; `pack` is the SHA-256 of the manifest, or `ADOPTED`."""
    return f"{pack}-{book}"


def here_bytes(folder: Path, manifest_sha256: str) -> int:
    """Return how much of a pack's books is written already."""
    return sum(path.stat().st_size for path in folder.glob(f"{manifest_sha256}-*") if path.suffix in (WRITTEN, WHOLE))


def forget_others(folder: Path, manifests: Iterable[str], brought: Iterable[str]) -> None:
    """Remove what was written of the books of packs, but for those of these manifests (SHA-256), and what was on its
    way into `objects/`; and what was written of books that were `brought` (names) since: nobody goes on with it.
    """
    kept, useless = {*manifests, ADOPTED}, {*brought}
    _forget(folder, lambda name: name.partition("-")[0] not in kept or name in useless)
    for path in folder.glob(f"*-*{TAKEN}"):
        path.unlink()


def forget_adopted(folder: Path, but: str = "") -> None:
    """Remove what was written of books that were being brought, but for the one that is called so."""
    _forget(folder, lambda name: name != but and name.partition("-")[0] == ADOPTED)


def _forget(folder: Path, is_old: Callable[[str], bool]) -> None:
    for path in folder.glob("*-*"):
        if path.suffix in (WRITTEN, STARTS, WHOLE) and is_old(path.stem):
            path.unlink()
