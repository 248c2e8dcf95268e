"""The ZIM of a book that is delivered entry by entry, written as its entries come.

True always: what comes out depends on the attributes of the item and its entries alone, so that publisher and kiosk
write the same file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Self
from uuid import UUID

from kiosk.packs import book, kinds
from kiosk.packs.collection import Entry
from kiosk.packs.manifest import Item
from kiosk.packs.zim_packing import is_cluster_of
from kiosk.packs.zim_register import ZimLabel
from kiosk.packs.zim_writer import ZimWriter


@dataclass(frozen=True)
class Making:
    """What a ZIM is made with beside its entries.

    Args:
        uuid: the book's.
        old_namespaces: whether they are those of before 2021.
        main: the path in the collection of its first page; "" for none.
        types: its media types, sorted.
    """

    uuid: str
    old_namespaces: bool
    main: str
    types: tuple[str, ...]

    @classmethod
    def of_item(cls, item: Item) -> Self:
        """Return what the ZIM of an item of a manifest is made with."""
        zim = item.attributes[kinds.LAID_OUT]
        return cls(item.attributes["uuid"], zim["namespaces"] == "old", zim.get("main", ""), tuple(zim["types"]))

    def to_value(self) -> dict[str, Any]:
        """Return what stands of it in the item's attribute `zim`."""
        value: dict[str, Any] = {"namespaces": "old" if self.old_namespaces else "new", "types": list(self.types)}
        return value | ({"main": self.main} if self.main else {})


class BookWriter:
    """A book that is being written, into `file`, which is empty but for what is `there` (see `ZimWriter`); `name` is
    what messages call it.
    """

    def __init__(self, file: BinaryIO, name: str, making: Making, there: Sequence[int] = ()) -> None:
        self._zim = ZimWriter(
            file, name, UUID(making.uuid), making.types, old_namespaces=making.old_namespaces, there=there
        )
        self._main = book.split(making.main) if making.main else None

    def add(self, entry: Entry, pieces: Iterable[bytes]) -> None:
        """Write the next entry, in the order of `book.order`, with its bytes.

        Raises:
            FormatError: it is not one that can be there.
        """
        media_type, _ = book.of_kind(entry.type)
        if media_type is None:
            self._zim.redirect(_label(entry), *book.target(b"".join(pieces), entry.path))
        else:
            self._zim.add(_label(entry), media_type, entry.size_bytes, pieces)

    def copy(self, entries: Iterable[Entry], raw: bytes) -> None:
        """Write the entries of a whole cluster with the bytes that it has in a file that was written by this one.

        Raises:
            FormatError: they are not those of one cluster.
        """
        self._zim.copy_cluster([(_label(each), *_kind_and_size(each)) for each in entries], raw)

    @property
    def written_bytes(self) -> int:
        """How long the file is, with what is in buffers."""
        return self._zim.written_bytes

    def written(self) -> array[int]:
        """Return where the whole clusters begin, and where the next one will."""
        return self._zim.written()

    def is_there(self, entries: Sequence[Entry]) -> bool:
        """Tell whether these entries, a whole cluster or a redirect, need not be written: a cut left their cluster."""
        return book.of_kind(entries[0].type)[0] is not None and self._zim.is_there()

    def pass_over(self, entries: Iterable[Entry]) -> None:
        """Take the entries of a whole cluster that is there. Raises FormatError: they are not, or it is not."""
        self._zim.pass_over([(_label(each), *_kind_and_size(each)) for each in entries])

    def finish(self) -> str:
        """Write what stands behind the entries; return the SHA-256 of the file. Raises FormatError as `ZimWriter`."""
        return self._zim.finish(self._main)


def fits(entries: Iterable[Entry], raw: bytes) -> bool:
    """Tell whether a cluster's own bytes can be those of these entries, none of them a redirect."""
    return is_cluster_of([_kind_and_size(each) for each in entries], raw)


def _kind_and_size(entry: Entry) -> tuple[str, int]:
    return book.of_kind(entry.type)[0] or "", entry.size_bytes


def _label(entry: Entry) -> ZimLabel:
    namespace, path = book.split(entry.path)
    return ZimLabel(namespace, path, entry.title, book.of_kind(entry.type)[1])
