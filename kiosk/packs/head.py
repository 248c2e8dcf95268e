"""The head: the small signed target that names one pack version and the routes to it.

Owns: its JSON form (docs/formats/pack.md). All else hangs below it by SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from kiosk.errors import FormatError
from kiosk.fields import Fields, parse_json
from kiosk.packs import blobs, collection, deflated, kinds, manifest, names
from kiosk.packs.blobs import Blob
from kiosk.packs.manifest import Manifest

FORMAT = 2
MOST_BYTES = 64 * 1024
MOST_MEDIA_BYTES = collection.MOST_ENTRY_BYTES
START_DIGITS = 16
"""How much of a manifest's SHA-256 names the start of a patch: it only has to tell apart the versions of one pack."""
START = re.compile(rf"[0-9a-f]{{{START_DIGITS}}}")


@dataclass(frozen=True)
class Route:
    """One way to the version: its blobs, and the bytes of media it needs besides. `start` is the SHA-256 of the
    manifest that a patch starts from (in a head: its `start_of`), None for the full route. `needs` names what its
    reader must be able to do besides.
    """

    blobs: tuple[Blob, ...]
    media_bytes: int
    start: str | None = None
    needs: tuple[str, ...] = ()

    @property
    def route_bytes(self) -> int:
        """Bytes of its blobs."""
        return sum(blob.size_bytes for blob in self.blobs)

    @property
    def download_bytes(self) -> int:
        """All that must come for it."""
        return self.route_bytes + self.media_bytes

    @property
    def is_for_us(self) -> bool:
        """Tell whether this machine can do what the route needs; only one that needs something has that tried."""
        return not self.needs or ({deflated.DEFLATE}.issuperset(self.needs) and deflated.is_usual())

    def to_value(self) -> dict[str, Any]:
        """Return the route as JSON values."""
        value: dict[str, Any] = {"blobs": [b.to_value() for b in self.blobs]}
        if self.media_bytes:
            value["media_bytes"] = self.media_bytes
        if self.needs:
            value["needs"] = list(self.needs)
        return value if self.start is None else value | {"from": self.start}


@dataclass(frozen=True)
class Segments:
    """For repair: the segment index, and the blobs that hold the packed segments one after the other."""

    index: Blob
    blobs: tuple[Blob, ...]

    def to_value(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"index": self.index.to_value(), "blobs": [blob.to_value() for blob in self.blobs]}


@dataclass(frozen=True)
class Head:
    """A pack version: its manifest, what it takes on a kiosk, the kinds of its items, and how to get to it.

    Args:
        pack, version: what it is.
        manifest_sha256, manifest_bytes: its manifest.
        installed_bytes: what it takes on the card.
        content_bytes: what its entries have together; of books more than they take.
        entries: how many there are.
        kinds: of its items.
        full, patches: the ways to it.
        segments: for repair.
        apart: the manifest as a blob of its own; None where it travels in the routes alone.
    """

    pack: str
    version: int
    manifest_sha256: str
    manifest_bytes: int
    installed_bytes: int
    content_bytes: int
    entries: int
    kinds: tuple[str, ...]
    full: Route
    patches: tuple[Route, ...] = ()
    segments: Segments | None = None
    apart: Blob | None = None

    def route_from(self, manifest_sha256: str) -> Route:
        """Return the cheapest route for a kiosk that has the version of this manifest ("" for none), of those that it
        is able to take.
        """
        start = start_of(manifest_sha256)
        taken = [route for route in self.patches if route.start == start and route.is_for_us]
        fitting = [replace(route, start=manifest_sha256) for route in taken]
        return min((self.full, *fitting), key=lambda route: route.download_bytes)

    def all_blobs(self) -> Iterator[Blob]:
        """Yield every blob that the head names itself: routes, segments, the manifest, and their leaf lists."""
        named = [blob for route in (self.full, *self.patches) for blob in route.blobs]
        if self.segments is not None:
            named += [self.segments.index, *self.segments.blobs]
        if self.apart is not None:
            named.append(self.apart)
        yield from with_leaves(named)

    def to_bytes(self) -> bytes:
        """Return the canonical JSON."""
        value = {
            "format": FORMAT, "pack": self.pack, "version": self.version,
            "manifest": self._listing(),
            "installed_bytes": self.installed_bytes, "entries": self.entries, "kinds": list(self.kinds),
            "full": self.full.to_value(), "patches": [patch.to_value() for patch in self.patches],
        }  # fmt: skip
        if self.content_bytes != self.installed_bytes:
            value["content_bytes"] = self.content_bytes
        if self.segments is not None:
            value["segments"] = self.segments.to_value()
        return manifest.canonical(value)

    def _listing(self) -> dict[str, Any]:
        if self.apart is None:
            return {"sha256": self.manifest_sha256, "size_bytes": self.manifest_bytes}
        return self.apart.to_value() | {"apart": True}


def start_of(manifest_sha256: str) -> str:
    """Return how a head names the start of a patch: by the first digits of its manifest's SHA-256."""
    return manifest_sha256[:START_DIGITS]


def needed_blobs(head: Head, found: Manifest) -> dict[str, int]:
    """Return SHA-256 -> size in bytes of every blob that a repository must hold for a pack version."""
    media = [blob for each in found.media for blob in each.blobs]
    return {blob.sha256: blob.size_bytes for blob in (*head.all_blobs(), *with_leaves(media))}


def with_leaves(named: list[Blob]) -> Iterator[Blob]:
    """Yield blobs and their leaf lists."""
    for blob in named:
        yield blob
        if (leaves := blob.leaf_list) is not None:
            yield leaves


def parse(data: bytes, name: str = "head") -> Head:
    """Read a head.

    Raises:
        FormatError: with `name` and the place of every mistake.
    """
    if len(data) > MOST_BYTES:
        raise FormatError(f"{name}: {len(data)} bytes are too many for a head (at most {MOST_BYTES})")
    document = parse_json(data, name)
    root = document.root()
    root.whole("format", FORMAT, FORMAT)
    listing = root.fields("manifest")
    installed = root.whole("installed_bytes", 0, collection.MOST_ENTRY_BYTES)
    head = Head(
        pack=manifest.checked_name(root, "pack"),
        version=root.whole("version", 1, 2**31),
        manifest_sha256=_sha256(listing, "sha256"),
        manifest_bytes=listing.whole("size_bytes", 2, manifest.MOST_BYTES),
        installed_bytes=installed,
        content_bytes=root.whole("content_bytes", 0, collection.MOST_ENTRY_BYTES, default=installed),
        entries=root.whole("entries", 1, manifest.MOST_ENTRIES),
        kinds=_kinds(root),
        full=_route(root.fields("full"), patch=False),
        patches=tuple(_route(each, patch=True) for each in root.sequence("patches")),
        segments=_segments(root.fields("segments")) if "segments" in root else None,
        apart=blobs.read(listing) if listing.flag("apart", False) else None,
    )
    listing.finish()
    root.finish()
    document.check()
    return head


def _sha256(fields: Fields, key: str) -> str:
    value = fields.text(key)
    if not names.is_sha256(value):
        fields.complain(key, f"'{value}' is not a SHA-256")
    return value


def _kinds(root: Fields) -> tuple[str, ...]:
    found = root.texts("kinds")
    if list(found) != sorted(set(found)) or not set(found) <= set(kinds.KINDS):
        root.complain("kinds", f"these are not kinds of items, each once and by name: {', '.join(found)}")
    return found


def _route(fields: Fields, *, patch: bool) -> Route:
    start = fields.text("from") if patch else None
    if start is not None and not START.fullmatch(start):
        fields.complain("from", f"'{start}' is not the first {START_DIGITS} digits of a SHA-256")
    found = tuple(blobs.read(each) for each in fields.sequence("blobs", least=1))
    needs = fields.texts("needs") if "needs" in fields else ()
    if not patch and needs:
        fields.complain("needs", "every kiosk must be able to take the full route")
    route = Route(found, fields.whole("media_bytes", 0, MOST_MEDIA_BYTES, 0), start, needs)
    fields.finish()
    return route


def _segments(fields: Fields) -> Segments:
    found = Segments(
        blobs.read(fields.fields("index")), tuple(blobs.read(each) for each in fields.sequence("blobs", least=1))
    )
    fields.finish()
    return found
