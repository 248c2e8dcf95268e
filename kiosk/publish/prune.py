"""Pruning: removing from a repository what nothing needs any more.

Kept are all roots, the metadata in force, what is released or waits for signatures, what was added and not released
yet, and of each pack on a channel the versions before that patches start from, now and later (their full route).
True always: metadata goes first and blobs last, so an interrupted run leaves things too many and nothing too few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuf.api.metadata import Metadata, Targets

from kiosk.errors import FormatError, TrustError
from kiosk.packs import blobs, route, unpack
from kiosk.packs import head as heads
from kiosk.packs.head import Head
from kiosk.publish import patches
from kiosk.publish.content import checked_pieces
from kiosk.publish.external import published_blobs
from kiosk.publish.metadata import MetadataFolder
from kiosk.publish.repository import head_location

Added = dict[str, Head]
Older = dict[str, dict[str, Head]]
KEEP = 12
"""Versions of a pack before the one that is released: patches start from the last ten. Milestones stay besides."""


@dataclass(frozen=True)
class Pruned:
    """What goes: files by kind, their bytes together, and what stays."""

    metadata: int
    heads: int
    blobs: int
    size_bytes: int
    kept_files: int
    kept_bytes: int


def prune(folder: Path, metadata: MetadataFolder, *, keep: int = KEEP, dry_run: bool = False) -> Pruned:
    """Remove what is not needed from the repository in `folder`, and return what that was.

    Args:
        folder: the repository.
        metadata: its metadata.
        keep: how many older versions of each pack are kept for patches.
        dry_run: only tell.

    Raises:
        TrustError: a signature does not hold, or a head that is released is missing: nothing is removed then.
    """
    named = [head_location(target) for each in _lists(metadata) for target in each.signed.targets.values()]
    every = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    current = {location: _head(folder / location) for location in named}
    before, added = _others(folder, every, current)
    older = _last(before, _newest(current), keep)
    whole = current | added
    wanted = {blob for head in whole.values() for blob in _needed(folder, head)}
    wanted |= {blob.sha256 for head in older.values() for blob in heads.with_leaves(list(head.full.blobs))}
    staying = {*metadata_files(metadata), *whole, *older, *map(blobs.location, wanted)}
    gone = [path for path in sorted(every, key=_order) if path not in staying]
    size = sum(every[path].stat().st_size for path in gone)
    kept = [every[path].stat().st_size for path in every if path in staying]
    if not dry_run:
        for path in gone:
            every[path].unlink()
    kinds = [path.partition("/")[0] for path in gone]
    others = kinds.count("targets") + kinds.count("added")
    return Pruned(kinds.count("metadata"), others, kinds.count("blobs"), size, len(kept), sum(kept))


def metadata_files(metadata: MetadataFolder) -> Iterator[str]:
    """Yield the paths, in the repository, of all metadata that is in force or waits."""
    yield "metadata/timestamp.json"
    yield f"metadata/{metadata.snapshot().signed.version}.snapshot.json"
    for role, version in metadata.versions().items():
        yield f"metadata/{version}.{role}.json"
    for path in metadata.folder.glob("*.root.json"):
        yield f"metadata/{path.name}"
    for role, waiting in metadata.waiting().items():
        yield f"metadata/unsigned/{waiting.signed.version}.{role}.json"


def _lists(metadata: MetadataFolder) -> Iterator[Metadata[Targets]]:
    for channel in metadata.versions().keys() - {"targets"}:
        yield metadata.channel(channel)
    for role, waiting in metadata.waiting().items():
        if role not in ("root", "targets"):
            yield waiting


def _files(folder: Path) -> Iterator[Path]:
    for part in ("metadata", "targets", "added", "blobs"):
        yield from (path for path in (folder / part).rglob("*") if path.is_file())


def _order(path: str) -> tuple[int, str]:
    return ("metadata", "added", "targets", "blobs").index(path.partition("/")[0]), path


def _head(path: Path) -> Head:
    try:
        return heads.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise TrustError(f"{path}: can not be read: {error.strerror}", "kiosk repo verify") from error


def _others(folder: Path, every: dict[str, Path], current: dict[str, Head]) -> tuple[Older, Added]:
    """Return, by pack, the heads that were released before; and those that were added and never released."""
    before: Older = defaultdict(dict)
    added: Added = {}
    newest = {head.pack: 0 for head in current.values()}
    for path in sorted(every, key=_order, reverse=True):  # released ones before added ones
        if not _is_head(path):
            continue
        head = current.get(path) or _head(folder / path)
        if path.startswith("targets/"):
            newest[head.pack] = max(head.version, newest.get(head.pack, 0))
            if path not in current:
                before[head.pack][path] = head
        elif head.version > newest.get(head.pack, 0):
            added[path] = head
    return before, added


def _newest(current: dict[str, Head]) -> dict[str, int]:
    found: dict[str, int] = {}
    for head in current.values():
        found[head.pack] = max(head.version, found.get(head.pack, 0))
    return found


def _last(before: Older, newest: dict[str, int], keep: int) -> dict[str, Head]:
    found: dict[str, Head] = {}
    for pack in newest.keys() & before.keys():
        versions = patches.kept({head.version for head in before[pack].values()}, newest[pack], keep)
        found |= {path: head for path, head in before[pack].items() if head.version in versions}
    return found


def _is_head(path: str) -> bool:
    return path.startswith(("targets/", "added/")) and not path.rpartition("/")[2].startswith(".")


def _needed(folder: Path, head: Head) -> Iterator[str]:
    if head.full.media_bytes == 0:
        yield from (blob.sha256 for blob in head.all_blobs())
        return
    name = f"{folder}: {head.pack} {head.version}"
    try:
        body = route.open_body(checked_pieces(folder, head), route.FULL, name)
        yield from published_blobs(head, unpack.check_manifest(unpack.full_manifest(body), head))
    except FormatError as error:
        raise TrustError(error.message, "kiosk repo verify") from error
