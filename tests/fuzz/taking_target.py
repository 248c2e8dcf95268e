"""Shows publisher and kiosk one book after the other, and the kiosk one that turns into another: Atheris' side.

python -m tests.fuzz.taking_target FLAGS... CORPUS, with the flags of libFuzzer. The first byte of what is shown tells
after how many reads the file that was brought turns (0: never), the rest is the book. What the publisher takes the
kiosk must take too, in the very same bytes, and read; what the publisher refuses, or turns meanwhile, may be refused.
Any other error, and what is left on the card after a refusal, ends the run with a code that is not 0.
"""

from __future__ import annotations

import io
import shutil
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import atheris

from tests.fuzz.guided import fuzz

with atheris.instrument_imports(include=["kiosk.packs", "kiosk.publish.books", "kiosk.sync.adopt"]):
    from kiosk.errors import FormatError
    from kiosk.packs import zim
    from kiosk.packs.collection import content_root, period_of
    from kiosk.packs.kinds import LAID_OUT
    from kiosk.packs.manifest import Item
    from kiosk.publish import books
    from kiosk.publish.content import Content
    from kiosk.store.state import State
    from kiosk.sync import adopting, adoption
    from kiosk.sync.brought import Brought
    from tests.making import BOOK_ID
    from tests.zims import everything, made, with_checksum

OTHER = made(version=(6, 0)).whole()
"""What a file turns into."""


class Turning(io.BytesIO):
    """A file that is another one after so many reads."""

    def __init__(self, data: bytes, reads: int) -> None:
        super().__init__(data)
        self._reads = reads

    def read(self, size: int | None = -1) -> bytes:
        self._reads -= 1
        if self._reads == 0:
            at = self.tell()
            self.seek(0)
            super().write(OTHER)
            self.seek(at)
        return super().read(size)


@dataclass(frozen=True)
class Shown(Brought):
    """A file on a stick that is none."""

    data: bytes
    reads: int

    def open(self) -> BinaryIO:
        return Turning(self.data, self.reads)


def summed(book: bytes) -> bytes:
    """Return a book with a checksum that fits: without it, nothing would get beyond that."""
    if len(book) < zim.HEADER.size + 16:
        return book
    return with_checksum(book[: zim.HEADER.size - 8] + struct.pack("<Q", len(book) - 16) + book[zim.HEADER.size :])


def published(data: bytes, folder: Path) -> Item | None:
    """Return the book as it would be signed; None where the publisher refuses it."""
    book = folder / "a.zim"
    book.write_bytes(data)
    try:
        entries, laid = books.laid_out(book, Content(folder / "content"))
    except FormatError as error:
        if not error.message.startswith(f"{book}: ") or not error.hint:
            raise AssertionError(error.message) from error
        return None
    size = sum(entry.size_bytes for entry in entries)
    root = content_root(iter(entries), period_of(iter(entries)))
    attributes = {"uuid": str(UUID(bytes=data[8:24])), LAID_OUT: laid}
    return Item("a", "book", "en", "A", "", "CC0-1.0", size, len(entries), root, attributes, ())


@atheris.instrument_func  # type: ignore[untyped-decorator]
def show(data: bytes) -> None:
    reads, book = data[0] if data else 0, summed(data[1:])
    folder = Path(tempfile.mkdtemp())
    try:
        if (item := published(book, folder)) is not None:
            take(State(folder / "kiosk"), item, book, reads)
    finally:
        shutil.rmtree(folder)


def take(state: State, item: Item, book: bytes, reads: int) -> None:
    """Have the kiosk take a book that was signed."""
    try:
        adopting.adopt(state, item, Shown(state.folder, "a.zim", BOOK_ID, book, reads), 0)
    except FormatError as error:
        if not reads or not error.hint or list(state.parts.iterdir()):
            raise AssertionError(error.message) from error
        return
    written = adoption.path_of(state, item).read_bytes()
    everything(written)
    if reads:
        take(state, item, written, 0)


if __name__ == "__main__":
    fuzz(show)
