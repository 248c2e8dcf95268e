"""Adoption: a pack whose book somebody brought by hand is installed with that book; the rest of it is fetched.

    brought/<manifest>.json    manifests of packs on offer whose books may be brought
    brought/<zim>.zim          books that were brought, as their publisher wrote them

Owns: that folder. True always: a book lies there under its name only when its bytes hash to the SHA-256 that was
signed; what no pack on offer waits for any more goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import FormatError, KioskError, MirrorError, TrustError
from kiosk.packs import kinds, unpack
from kiosk.packs.head import Head, Route
from kiosk.packs.manifest import Item, Manifest
from kiosk.store.state import State, sync_folder, write_durably
from kiosk.sync.fetch import Fetcher

RIGHT_EDITION = "bring the very edition that the pack has, or fetch the pack"
"""What helps where a book is another than the one that was signed."""
MOST_SHARE = 100
"""A manifest is fetched ahead of its route only where it is no more than this part of it."""


@dataclass(frozen=True)
class Adoption:
    """How a pack is installed with the books of these numbers, which were brought; `route` says what must come."""

    manifest: Manifest
    books: frozenset[int]
    route: Route

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of what must come."""
        rest = (item.kind for number, item in enumerate(self.manifest.in_order) if number not in self.books)
        return tuple(sorted(set(rest)))

    @property
    def here_bytes(self) -> int:
        """What of the pack lies on the card already."""
        items = self.manifest.in_order
        return sum(items[number].attributes[kinds.LAID_OUT]["size_bytes"] for number in self.books)


def path_of(state: State, item: Item) -> Path:
    """Return where the ZIM of a book lies, or would, when it was brought."""
    return state.brought / f"{item.installed_as}.zim"


def of(state: State, head: Head) -> Adoption | None:
    """Return how the pack version of a head is adopted, None where none of its books was brought."""
    manifest = manifest_of(state, head)
    if manifest is None:
        return None
    books = {number for number in manifest.books if path_of(state, manifest.in_order[number]).is_file()}
    return Adoption(manifest, frozenset(books), rest(state, head, manifest, books)) if books else None


def best(state: State, head: Head, installed: str) -> tuple[Route, Adoption | None]:
    """Return the cheapest way to a version from the installed manifest ("" for none), by adoption if that is it."""
    route, adoption = head.route_from(installed), of(state, head)
    if adoption is None or adoption.route.download_bytes >= route.download_bytes:
        return route, None
    return adoption.route, adoption


def rest(state: State, head: Head, manifest: Manifest, books: Collection[int]) -> Route:
    """Return what must come besides these books: media, and about as many bytes of segments."""
    others = [item for number, item in enumerate(manifest.in_order) if number not in books]
    media = {m.entry.sha256: m.entry.size_bytes for item in others for m in item.media}
    size = sum(size for sha256, size in media.items() if not state.object_path(sha256).is_file())
    content = sum(_content_bytes(item) for item in others)
    if content and head.segments:
        every = sum(_content_bytes(item) for item in manifest.items)
        size += head.segments.index.size_bytes
        size += sum(blob.size_bytes for blob in head.segments.blobs) * content // every
    return Route((), size)


def _content_bytes(item: Item) -> int:
    return item.size_bytes - sum(media.entry.size_bytes for media in item.media)


def manifest_of(state: State, head: Head) -> Manifest | None:
    """Return the manifest of a head, if it was kept."""
    with suppress(OSError, KioskError):  # torn by a power cut: it is fetched again
        return unpack.check_manifest(_manifest_path(state, head).read_bytes(), head)
    return None


def learn(state: State, head: Head, fetcher: Fetcher, route: Route | None = None) -> Manifest | None:
    """Return the manifest of a head, kept or fetched now and kept; None where it is not to be had, or not worth it.

    Args:
        state: the kiosk's.
        head: which pack version.
        fetcher: whom to ask.
        route: the way to the version; a manifest that is a large part of it is not fetched. None: whatever it takes.
    """
    found = manifest_of(state, head)
    if found is not None or head.apart is None:
        return found
    if route and head.manifest_bytes * MOST_SHARE > route.download_bytes:
        return None
    with suppress(
        MirrorError, TrustError, FormatError
    ):  # who has it comes by another day; without it the pack comes as ever
        data = fetcher.small(head.apart)
        found = unpack.check_manifest(data, head)
        state.brought.mkdir(exist_ok=True)
        write_durably(_manifest_path(state, head), data)
        sync_folder(state.brought)
        (state.parts / head.manifest_sha256).unlink()
    return found


def prune(state: State, waiting: Iterable[Head]) -> None:
    """Remove what no pack waits for any more."""
    if not state.brought.is_dir():
        return
    needed = set()
    for head in waiting:
        needed.add(_manifest_path(state, head))
        if manifest := manifest_of(state, head):
            needed |= {path_of(state, manifest.in_order[number]) for number in manifest.books}
    for path in state.brought.iterdir():
        if path not in needed:
            path.unlink()
    if not needed:
        state.brought.rmdir()


def _manifest_path(state: State, head: Head) -> Path:
    return state.brought / f"{head.manifest_sha256}.json"
