"""A ZIM book taken apart: its entries into the content of a version, and what its ZIM is made with again.

True always: what is written down of a book is what a kiosk makes of it: the publisher writes the very file.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kiosk.errors import FormatError
from kiosk.packs import book, zim
from kiosk.packs.book_writer import BookWriter, Making
from kiosk.packs.collection import ROUTE_ENTRY_BYTES, Entry, fault
from kiosk.packs.zim_entries import ZimEntry
from kiosk.packs.zim_reader import Zim, ZimContent
from kiosk.publish.content import Content, pieces

Keep = Callable[[Iterable[bytes]], tuple[str, int]]
"""Takes the bytes of an entry; returns their SHA-256 and how many they are."""
Tell = Callable[[int, int], object]
"""Told (entries that were read, entries in all) now and then."""
TOLD_ENTRIES = 500
REMEDY = "give it to kiosks as it is: `as_it_is: true`"


def laid_out(path: Path, content: Content, tell: Tell | None = None) -> tuple[list[Entry], dict[str, Any]]:
    """Put the entries of the book at `path` into `content`; return them by path, and the item's attribute `zim`.

    Raises:
        FormatError: it is broken, or has an entry that can not travel so.
    """
    tell = tell or _silent
    # Half of the work is to read it, half to write it.
    making, entries = _read(path, content.keep, lambda done, total: tell(done, 2 * total))
    sha256, size = _written(str(path), making, entries, content, tell)
    return entries, making.to_value() | {"sha256": sha256, "size_bytes": size}


def check(path: Path, tell: Tell | None = None) -> None:
    """Read the book at `path` through, as `laid_out` does, and keep nothing of it.

    Raises:
        FormatError: as `laid_out`.
    """
    _read(path, _measured, tell or _silent)


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _measured(chunks: Iterable[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _read(path: Path, keep: Keep, tell: Tell) -> tuple[Making, list[Entry]]:
    with path.open("rb") as file:
        header = zim.inspect(file, str(path))
        opened = Zim(file, str(path))
        entries = list(_entries(opened, _kept(opened, str(path), keep, tell), keep))
        if not entries:
            raise FormatError(f"{path}: no entry of it travels: a kiosk would make an empty book of it", zim.REPAIR)
        main = "" if opened.main is None else book.path(opened.main.namespace, opened.main.path)
        if main and book.is_left_out(main):
            raise FormatError(f"{path}: its first page '{main}' does not travel", REMEDY)
    for entry in entries:
        if wrong := fault(entry.path, entry.type, entry.title, entry.size_bytes, in_book=True):
            raise FormatError(f"{path}: {wrong}", REMEDY)
    types = {media_type for each in entries if (media_type := book.of_kind(each.type)[0]) is not None}
    return Making(str(header.uuid), opened.has_old_namespaces, main, tuple(sorted(types))), entries


def _kept(opened: Zim, name: str, keep: Keep, tell: Tell) -> dict[int, tuple[str, int]]:
    """Keep the bytes of all entries; return SHA-256 and size of each by its number."""
    kept = {}
    for count, found in enumerate(opened.by_cluster()):
        if count % TOLD_ENTRIES == 0:
            tell(count, len(opened))
        if not book.is_left_out(book.path(found.entry.namespace, found.entry.path)):
            kept[found.entry.number] = keep(_small_enough(name, found))
    return kept


def _small_enough(name: str, found: ZimContent) -> Iterator[bytes]:
    if found.size_bytes > ROUTE_ENTRY_BYTES:
        told = f"{found.entry.path} has {found.size_bytes:,} bytes; at most {ROUTE_ENTRY_BYTES:,} can travel by entry"
        raise FormatError(f"{name}: {told}", REMEDY)
    return found.pieces


def _entries(opened: Zim, kept: dict[int, tuple[str, int]], keep: Keep) -> Iterator[Entry]:
    is_front = bytearray(len(opened))
    for number in opened.front():
        is_front[number] = 1
    for each in opened.entries():
        path = book.path(each.namespace, each.path)
        if book.is_left_out(path):
            continue
        if each.redirect is None:
            sha256, size = kept[each.number]
        else:
            target = opened.entry(each.redirect)
            _check_way(opened, each, target)
            sha256, size = keep([book.path(target.namespace, target.path).encode()])
        kind = book.kind(each.type if each.redirect is None else None, front=bool(is_front[each.number]))
        yield Entry(path, kind, each.title, size, sha256)


def _check_way(opened: Zim, each: ZimEntry, target: ZimEntry) -> None:
    if target.redirect is not None:
        opened.target(each)
    if book.is_left_out(book.path(target.namespace, target.path)):
        raise FormatError(f"{opened.name}: '{each.path}' leads to '{target.path}', which does not travel", REMEDY)


def _written(name: str, making: Making, entries: Sequence[Entry], content: Content, tell: Tell) -> tuple[str, int]:
    with tempfile.TemporaryFile(dir=content.folder) as file:
        writer = BookWriter(file, name, making)
        for count, entry in enumerate(sorted(entries, key=lambda each: book.order(each.path, each.type))):
            if count % TOLD_ENTRIES == 0:
                tell(len(entries) + count, 2 * len(entries))
            writer.add(entry, pieces(content.path(entry.sha256)))
        return writer.finish(), file.seek(0, 2)
