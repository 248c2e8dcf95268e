"""Staging: from a route's blobs to verified files and rows of one pack, ready to be put into a generation.

True always: nothing staged counts before its content roots were found right; what is installed is read and never
changed; an old copy that is damaged is noticed and repaired from segments, or by the full route; a pack that swells
ends at a limit of memory, as an error.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import FormatError, TrustError
from kiosk.host import memory
from kiosk.packs import kinds, listing, route, unpack
from kiosk.packs import manifest as manifests
from kiosk.packs.blobs import BLOB_BYTES, file_sha256
from kiosk.packs.blocks import Reference
from kiosk.packs.collection import content_root, period_of
from kiosk.packs.head import Head, Route
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item, Manifest, Media
from kiosk.packs.wire import Stream
from kiosk.store import collections, staging
from kiosk.store.db import Connection, transaction
from kiosk.store.state import State
from kiosk.sync import repair
from kiosk.sync.fetch import Fetcher, Source
from kiosk.sync.mirrors import FileMissing, file_at
from kiosk.sync.objects import Drafts, pieces
from kiosk.sync.repair import TooDamaged

MOST_MEMORY_BYTES = 128 * 1024 * 1024
"""What staging a pack may take of memory. The largest that were measured take half of it."""


@dataclass(frozen=True)
class Stage:
    """What staging a pack needs: the state, the database, a fetcher, drafts, and the listing being made."""

    state: State
    conn: Connection
    fetcher: Fetcher
    drafts: Drafts
    listed: Connection


def pack(state: State, conn: Connection, fetcher: Fetcher, head: Head, chosen: Route) -> Manifest:
    """Fetch and stage one pack by the route that was chosen; return its manifest.

    Where the old copy is too damaged for a patch, or no mirror that is here has the patch (a stick, a neighbour), the
    full route is taken.

    Raises:
        TrustError, FormatError, MirrorError, StoreError, OSError: nothing of it counts then.
    """
    try:
        with memory.limited(MOST_MEMORY_BYTES):
            return _by_some_route(state, conn, fetcher, head, chosen)
    except MemoryError as error:
        told = f"{head.pack}: to read it takes more than {MOST_MEMORY_BYTES >> 20} MB of memory"
        raise FormatError(told, "tell the federation; what is installed stays as it is") from error


def _by_some_route(state: State, conn: Connection, fetcher: Fetcher, head: Head, chosen: Route) -> Manifest:
    try:
        return _staged(state, conn, fetcher, head, chosen)
    except (TooDamaged, FileMissing):
        if chosen.start is None:
            raise
        return _staged(state, conn, fetcher, head, head.full)


def _staged(state: State, conn: Connection, fetcher: Fetcher, head: Head, chosen: Route) -> Manifest:
    with staging.opened(state.parts) as listed:
        stage = Stage(state, conn, fetcher, Drafts(state), listed)
        manifest = _by_full(stage, head) if chosen.start is None else _by_patch(stage, head, chosen)
        for media in (media for item in manifest.items for media in item.media):
            _fetch_media(stage, media)
        staging.check(listed, head.pack)
        for number, item in enumerate(manifest.in_order):
            _check(stage, head, number, item)
        stage.drafts.keep([manifest.to_bytes()])
        stage.drafts.settle()
        with transaction(conn):
            for number, item in enumerate(manifest.in_order):
                collections.record(conn, item.content_root, staging.of_item(listed, number))
    return manifest


def _list_media(stage: Stage, head: Head, manifest: Manifest) -> None:
    for number, item in enumerate(manifest.in_order):
        staging.put(stage.listed, (Placed(number, media.entry) for media in item.media), head.pack)


def _body(stage: Stage, head: Head, chosen: Route) -> Stream:
    paths = [stage.fetcher.blob(blob) for blob in chosen.blobs]
    what = route.FULL if chosen.start is None else route.PATCH
    return route.open_body(pieces(paths), what, f"{head.pack} {head.version}")


def _by_full(stage: Stage, head: Head) -> Manifest:
    body = _body(stage, head, head.full)
    manifest = unpack.check_manifest(unpack.full_manifest(body), head)
    _list_media(stage, head, manifest)
    for placed, chunks in unpack.full_entries(body, head, len(manifest.items)):
        staging.put(stage.listed, [placed], head.pack)
        staging.arrived(stage.listed, placed, stage.drafts.keep(chunks))
    return manifest


def _by_patch(stage: Stage, head: Head, chosen: Route) -> Manifest:
    old = installed_manifest(stage.state, chosen.start or "")
    body = _body(stage, head, chosen)
    patch = unpack.open_patch(body, old.to_bytes(), head)
    manifest = unpack.check_manifest(patch.manifest, head)
    items = unpack.items_between(old, manifest)
    entries = listing.apply(installed_entries(stage.conn, old), patch.delta, items, body.name)
    staging.put(stage.listed, entries, head.pack)
    _list_media(stage, head, manifest)
    targets = staging.waiting(stage.listed)
    old_piece = _OldPieces(stage, old, patch)
    blocks = patch.blocks(body, old_piece.read)
    for placed, chunks in unpack.target_entries(blocks, targets, body.name):
        staging.arrived(stage.listed, placed, stage.drafts.keep(chunks))
    missing = unpack.spoiled(targets, patch.damaged) + _lost(stage)
    if missing:
        repair.fetch_missing(stage.fetcher, head, manifest, stage.listed, stage.drafts, missing)
    return manifest


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


def installed_entries(conn: Connection, manifest: Manifest) -> Iterator[Placed]:
    """Yield the entries of an installed pack in collection order, media left out."""
    for number, item in enumerate(manifest.in_order):
        collection = collections.number(conn, item.content_root)
        if collection is None:
            raise TooDamaged(f"the listing of {item.id} ({item.language}) is gone", "restore the last backup")
        for entry in collections.entries(conn, collection):
            if not entry.is_media:
                yield Placed(number, entry)


class _OldPieces:
    """Reads pieces of old entries, each entry checked against its hash before the first of its bytes is used."""

    def __init__(self, stage: Stage, old: Manifest, patch: unpack.Patch) -> None:
        self._state = stage.state
        wanted = {reference.number for block in patch.layout for reference in block.references}
        entries = installed_entries(stage.conn, old)
        self._hashes = {number: placed.entry.sha256 for number, placed in enumerate(entries) if number in wanted}
        self._good: dict[int, bool] = {}

    def read(self, reference: Reference) -> bytes | None:
        if reference.number not in self._hashes:
            raise TrustError(f"a patch refers to an entry that its start does not have ({reference.number})")
        sha256 = self._hashes[reference.number]
        path = self._state.object_path(sha256)
        if reference.number not in self._good:
            self._good[reference.number] = file_sha256(path) == sha256
        if not self._good[reference.number]:
            return None
        with path.open("rb") as file:
            file.seek(reference.start)
            return file.read(-1 if reference.length is None else reference.length)


def _lost(stage: Stage) -> list[Placed]:
    # Entries that stay as they are, whose file is gone from the card or has another size.
    found = []
    for placed in staging.all_of(stage.listed):
        if placed.entry.is_media:
            continue
        path = stage.drafts.path(placed.entry.sha256)
        if path is None or path.stat().st_size != placed.entry.size_bytes:
            found.append(placed)
    return found


def _fetch_media(stage: Stage, media: Media) -> None:
    entry = media.entry
    path = stage.drafts.path(entry.sha256)
    if path is None or path.stat().st_size != entry.size_bytes:
        whole = _joined(stage.state.parts / f"{entry.sha256}.media", media, stage.fetcher)
        if file_sha256(whole) != entry.sha256:
            whole.unlink()
            raise TrustError(f"{entry.path}: its blobs do not make up the file that was signed")
        stage.drafts.keep_file(whole)


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
