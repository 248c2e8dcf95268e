"""Taking a book from a ZIM file that someone brought: its entries are held against what was signed, then it is written
anew as its publisher wrote it.

True always: the file is hostile; it is read twice or more and may be another each time. What comes of it counts only
when its bytes hash to the SHA-256 that was signed. Of its content no more than an eighth, or `SCRATCH_BYTES`, waits on
the card at a time: what lies together in the book lies anywhere in the file, and to look each entry up would unpack
every cluster a hundred times.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from kiosk.errors import FormatError, NoSpace
from kiosk.host import memory
from kiosk.packs import book, kinds
from kiosk.packs.book_writer import BookWriter, Making
from kiosk.packs.collection import content_root, period_of
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item
from kiosk.packs.zim_reader import Zim
from kiosk.store import staging
from kiosk.store.db import Connection
from kiosk.store.state import State, sync_folder
from kiosk.sync import adopted, adoption, half_written
from kiosk.sync.books import clusters
from kiosk.sync.brought import Brought
from kiosk.sync.half_written import HalfWritten
from kiosk.sync.progress import Entries, Work, untold

SCRATCH_BYTES = 256 * 1024 * 1024
MOST_PASSES = 8
"""How often a large file is read through to write it."""
MOST_MEMORY_BYTES = 128 * 1024 * 1024
PIECE_BYTES = 1 << 20
AGAIN = "put the stick in once more; if this comes back, copy the file to it again, or take another stick"


def adopt(state: State, item: Item, found: Brought, spare_bytes: int, work: Work = untold) -> None:
    """Write the book of an item from a file that was brought, to where `adoption` looks for it.

    Args:
        state: the kiosk's.
        item: the book as it was signed.
        found: the file.
        spare_bytes: what must stay free on the card.
        work: told how far it is.

    Raises:
        FormatError: it is broken, or not this book as it was signed.
        NoSpace: there is no room for it.
        OSError: the stick is gone, or the card fails.
    """
    state.parts.mkdir(parents=True, exist_ok=True)
    half_name = half_written.name_of(half_written.ADOPTED, item.installed_as)
    half_written.forget_adopted(state.parts, half_name)
    whole = half_written.whole(state.parts, half_name, item.installed_as)
    if whole is None:
        half = HalfWritten(state.parts, half_name)
        with closing(half):
            _write(state, item, found, half, spare_bytes, Entries(work, f"taking {found.path}", 2 * item.entries))
            whole = half.finish()
    state.brought.mkdir(exist_ok=True)
    whole.rename(adoption.path_of(state, item))
    sync_folder(state.brought)


def _write(
    state: State, item: Item, found: Brought, half: HalfWritten, spare_bytes: int, counted: Entries
) -> None:  # fmt: skip
    # What is wrong with the file, or with what a cut left, leaves nothing behind.
    try:
        with memory.limited(MOST_MEMORY_BYTES), found.open() as file:
            _check_file(item, _written(state, item, file, found.path, half, spare_bytes, counted), found.path)
    except MemoryError as error:
        raise FormatError(
            f"{found.path}: to read it takes more memory than there is", adoption.RIGHT_EDITION
        ) from error
    except FormatError:
        half.forget()
        raise


def _written(
    state: State, item: Item, file: BinaryIO, name: str, half: HalfWritten, spare_bytes: int, counted: Entries
) -> str:  # fmt: skip
    # Return the SHA-256 of what was written.
    zim = item.attributes[kinds.LAID_OUT]
    here = half.path.stat().st_size
    if file.seek(0, 2) == zim["size_bytes"] and _sha256(file) == item.installed_as:
        _check_room(state, name, zim["size_bytes"] - here, spare_bytes)
        _copy(file, half.file, zim["size_bytes"])
        return _sha256(half.file)
    _check_room(state, name, zim["size_bytes"] - here + scratch_bytes(item), spare_bytes)
    source = Zim(file, name)
    with staging.opened(state.parts) as listed:
        staging.put(listed, _listed(source, item, name, counted), name, BOOKS)
        _check(listed, item, name)
        return _laid(source, item, listed, half, state.parts, counted)


def _listed(source: Zim, item: Item, name: str, counted: Entries) -> Iterator[Placed]:
    for number, entry in adopted.listed(source, item, name):
        counted()
        yield Placed(0, entry, number)


BOOKS = frozenset({0})
"""The book is the one item of its listing."""


def scratch_bytes(item: Item) -> int:
    """Return how much of a book's content waits on the card at a time while it is written."""
    return min(item.size_bytes, max(SCRATCH_BYTES, -(-item.size_bytes // MOST_PASSES)))


def _check_room(state: State, name: str, needed: int, spare_bytes: int) -> None:
    free = shutil.disk_usage(state.folder).free
    if free < needed + spare_bytes:
        told = f"{name}: to take it {needed:,} bytes are needed and {spare_bytes:,} must stay free; {free:,} are free"
        raise NoSpace(told, "make room, and put the stick in again")


def _copy(file: BinaryIO, to: BinaryIO, size_bytes: int) -> None:
    # No more than so much, whatever the file has become since it was measured.
    file.seek(0)
    to.seek(0)
    left = size_bytes
    while left and (piece := file.read(min(left, PIECE_BYTES))):
        left -= to.write(piece)
    to.truncate()


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def _check_file(item: Item, sha256: str, name: str) -> None:
    if sha256 != item.installed_as:
        raise FormatError(f"{name}: what comes of it is not the file that was signed", AGAIN)


def _check(listed: Connection, item: Item, name: str) -> None:
    root = content_root(staging.of_item(listed, 0), period_of(staging.of_item(listed, 0)))
    if root != item.content_root:
        raise FormatError(f"{name}: it is another edition of '{item.title}', or was changed", adoption.RIGHT_EDITION)


def _laid(
    source: Zim, item: Item, listed: Connection, half: HalfWritten, scratch: Path, counted: Entries
) -> str:  # fmt: skip
    writer = BookWriter(half.file, item.id, Making.of_item(item), half.there)
    counted(passed := _passed(source, listed, writer))
    ahead, behind = (islice(staging.in_order(listed, 0), passed, None) for _ in range(2))
    places = array("Q", bytes(8 * len(source)))
    while any(wanted := _want(ahead, places, scratch_bytes(item))):
        count, size_bytes = wanted
        with tempfile.TemporaryFile(dir=scratch) as waiting:
            _fill(source, places, waiting, size_bytes)
            for placed in islice(behind, count):
                writer.add(placed.entry, _bytes(source, placed, places, waiting))
                half.note(writer)
                counted()
    return writer.finish()


def _passed(source: Zim, listed: Connection, writer: BookWriter) -> int:
    """Take what a cut left of the book, and return how many entries that are: the first ones."""
    count = 0
    for cluster in clusters(staging.in_order(listed, 0)):
        entries = [placed.entry for placed in cluster]
        if book.of_kind(entries[0].type)[0] is None:
            writer.add(entries[0], _redirect(source, cluster[0]))
        elif writer.is_there(entries):
            writer.pass_over(entries)
        else:
            break
        count += len(cluster)
    return count


NOWHERE, WANTED = 0, 1
"""What stands for an entry that is not of this pass, and for one that is; to that its place and 1 more is added."""


def _want(ahead: Iterator[Placed], places: array[int], most_bytes: int) -> tuple[int, int]:
    """Mark the entries of the next pass and return how many they are, at least one unless all were written, and how
    many bytes they have.
    """
    for number in range(len(places)):
        places[number] = NOWHERE
    count = size = 0
    for placed in ahead:
        assert placed.source is not None  # noqa: S101
        places[placed.source] = WANTED
        count, size = count + 1, size + placed.entry.size_bytes
        if size >= most_bytes:
            break
    return count, size


def _fill(source: Zim, places: array[int], waiting: BinaryIO, most_bytes: int) -> None:
    # Read before, they had as many bytes: one that swells since is not what was listed, and must not fill the card.
    at = 0
    for found in source.by_cluster():
        if places[found.entry.number] == WANTED:
            places[found.entry.number] += at + 1
            for piece in found.pieces:
                if at + len(piece) > most_bytes:
                    raise _turned(source)
                at += waiting.write(piece)


def _bytes(source: Zim, placed: Placed, places: Sequence[int], waiting: BinaryIO) -> Iterable[bytes]:
    assert placed.source is not None  # noqa: S101
    if book.of_kind(placed.entry.type)[0] is None:
        return _redirect(source, placed)
    waiting.seek(max(0, places[placed.source] - WANTED - 1))
    return [waiting.read(placed.entry.size_bytes)]


def _redirect(source: Zim, placed: Placed) -> Iterable[bytes]:
    assert placed.source is not None  # noqa: S101
    redirect = source.entry(placed.source).redirect
    target = b"" if redirect is None else adopted.target(source, redirect)
    if hashlib.sha256(target).hexdigest() != placed.entry.sha256:
        raise _turned(source)
    return [target]


def _turned(source: Zim) -> FormatError:
    return FormatError(f"{source.name}: it is not what it was when it was read first", AGAIN)
