"""What an update would cost a kiosk, entry by entry: which of the changes are dear, so that a publisher can see why.

Each changed entry is coded as the patch would code it, against what it was. A cost near the entry's own size means
that its bytes were shuffled: a date, a random order, pictures encoded anew, a search index.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import FormatError
from kiosk.packs.route import squeezed_bytes
from kiosk.publish import build as building
from kiosk.publish import coding, routes
from kiosk.publish.build import BuiltPack, Progress, silent
from kiosk.publish.content import Content, Version, unpacked
from kiosk.publish.drafts import BookWriter
from kiosk.publish.external import Fetch
from kiosk.publish.recipe import load

WORST = 10
TOLD_ENTRIES = 500
SLICE_BYTES = 3 * 1024 * 1024
"""Larger entries are coded in slices of this, each against the old bytes at its place."""


@dataclass(frozen=True)
class Cost:
    """What one entry costs on the link, its place (item, language, path), its own bytes, and whether it is new."""

    place: str
    size_bytes: int
    cost_bytes: int
    new: bool


@dataclass(frozen=True)
class Costs:
    """What an update costs: the whole patch, how many entries are changed or new, and the dearest ones."""

    patch_bytes: int
    media_bytes: int
    full_bytes: int
    changed: int
    added: int
    worst: tuple[Cost, ...]

    @property
    def bytes_per_changed_entry(self) -> int:
        """Bytes of the patch for each entry that was changed or added."""
        return self.patch_bytes // max(1, self.changed + self.added)


def costs(
    recipe: Path, against: Path, write_book: BookWriter, fetch: Fetch | None = None, progress: Progress = silent
) -> Costs:
    """Return what the recipe in a folder would cost kiosks that have the built pack `against`; `progress` is told of
    each step, and of each entry that is coded.

    Raises:
        FormatError: the recipe has a mistake, or `against` is no built pack, or another pack.
        TrustError: `against` is damaged.
        HostError: a program that is needed is missing.
        MirrorError: a file that stays where it is can not be had.
    """
    before = building.read_built(against)
    found, document = load(recipe)
    if not document.problems and before.manifest.pack != found.pack:
        told = f"{against}: this is the pack '{before.manifest.pack}', and the recipe is that of '{found.pack}'"
        raise FormatError(told, f"name a built version of '{found.pack}'")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        after = building.build(recipe, folder / "built", write_book, progress, fetch=fetch)
        progress("unpacking both", 0, 1)
        old = unpacked(before.folder, before.head, Content(folder / "old"))
        new = unpacked(after.folder, after.head, Content(folder / "new"))
        progress("making the patch", 0, 1)
        patch = routes.patch(old, new, folder)
        dearest = sorted(
            (*_entries(old, new, progress), *_media(before, after)), key=lambda cost: (-cost.cost_bytes, cost.place)
        )
    added = sum(cost.new for cost in dearest)
    full = after.head.full.download_bytes
    return Costs(patch.route_bytes, patch.media_bytes, full, len(dearest) - added, added, tuple(dearest[:WORST]))


def _entries(old: Version, new: Version, progress: Progress) -> Iterator[Cost]:
    known = {_place(old, placed.item, placed.entry.path): placed.entry for placed in old.entries}
    held = {placed.entry.sha256 for placed in old.entries}
    for count, placed in enumerate(new.entries):
        if count % TOLD_ENTRIES == 0:
            progress("weighing entries", count, len(new.entries))
        entry, place = placed.entry, _place(new, placed.item, placed.entry.path)
        before = known.get(place)
        if entry.sha256 in held:  # the same, or moved
            continue
        reference = b"" if before is None else old.content.read(before.sha256)
        cost = _coded(new.content.read(entry.sha256), reference)
        yield Cost(place, entry.size_bytes, cost, before is None)


def _place(version: Version, number: int, path: str) -> str:
    item = version.manifest.in_order[number]
    return f"{item.id} ({item.language}) {path}"


def _coded(target: bytes, reference: bytes) -> int:
    starts = range(0, max(1, len(target)), SLICE_BYTES)
    return sum(squeezed_bytes(coding.encode(_slice(target, at), _slice(reference, at))) for at in starts)


def _slice(data: bytes, start: int) -> bytes:
    return data[start : start + SLICE_BYTES]


def _media(before: BuiltPack, after: BuiltPack) -> Iterator[Cost]:
    # Carried whole: a changed film, or a book taken as it is, costs all of its bytes.
    old = {(i.id, i.language, m.entry.path): m.entry.sha256 for i in before.manifest.items for m in i.media}
    held = set(old.values())
    for item in after.manifest.items:
        for media in item.media:
            entry = media.entry
            if entry.sha256 not in held:
                fresh = (item.id, item.language, entry.path) not in old
                yield Cost(f"{item.id} ({item.language}) {entry.path}", entry.size_bytes, entry.size_bytes, fresh)
