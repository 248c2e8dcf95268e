"""Installing: from verified files to a generation, and from a generation to the one that is served.

True always: nothing that is served is ever changed; `current` is switched by one rename, when the new generation's
files and rows are on the card; a power cut at any instant leaves the old generation or the new one, whole.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from kiosk.errors import NoSpace, StoreError
from kiosk.packs import shelf
from kiosk.packs.collection import Entry
from kiosk.packs.kinds import BOOK
from kiosk.packs.manifest import Item, Manifest
from kiosk.store import collections, facts, generations, papers, search_index
from kiosk.store.books import ZIM
from kiosk.store.db import Connection, transaction
from kiosk.store.generations import NewPack
from kiosk.store.state import State, sync_folder, write_durably
from kiosk.sync import book_indexes

KEPT = 2
"""Generations that stay: the current one and the one before, to go back to."""
LIBRARY = "library.xml"


def assemble(state: State, conn: Connection, packs: Sequence[NewPack], now: datetime) -> int:
    """Make a generation of packs that are staged; return its number. It is not served yet."""
    there = [int(path.name) for path in state.generations.iterdir() if path.name.isdigit()]
    number = max(generations.next_number(conn), *(n + 1 for n in there), 1)
    draft = state.generations / f".{number}.new"
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir()
    for new in packs:
        folder = draft / new.manifest.pack
        folder.mkdir()
        (folder / "manifest.json").hardlink_to(state.object_path(new.manifest_sha256))
        for item in new.manifest.items:
            _link_entries(state, folder / item.id / item.language, item, _entries(conn, item))
    write_durably(draft / LIBRARY, shelf.to_xml(_books(conn, (new.manifest for new in packs))))
    os.sync()  # one call for thousands of names: a sync of each folder would take minutes on a card
    draft.rename(state.generations / str(number))
    sync_folder(state.generations)
    with transaction(conn):
        generations.record(conn, number, packs, now)
    return number


def activate(state: State, conn: Connection, number: int) -> None:
    """Make a whole generation the one that is served."""
    draft = state.folder / ".current.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(Path("generations") / str(number))
    draft.replace(state.current)
    sync_folder(state.folder)
    with suppress(NoSpace), transaction(conn):  # it is served: on a full card `clear` marks it, as after a cut
        generations.mark_served(conn, number)


def clear(state: State, conn: Connection) -> None:
    """Remove what a cut left behind: generations that were never served, which must not push out one that was."""
    current = state.current_number()
    if current and generations.last_served(conn, 1) != [current]:  # cut between the rename and its mark
        with transaction(conn):
            generations.mark_served(conn, current)
    if not _kept(state, conn).issuperset(path.name for path in state.generations.iterdir()):
        prune(state, conn, parts=False)


def prune(state: State, conn: Connection, *, parts: bool = True) -> None:
    """Remove generations that are too old to go back to, what a cut left behind, and files that none needs.

    Args:
        parts: also what was fetched and indexed, since all of it has been used.
    """
    kept = _kept(state, conn)
    for number in generations.numbers(conn):
        if str(number) not in kept:
            with transaction(conn):
                generations.forget(conn, number)
    with transaction(conn):
        collections.forget_unused(conn)
    facts.prune(conn, state)
    papers.prune(conn, state)
    if parts:  # else a build that was cut goes on from what it had
        search_index.forget_unused(conn)
        book_indexes.prune(state, conn, generations.numbers(conn))
    for path in state.generations.iterdir():
        if path.name not in kept:
            shutil.rmtree(path)
    for path in state.parts.iterdir() if parts else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in state.objects.glob("*/*"):
        if path.stat().st_nlink == 1:  # no generation holds a link to it
            path.unlink()


def _kept(state: State, conn: Connection) -> set[str]:
    return {str(number) for number in (state.current_number(), *generations.last_served(conn, KEPT))}


def _entries(conn: Connection, item: Item) -> Iterator[Entry]:
    number = collections.number(conn, item.installed_as)
    if number is None:
        raise StoreError(f"the listing of {item.id} ({item.language}) is not here", "sync again")
    return collections.entries(conn, number)


def _link_entries(state: State, folder: Path, item: Item, entries: Iterable[Entry]) -> None:
    for entry in entries:
        is_book = item.is_laid_out and entry.path == ZIM
        path = folder / (item.attributes["file"] if is_book else entry.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _link(state.object_path(entry.sha256), path)


def _link(file: Path, path: Path) -> None:
    try:
        path.hardlink_to(file)
    except OSError as error:
        if error.errno != errno.EMLINK:  # ext4 allows 65,000 names: a wiki may have more pages that are all alike
            raise
        shutil.copyfile(file, path)


def _books(conn: Connection, manifests: Iterable[Manifest]) -> list[shelf.ShelfBook]:
    return [_book(conn, manifest, item) for manifest in manifests for item in manifest.items if item.kind == BOOK]


def _book(conn: Connection, manifest: Manifest, item: Item) -> shelf.ShelfBook:
    file = item.attributes["file"]
    return shelf.ShelfBook(
        uuid=item.attributes["uuid"],
        path=f"{manifest.pack}/{item.id}/{item.language}/{file}",
        name=file.removesuffix(".zim"),
        title=item.title,
        summary=item.summary,
        language=item.language,
        publisher=manifest.publisher,
        size_bytes=next(each.size_bytes for each in _entries(conn, item) if each.path in (file, ZIM)),
    )
