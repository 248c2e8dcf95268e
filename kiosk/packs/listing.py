"""The listing delta of a patch: how the entries of one version become those of the next, without their bytes.

Source: docs/formats/pack.md, "Routes", 2. True always: both sides number the entries of the start alike (collection
order, media left out), and derive the same targets, in the same order, from the same delta.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count as numbered
from itertools import groupby, islice

from kiosk.errors import FormatError
from kiosk.packs import wire
from kiosk.packs.collection import MOST_LINE_BYTES, Entry, fault
from kiosk.packs.wire import Stream

END, KEEP, DROP, CHANGE, ADD = range(5)
MOST_ENTRIES = 1_000_000


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry and the number of its item in collection order. A target's `sha256` is "" until its bytes are there.
    `source` is the number in the start of a patch of the entry that has its bytes, None where they come.
    """

    item: int
    entry: Entry
    source: int | None = None

    @property
    def place(self) -> tuple[int, str]:
        """The number of its item, and its path."""
        return self.item, self.entry.path


@dataclass(frozen=True, slots=True)
class Added:
    """A new entry; `source` is the number in the start whose bytes it has, or None when they are in the blocks."""

    placed: Placed
    source: int | None


@dataclass(frozen=True, slots=True)
class Delta:
    """`runs` are (operation, how many) over the start; `sizes` the size of each changed entry less its old one."""

    runs: tuple[tuple[int, int], ...]
    sizes: tuple[int, ...]
    added: tuple[Added, ...]

    @property
    def sources(self) -> set[int]:
        """The numbers in the start of the entries that new ones are copies of."""
        return {added.source for added in self.added if added.source is not None}


def between(old: Sequence[Placed], new: Sequence[Placed], items: dict[int, int]) -> Delta:
    """Return the delta from `old` to `new`, both in collection order; `items` maps an item's number in old to new."""
    wanted = {placed.place: placed for placed in new}
    by_hash = {placed.entry.sha256: number for number, placed in enumerate(old)}
    kinds: list[int] = []
    sizes: list[int] = []
    for placed in old:
        entry = placed.entry
        found = wanted.get((items.get(placed.item, -1), entry.path))
        if found is None or (found.entry.type, found.entry.title) != (entry.type, entry.title):
            kinds.append(DROP)
            continue
        del wanted[found.item, entry.path]
        kinds.append(KEEP if found.entry.sha256 == entry.sha256 else CHANGE)
        if kinds[-1] == CHANGE:
            sizes.append(found.entry.size_bytes - entry.size_bytes)
    runs = tuple((kind, len(list(run))) for kind, run in groupby(kinds))
    added = tuple(Added(placed, by_hash.get(placed.entry.sha256)) for placed in wanted.values())
    return Delta(runs, tuple(sizes), added)


def to_bytes(delta: Delta) -> bytes:
    """Return the delta as it stands in a patch."""
    out = bytearray()
    sizes = iter(delta.sizes)
    for kind, count in delta.runs:
        out += wire.uvarint(kind) + wire.uvarint(count)
        if kind == CHANGE:
            out += b"".join(wire.svarint(next(sizes)) for _ in range(count))
    for added in delta.added:
        entry = added.placed.entry
        out += wire.uvarint(ADD) + wire.uvarint(added.placed.item)
        out += b"".join(wire.text(part.encode()) for part in (entry.path, entry.type, entry.title))
        out += wire.uvarint(entry.size_bytes) + wire.uvarint(0 if added.source is None else added.source + 1)
    return bytes(out + wire.uvarint(END))


def read(source: Stream) -> Delta:
    """Read a delta; whether its entries can be taken is asked where it is applied.

    Raises:
        FormatError: it is not one.
    """
    runs, sizes, added = [], [], []
    while kind := wire.read_uvarint(source, ADD):
        if kind == ADD:
            added.append(_added(source))
            continue
        count = wire.read_uvarint(source, MOST_ENTRIES)
        runs.append((kind, count))
        if kind == CHANGE:
            sizes += [wire.read_svarint(source) for _ in range(count)]
        if len(sizes) + len(added) > MOST_ENTRIES:
            raise FormatError(f"{source.name}: more than {MOST_ENTRIES} entries")
    return Delta(tuple(runs), tuple(sizes), tuple(added))


def _added(source: Stream) -> Added:
    item = wire.read_uvarint(source, MOST_ENTRIES)
    path, media_type, title = (_decoded(wire.read_text(source, MOST_LINE_BYTES), source) for _ in range(3))
    size = wire.read_uvarint(source)
    number = wire.read_uvarint(source, MOST_ENTRIES)
    return Added(Placed(item, Entry(path, media_type, title, size, "")), number - 1 if number else None)


def _decoded(data: bytes, source: Stream) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{source.name}: a text is not UTF-8") from error


def apply(
    old: Iterable[Placed], delta: Delta, items: dict[int, int], name: str, books: frozenset[int] = frozenset()
) -> Iterator[Placed]:
    """Yield the entries of the new version, in no particular order; those whose bytes must come have no hash yet.

    Args:
        old: the start's entries in collection order, media left out.
        delta: what `read` gave.
        items: an item's number in the start -> its number now.
        name: what to call the patch in messages.
        books: the numbers now of the books that are delivered entry by entry.

    Raises:
        FormatError: the delta does not fit the start, or makes an entry that can not be taken.
    """
    entries, sizes = iter(old), iter(delta.sizes)
    sources = delta.sources
    known: dict[int, Entry] = {}
    numbers = numbered()
    for kind, times in delta.runs:
        for number in islice(numbers, times):
            placed = next(entries, None)
            if placed is None:
                raise FormatError(f"{name}: it speaks of more entries than its start has")
            if number in sources:
                known[number] = placed.entry
            if kind == KEEP:
                yield Placed(_item_now(placed, items, name), placed.entry, number)
            elif kind != DROP:
                yield _checked(_changed(placed, next(sizes), items, name), books, name)
    if next(entries, None) is not None:
        raise FormatError(f"{name}: it speaks of fewer entries than its start has")
    for added in delta.added:
        yield _checked(added.placed if added.source is None else _copied(added, known, name), books, name)


def _checked(placed: Placed, books: frozenset[int], name: str) -> Placed:
    entry = placed.entry
    if wrong := fault(entry.path, entry.type, entry.title, entry.size_bytes, in_book=placed.item in books):
        raise FormatError(f"{name}: {wrong}")
    return placed


def _changed(placed: Placed, more_bytes: int, items: dict[int, int], name: str) -> Placed:
    entry = placed.entry
    entry = Entry(entry.path, entry.type, entry.title, entry.size_bytes + more_bytes, "")
    return Placed(_item_now(placed, items, name), entry)


def _item_now(placed: Placed, items: dict[int, int], name: str) -> int:
    if placed.item not in items:
        raise FormatError(f"{name}: it keeps an entry of an item that is gone")
    return items[placed.item]


def _copied(added: Added, known: dict[int, Entry], name: str) -> Placed:
    entry, source = added.placed.entry, known.get(-1 if added.source is None else added.source)
    if source is None or source.size_bytes != entry.size_bytes:
        raise FormatError(f"{name}: {entry.path} is to be copied from an entry that does not fit")
    copied = Entry(entry.path, entry.type, entry.title, entry.size_bytes, source.sha256)
    return Placed(added.placed.item, copied, added.source)


def target_order(placed: Placed) -> tuple[str, str, int]:
    """Return by what the targets of a patch are sorted."""
    return placed.entry.type, placed.entry.path, placed.item
