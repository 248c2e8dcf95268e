"""Books on a stick that no pack waits for: which of them are installed already, are another edition, or are unknown.

True always: only that a book is installed is told by its UUID, which each edition has of its own; that it is another
edition is read from names in a file that anyone may have made, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from kiosk.errors import FormatError, KioskError
from kiosk.host import memory
from kiosk.packs.head import Head
from kiosk.packs.kinds import BOOK
from kiosk.packs.manifest import Item, Manifest
from kiosk.packs.zim_reader import Zim
from kiosk.store.refused_books import Reason
from kiosk.store.state import State
from kiosk.sync import adoption, stage
from kiosk.sync.brought import Brought
from kiosk.sync.session import Refused

UNKNOWN = "let the kiosk ask the channels once, choose the pack of this book, and put the stick in again"
UNLEARNED = (
    "fetch the pack of this book over the link; of a large one it is enough to have the channels asked once, and to put"
    " the stick in again"
)
NOTHING = "nothing is to be done"
MOST_LABEL_BYTES = 1000
MOST_MEMORY_BYTES = 96 * 1024 * 1024


@dataclass(frozen=True)
class _Known:
    item: Item
    pack: str
    version: int
    is_installed: bool
    names: frozenset[str]


def refusals(
    state: State, files: Collection[Brought], waiting: Iterable[Head], installed: Mapping[str, str]
) -> Iterator[tuple[Brought, Refused]]:
    """Yield why each of these books, which no pack on offer takes, is not taken, and what helps.

    Args:
        state: the kiosk's.
        files: the books.
        waiting: what is wanted and not installed.
        installed: the SHA-256 of the manifest of each pack that is installed.
    """
    if not files:
        return
    manifests = [(head, adoption.manifest_of(state, head)) for head in waiting]
    known = list(_known(state, [manifest for _, manifest in manifests if manifest], installed))
    # Of a small pack, or without a mirror since it was offered, the manifest is not here.
    unlearned = [head.pack for head, manifest in manifests if not manifest and BOOK in head.kinds and head.apart]
    for found in files:
        yield found, _recognised(found, known) or _unknown(found, unlearned)


def _recognised(found: Brought, known: list[_Known]) -> Refused | None:
    for each in known:
        if uuid_of(each.item) == found.uuid:
            pack = f"the pack {each.pack} {each.version}"
            if each.is_installed:
                return Refused(
                    f"{found.path}: '{each.item.title}' is installed already, with {pack}", NOTHING, Reason.INSTALLED
                )
            return Refused(
                f"{found.path}: {pack} has '{each.item.title}', and costs no less with this file",
                "sync: the pack comes over the link, or with the book that was taken before",
                Reason.NO_GAIN,
            )
    names = _names_on(found)
    for each in known:
        if names & each.names:
            told = f"{found.path}: another edition of '{each.item.title}' than that of the pack {each.pack}"
            if each.is_installed:
                remedy = f"{NOTHING}, or {adoption.RIGHT_EDITION}"
                return Refused(f"{told} {each.version}, which is installed", remedy, Reason.OTHER_EDITION)
            return Refused(f"{told} {each.version}, which is waited for", adoption.RIGHT_EDITION, Reason.OTHER_EDITION)
    return None


def _unknown(found: Brought, unlearned: list[str]) -> Refused:
    if unlearned:
        told = f"{found.path}: this kiosk does not know yet which books are in {', '.join(unlearned)}; no other pack"
        return Refused(f"{told} has this book", UNLEARNED, Reason.UNLEARNED)
    return Refused(f"{found.path}: no pack that this kiosk has or waits for has this book", UNKNOWN, Reason.NOT_WANTED)


def _known(state: State, waiting: Iterable[Manifest], installed: Mapping[str, str]) -> Iterator[_Known]:
    for sha256 in installed.values():
        with suppress(KioskError):
            yield from _books(state, stage.installed_manifest(state, sha256), is_installed=True)
    for manifest in waiting:
        yield from _books(state, manifest, is_installed=False)


def _books(state: State, manifest: Manifest, *, is_installed: bool) -> Iterator[_Known]:
    for item in manifest.items:
        if item.kind != BOOK:
            continue
        names = {_folded(item.title)}
        if is_installed:
            with suppress(OSError):
                file = state.current / manifest.pack / item.id / item.language / item.attributes["file"]
                with file.open("rb") as opened:
                    names |= _names_in(opened, file.name)
        yield _Known(item, manifest.pack, manifest.version, is_installed, frozenset(names))


def uuid_of(item: Item) -> UUID | None:
    """Return the UUID of a book as it was signed, None where it is none."""
    with suppress(ValueError):
        return UUID(item.attributes["uuid"])
    return None


def _names_on(found: Brought) -> set[str]:
    with suppress(OSError), found.open() as file:
        return _names_in(file, found.path)
    return set()


def _names_in(file: BinaryIO, name: str) -> set[str]:
    # Whatever stands there only helps to find a word for the reader.
    names = set[str]()
    with suppress(FormatError, MemoryError), memory.limited(MOST_MEMORY_BYTES):
        zim = Zim(file, name)
        for path in ("Name", "Title"):
            entry = zim.find("M", path)
            if entry is not None and 0 < zim.size_bytes(entry) <= MOST_LABEL_BYTES:
                names.add(_folded(zim.read(entry).decode(errors="replace")))
    return names


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
