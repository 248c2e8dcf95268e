"""Staging: from a route's blobs to verified files and rows of one pack, ready to be put into a generation.

True always: nothing staged counts before its content roots were found right; what is installed is read and never
changed; an old copy that is damaged is noticed and repaired from segments, or by the full route; a pack that swells
ends at a limit of memory, as an error. A pack whose book was brought by hand takes the rest from segments.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import FormatError, TrustError
from kiosk.host import memory
from kiosk.packs import kinds, listing, route, unpack
from kiosk.packs import manifest as manifests
from kiosk.packs.blobs import BLOB_BYTES, file_sha256, is_as_long
from kiosk.packs.collection import Entry, content_root, period_of
from kiosk.packs.head import Head, Route
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item, Manifest, Media
from kiosk.packs.wire import Stream
from kiosk.store import collections, staging
from kiosk.store.db import Connection, transaction
from kiosk.store.state import State
from kiosk.sync import adopted, adoption, mending, repair
from kiosk.sync.adoption import Adoption
from kiosk.sync.books import Books
from kiosk.sync.fetch import Fetcher, Source
from kiosk.sync.mirrors import FileMissing, file_at
from kiosk.sync.objects import Drafts, pieces
from kiosk.sync.old_entries import OldEntries
from kiosk.sync.plan import Step
from kiosk.sync.progress import Entries, Work, untold
from kiosk.sync.repair import TooDamaged

MOST_MEMORY_BYTES = 128 * 1024 * 1024
"""What staging a pack may take of memory. The largest that were measured take half of it."""
Files = dict[int, list[Entry]]
"""The files of each book, by its number."""


@dataclass(frozen=True)
class Stage:
    """What staging a pack needs: the state, the database, a fetcher, drafts, the listing being made, and who counts
    the entries that are written.
    """

    state: State
    conn: Connection
    fetcher: Fetcher
    drafts: Drafts
    listed: Connection
    counted: Entries


def pack(state: State, conn: Connection, fetcher: Fetcher, step: Step, work: Work = untold) -> Manifest:
    """Fetch and stage one pack by the way that was chosen; return its manifest. `work` is told how far it is written.

    Where the old copy is too damaged for a patch, or no mirror that is here has the patch (a stick, a neighbour), the
    full route is taken; so it is where a book that was brought is damaged.

    Raises:
        TrustError, FormatError, MirrorError, StoreError, OSError: nothing of it counts then.
    """
    try:
        with memory.limited(MOST_MEMORY_BYTES):
            return _by_some_way(state, conn, fetcher, step, work)
    except MemoryError as error:
        told = f"{step.head.pack}: to read it takes more than {MOST_MEMORY_BYTES >> 20} MB of memory"
        raise FormatError(told, "tell the federation; what is installed stays as it is") from error


def _by_some_way(state: State, conn: Connection, fetcher: Fetcher, step: Step, work: Work) -> Manifest:
    try:
        return _staged(state, conn, fetcher, step, work)
    except (TooDamaged, FileMissing):
        if step.adoption is None and step.route.start is None:
            raise
        return _staged(state, conn, fetcher, Step(step.head, step.head.full), work)


def _staged(state: State, conn: Connection, fetcher: Fetcher, step: Step, work: Work) -> Manifest:
    head = step.head
    with staging.opened(state.parts) as listed:
        counted = Entries(work, f"writing {head.pack}", head.entries)
        stage = Stage(state, conn, fetcher, Drafts(state), listed, counted)
        if step.adoption is not None:
            manifest, books = _by_adoption(stage, head, step.adoption)
        else:
            full = step.route.start is None
            manifest, books = _by_full(stage, head) if full else _by_patch(stage, head, step.route)
        _fetch_media(stage, manifest)
        staging.check(listed, head.pack)
        for number, item in enumerate(manifest.in_order):
            _check(stage, head, number, item)
        stage.drafts.keep([manifest.to_bytes()])
        stage.drafts.settle()
        with transaction(conn):
            for number, item in enumerate(manifest.in_order):
                files = books[number] if number in books else staging.of_item(listed, number)
                collections.record(conn, item.installed_as, files)
    return manifest


def _list_media(stage: Stage, head: Head, manifest: Manifest) -> None:
    for number, item in enumerate(manifest.in_order):
        staging.put(stage.listed, (Placed(number, media.entry) for media in item.media), head.pack)


def _body(stage: Stage, head: Head, chosen: Route) -> Stream:
    paths = [stage.fetcher.blob(blob) for blob in chosen.blobs]
    what = route.FULL if chosen.start is None else route.PATCH
    return route.open_body(pieces(paths), what, f"{head.pack} {head.version}")


def _by_full(stage: Stage, head: Head) -> tuple[Manifest, Files]:
    body = _body(stage, head, head.full)
    manifest = unpack.check_manifest(unpack.full_manifest(body), head)
    _list_media(stage, head, manifest)
    with Books(stage.state.parts, stage.listed, head, manifest, None, counted=stage.counted) as books:
        for placed, chunks in unpack.full_entries(body, head, len(manifest.items), manifest.books):
            staging.put(stage.listed, [placed], head.pack, manifest.books)
            staging.arrived(stage.listed, placed, _kept(stage, books, placed, chunks))
        return manifest, books.finish(stage.drafts)


def _kept(stage: Stage, books: Books, placed: Placed, chunks: Iterable[bytes]) -> str:
    if placed.item in books:
        return books.add(placed, chunks)
    stage.counted()
    return stage.drafts.keep(chunks)


def _by_patch(stage: Stage, head: Head, chosen: Route) -> tuple[Manifest, Files]:
    before = installed_manifest(stage.state, chosen.start or "")
    body = _body(stage, head, chosen)
    patch = unpack.open_patch(body, before.to_bytes(), head)
    manifest = unpack.check_manifest(patch.manifest, head)
    with OldEntries(stage.state, stage.conn, before) as old:
        items = unpack.items_between(before, manifest)
        entries = listing.apply(old.placed(), patch.delta, items, body.name, manifest.books)
        staging.put(stage.listed, entries, head.pack, manifest.books)
        _list_media(stage, head, manifest)
        old.want({reference.number for block in patch.layout for reference in block.references} | patch.delta.sources)
        targets = staging.waiting(stage.listed)
        mended = _mended(stage, head, manifest, mending.missing(stage.listed, manifest, targets, patch, old), old)
        with Books(stage.state.parts, stage.listed, head, manifest, old, counted=stage.counted) as books:
            coming = unpack.target_entries(patch.blocks(body, old.read), targets, f"{head.pack} {head.version}")
            for placed, chunks in mending.instead(coming, mended, stage.drafts):
                staging.arrived(stage.listed, placed, _kept(stage, books, placed, chunks))
            spoiled = [each for each in unpack.spoiled(targets, patch.damaged) if each.place not in mended]
            _repair(stage, head, manifest, books, spoiled)
            return manifest, books.finish(stage.drafts)


def _mended(
    stage: Stage, head: Head, manifest: Manifest, missing: Sequence[Placed], old: OldEntries
) -> Mapping[tuple[int, str], str]:
    """Fetch what books can not be made from, before they are written; return the SHA-256 of each by item and path."""
    if not missing:
        return {}
    mended = repair.fetch_missing(stage.fetcher, head, manifest, stage.listed, stage.drafts, missing)
    for placed in missing:
        if placed.source is not None and (path := stage.drafts.path(mended[placed.place])) is not None:
            old.mended[placed.source] = path
    return mended


def _by_adoption(stage: Stage, head: Head, found: Adoption) -> tuple[Manifest, Files]:
    manifest = found.manifest
    brought = {number: adoption.path_of(stage.state, manifest.in_order[number]) for number in found.books}
    _list_media(stage, head, manifest)
    for number, path in brought.items():
        adopted.check(path, item := manifest.in_order[number])
        entries = adopted.entries_of(path, item)
        staging.put(stage.listed, (Placed(number, each) for each in entries), head.pack, manifest.books)
    origin = adopted.Rest(stage.fetcher, head, manifest)
    for placed, content in origin.entries(found.books):
        if placed.item not in manifest.books:
            stage.drafts.keep([content])
        staging.put(stage.listed, [placed], head.pack, manifest.books)
    with Books(stage.state.parts, stage.listed, head, manifest, origin, brought, stage.counted) as books:
        return manifest, books.finish(stage.drafts)


def _repair(stage: Stage, head: Head, manifest: Manifest, books: Books, spoiled: Sequence[Placed]) -> None:
    missing = [*spoiled, *_lost(stage, books)]
    if any(placed.item in books for placed in missing):
        # Its book is written by then, with zeros in its place.
        raise TooDamaged(f"{head.pack}: what its books are made from is damaged", "the card may be failing")
    if missing:
        repair.fetch_missing(stage.fetcher, head, manifest, stage.listed, stage.drafts, missing)


def installed_manifest(state: State, sha256: str) -> Manifest:
    """Return the manifest of an installed pack. Raises TooDamaged when the card does not have it as it was."""
    path = state.object_path(sha256)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TooDamaged(f"{path}: can not be read: {error.strerror}", "the card may be failing") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise TooDamaged(f"{path}: it is damaged", "the card may be failing: have a new one at hand")
    return manifests.parse(data, str(path))


def _lost(stage: Stage, books: Books) -> list[Placed]:
    # Entries that stay as they are, whose file is gone from the card or has another size.
    found = []
    for placed in staging.all_of(stage.listed):
        if placed.entry.is_media or placed.item in books:
            continue
        path = stage.drafts.path(placed.entry.sha256)
        if path is None or path.stat().st_size != placed.entry.size_bytes:
            found.append(placed)
    return found


def _fetch_media(stage: Stage, manifest: Manifest) -> None:
    # They stay where the next sync finds them until the last has come: a cut before that costs none of them.
    came = {media.entry.sha256: path for media in manifest.media if (path := _fetched(stage, media)) is not None}
    for path in came.values():
        stage.drafts.keep_file(path)


def _fetched(stage: Stage, media: Media) -> Path | None:
    """Return where a medium lies now that it has come, None where it was here."""
    entry = media.entry
    path = stage.drafts.path(entry.sha256)
    if path is not None and path.stat().st_size == entry.size_bytes:
        return None
    joined = joined_at(stage.state, media)
    if _is_right(joined, entry):  # whole before a cut
        return joined
    whole = _joined(joined, media, stage.fetcher)
    if file_sha256(whole) != entry.sha256:
        whole.unlink()
        raise TrustError(f"{entry.path}: its blobs do not make up the file that was signed")
    return whole


def _is_right(path: Path, entry: Entry) -> bool:
    return is_as_long(path, entry.size_bytes) and file_sha256(path) == entry.sha256


def joined_at(state: State, media: Media) -> Path:
    """Return where the blobs of a large medium are put together."""
    return state.parts / f"{media.entry.sha256}.media"


def _joined(target: Path, media: Media, fetcher: Fetcher) -> Path:
    # Blob by blob, so that a large file needs room for itself and one blob. What a cut left of one is written over.
    if len(media.blobs) == 1:
        return fetcher.blob(media.blobs[0], _elsewhere(media, 0))
    with target.open("r+b" if target.exists() else "w+b") as file:
        done = file.seek(0, 2) // BLOB_BYTES
        file.seek(done * BLOB_BYTES)
        file.truncate()
        for number in range(done, len(media.blobs)):
            path = fetcher.blob(media.blobs[number], _elsewhere(media, number))
            file.writelines(pieces([path]))
            file.flush()
            os.fdatasync(file.fileno())  # before the blob goes: else a power cut would cost the whole file
            path.unlink()
    return target


def _elsewhere(media: Media, number: int) -> list[Source]:
    """Return where else the bytes of a blob of a medium lie: in the files at its URLs."""
    return [Source(*file_at(url), number * BLOB_BYTES) for url in media.urls]


def _check(stage: Stage, head: Head, number: int, item: Item) -> None:
    label = f"{head.pack}: {item.id} ({item.language})"
    every = period_of(staging.of_item(stage.listed, number))
    if content_root(staging.of_item(stage.listed, number), every) != item.content_root:
        raise TrustError(f"{label}: its content is not that of the content root that was signed")
    lacking = kinds.missing(item.kind, item.attributes, lambda path: staging.has(stage.listed, number, path))
    if lacking:
        raise TrustError(f"{label}: the entry '{lacking[0]}' is missing")
