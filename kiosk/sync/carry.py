"""Passing on what the kiosk holds: keeping it in the form of a repository, and making a stick a full mirror.

Owns: what goes into `mirror/` (see holdings) and onto a stick, and in which order. True always: on a stick as in
`mirror/`, blobs come first, then heads, then metadata, `timestamp.json` last, each on the medium before the next, so
whoever takes the stick out too early holds an older or smaller mirror but never a wrong one; nothing is ever taken
off a stick.

To import is to sync from a `FolderMirror`; there is nothing else to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import Conflict, MirrorError, NoSpace, NotFound, StoreError, TrustError
from kiosk.packs.blobs import BLOB_BYTES, Blob, is_as_long, location
from kiosk.packs.head import Head, with_leaves
from kiosk.store.generations import NewPack
from kiosk.store.state import State
from kiosk.sync.fetch import Fetcher, Meter
from kiosk.sync.holdings import LISTING, Cut, Held, Holdings, listing
from kiosk.sync.mirrors import FileMissing, FolderMirror, Mirror
from kiosk.sync.parts import leaf_list
from kiosk.sync.replica import (
    PARTS,
    check_no_links,
    metadata_in,
    older_roots,
    put,
    put_metadata,
    read_metadata,
    root_versions,
    sync_names,
    version_of,
)

SPARE_BYTES = 1024 * 1024
"""What is left free on a stick: folders and names take room too."""

Tell = Callable[[int, int, str], None]
"""Told (bytes done, bytes in all, pack) as blobs are copied."""


@dataclass(frozen=True)
class Carried:
    """A pack version on a stick, and how many blobs of it could not be had.

    `from_nothing` tells whether a kiosk can install it that has nothing of the pack yet; what is missing is then only
    a matter of updates from some versions.
    """

    pack: str
    version: int
    from_nothing: bool
    missing: int
    missing_bytes: int


@dataclass(frozen=True)
class Exported:
    """What an export did: bytes and blobs that were copied, each pack's state, and the oldest root version there is."""

    copied_blobs: int
    copied_bytes: int
    packs: tuple[Carried, ...]
    first_root: int

    @property
    def is_complete(self) -> bool:
        """Tell whether the stick is a full mirror of the channels that the kiosk follows."""
        return self.first_root == 1 and not any(pack.missing for pack in self.packs)


def held(state: State, channel: str, head: Head, new: NewPack) -> Held:
    """Return what can be passed on of a pack that was installed from a channel."""
    cuts = tuple(
        Cut(blob, str(state.object_path(media.entry.sha256).relative_to(state.folder)), number * BLOB_BYTES)
        for media in new.manifest.media
        for number, blob in enumerate(media.blobs)
    )
    if head.apart:
        cuts = (*cuts, Cut(head.apart, str(state.object_path(head.manifest_sha256).relative_to(state.folder)), 0))
    other = [blob for patch in head.patches for blob in patch.blobs]
    if head.segments:
        other += [head.segments.index, *head.segments.blobs]
    target = f"{channel}/{head.pack}.json"
    return Held(target, head.pack, head.version, new.head_sha256, head.full.blobs, tuple(other), cuts)


def keep(state: State, installed: Sequence[Held]) -> None:
    """Keep the packs of the generation that was just activated, for those who come after.

    Moves their blobs from `parts/` to `mirror/`, copies the verified heads and metadata of this sync beside them, so
    that both belong together, and removes what no pack names any more. Can be cut and called again at any point.

    Args:
        state: the kiosk's state; `trust/` is as the sync left it.
        installed: every installed pack. One whose head was replaced by a newer one since is not kept.

    Raises:
        OSError: the card is full or broken.
    """
    holdings = Holdings(state.folder)
    folder = holdings.folder
    folder.mkdir(parents=True, exist_ok=True)
    packs = tuple(held for held in installed if (state.trust / held.head_path).is_file())
    wanted = {location(blob.sha256) for held in packs for blob in _all(held)}
    for place in {_moved(state.parts / Path(path).name, folder / path) for path in wanted}:
        if place:
            sync_names(place)
    for held in packs:
        put(folder, held.head_path, (state.trust / held.head_path).read_bytes())
    put(folder, LISTING, listing(packs))
    for held in packs:
        _make_leaf_lists(holdings, [*_needed(held), *held.other])
    metadata = metadata_in(state.trust)
    put_metadata(folder, metadata)
    kept = wanted | {held.head_path for held in packs} | metadata.keys()
    for path in [*folder.glob("blobs/*/*"), *folder.glob("targets/*/*"), *folder.glob("metadata/*")]:
        name = str(path.relative_to(folder))
        if name not in kept and not name.endswith(".root.json"):
            path.unlink()


def export_to(
    folder: Path, state: State, others: Sequence[Mirror] = (), meter: Meter | None = None, tell: Tell | None = None
) -> Exported:
    """Make the folder (a mounted stick) a mirror of the channels that this kiosk follows, copying what is missing.

    Blobs come from what the kiosk holds, and those it does not hold from `others`; cut off, it goes on where it was.

    Args:
        folder: where to; it may hold a mirror already.
        state: the kiosk's state.
        others: mirrors to ask for what is not held, best first.
        meter: told of every byte read, whose it was.
        tell: told of progress.

    Raises:
        NotFound: the kiosk holds nothing yet.
        Conflict: the folder holds something newer, or another federation's.
        NoSpace: there is not room enough, with the figures.
        StoreError: the stick can not be written.
    """
    holdings = Holdings(state.folder)
    if not (packs := holdings.packs()):
        raise NotFound("this kiosk holds no packs that could be passed on", "sync first")
    try:
        check_no_links(folder)
        _check_same(folder, holdings)
        _check_room(folder, packs, holdings, others)
        copy = _Copy(folder, holdings, others, meter, tell or _untold)
        carried = tuple(copy.pack(held) for held in packs)
        for held in packs:
            put(folder, held.head_path, b"".join(holdings.read(held.head_path)))
        metadata = metadata_in(holdings.folder)
        metadata |= older_roots(metadata, [FolderMirror(folder), *others])
        put_metadata(folder, metadata)
        with contextlib.suppress(OSError):
            (folder / PARTS).rmdir()  # stays when there is something to go on from
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}", "is the stick in, and not write-protected?") from error
    return Exported(copy.blobs, copy.bytes, carried, min(root_versions(metadata)))


class _Copy:
    """The copying of blobs to a stick: through a fetcher, so that all is verified and gone on from at the byte."""

    def __init__(
        self, folder: Path, holdings: Holdings, others: Sequence[Mirror], meter: Meter | None, tell: Tell
    ) -> None:
        self._folder = folder
        self._own = Fetcher([holdings], folder / PARTS, meter)
        self._fetcher = Fetcher([holdings, *others], folder / PARTS, meter)
        self._tell = tell
        self.blobs = self.bytes = 0

    def pack(self, held: Held) -> Carried:
        """Copy what is missing of a pack."""
        first, second = list(with_leaves(_needed(held))), list(with_leaves(list(held.other)))
        total = sum(blob.size_bytes for blob in first + second)
        missing, done, whole = [], 0, True
        for number, blob in enumerate(first + second):
            if not self._has(blob):
                missing.append(blob)
                whole = whole and number >= len(first)
            done += blob.size_bytes
            self._tell(done, total, held.pack)
        return Carried(held.pack, held.version, whole, len(missing), sum(blob.size_bytes for blob in missing))

    def _has(self, blob: Blob) -> bool:
        place = self._folder / location(blob.sha256)
        if is_as_long(place, blob.size_bytes):
            return True
        try:
            part = self._fetcher.blob(blob)
        except (FileMissing, TrustError):  # nobody has it, or nobody has it whole: the pack is told to be incomplete
            return False
        except MirrorError:
            self._fetcher = self._own  # no link: what the kiosk does not hold is not waited for again
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        part.rename(place)
        sync_names(place.parent)
        self.blobs, self.bytes = self.blobs + 1, self.bytes + blob.size_bytes
        return True


def _make_leaf_lists(holdings: Holdings, blobs: Iterable[Blob]) -> None:
    """Make the leaf lists that a sync does without (those of small blobs), for who takes the blobs from here."""
    for blob in blobs:
        if blob.leaves and not holdings.has(location(blob.leaves)) and holdings.has(location(blob.sha256)):
            data = leaf_list(holdings.read(location(blob.sha256)))
            if hashlib.sha256(data).hexdigest() == blob.leaves:
                put(holdings.folder, location(blob.leaves), data)


def _needed(held: Held) -> list[Blob]:
    return [*held.full, *(cut.blob for cut in held.media)]


def _all(held: Held) -> Iterator[Blob]:
    return with_leaves([*_needed(held), *held.other])


def _moved(part: Path, place: Path) -> Path | None:
    """Move a file if it is there, and return the folder whose names have changed."""
    if not part.is_file():
        return None
    place.parent.mkdir(parents=True, exist_ok=True)
    part.rename(place)
    return place.parent


def _check_same(folder: Path, holdings: Holdings) -> None:
    stick, path = FolderMirror(folder), "metadata/timestamp.json"
    there, here = version_of(read_metadata(stick, path)), version_of(read_metadata(holdings, path))
    if there > here:
        raise Conflict(
            f"{folder}: the stick's repository (version {there}) is newer than this kiosk's (version {here})",
            "import it first: kiosk sync import",
        )
    for root in (holdings.folder / "metadata").glob("*.root.json"):
        other = read_metadata(stick, f"metadata/{root.name}")
        if other and other != root.read_bytes():
            raise Conflict(f"{folder}: the stick has another federation's repository", "take another stick or folder")


def _check_room(folder: Path, packs: Sequence[Held], holdings: Holdings, others: Sequence[Mirror]) -> None:
    wanted = {blob.sha256: blob.size_bytes for held in packs for blob in _all(held)}
    absent = [sha256 for sha256 in wanted if not (folder / location(sha256)).exists()]
    there = {path.name.removesuffix(".part"): path.stat().st_size for path in (folder / PARTS).glob("*")}
    needed = sum(wanted[sha256] - there.get(sha256, 0) for sha256 in absent if others or holdings.has(location(sha256)))
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise NoSpace(f"{folder}: {needed:,} bytes are to be copied, and {free:,} are free", "take a larger stick")


def _untold(done: int, total: int, pack: str) -> None:
    """Tell nobody."""
