"""What is still to fetch of a plan: its routes and media, less what an earlier sync brought and a cut left in `parts/`.

Owns: that figure; whoever tells it, counts towards it or makes room for it asks here. Of a pack that is adopted,
segments that came before a cut are counted as still to come.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kiosk.errors import KioskError
from kiosk.packs import route, unpack
from kiosk.packs.blobs import is_as_long
from kiosk.packs.head import needed_blobs
from kiosk.packs.manifest import Manifest, Media
from kiosk.store.state import State
from kiosk.sync import stage
from kiosk.sync.objects import pieces
from kiosk.sync.plan import Step


def bytes_to_fetch(state: State, steps: Iterable[Step]) -> int:
    """Return how many bytes are still to come for all of these steps."""
    return sum(of_step(state, step) for step in steps)


def of_step(state: State, step: Step) -> int:
    """Return how many bytes are still to come for a pack."""
    return sum(_left(state, blob.sha256, blob.size_bytes) for blob in step.route.blobs) + _media_bytes(state, step)


def names(state: State, step: Step) -> set[str]:
    """Return what the names in `parts/` begin with, up to a dot or dash, of what an earlier sync left for a pack."""
    manifest = step.adoption.manifest if step.adoption else _manifest(state, step) if step.route.media_bytes else None
    found = {step.head.manifest_sha256}
    if manifest is None:
        return found.union(blob.sha256 for blob in step.head.all_blobs())
    return found.union(needed_blobs(step.head, manifest), (media.entry.sha256 for media in manifest.media))


def _left(state: State, sha256: str, size_bytes: int) -> int:
    return max(0, size_bytes - state.part_bytes(sha256))


def _media_bytes(state: State, step: Step) -> int:
    told = step.route.media_bytes
    manifest = step.adoption.manifest if step.adoption else _manifest(state, step) if told else None
    if manifest is None:
        return told + _lost_bytes(state, step)
    if step.adoption:  # segments are told with the media, and no blob names them
        return max(0, told - sum(_here(state, each) for each in _missing(state, manifest)))
    return _to_come(state, manifest)


def _lost_bytes(state: State, step: Step) -> int:
    # What the card lost of the media that a patch counts on comes, too, where the new version still has them.
    if step.route.start is None:
        return 0
    with suppress(OSError, KioskError):
        return _to_come(state, stage.installed_manifest(state, step.route.start))
    return 0


def _to_come(state: State, manifest: Manifest) -> int:
    return sum(max(0, each.entry.size_bytes - _here(state, each)) for each in _missing(state, manifest))


def _missing(state: State, manifest: Manifest) -> list[Media]:
    media = {each.entry.sha256: each for each in manifest.media}
    # As who fetches them does: their bytes are looked at when they are served and once a week.
    return [each for sha256, each in media.items() if not is_as_long(state.object_path(sha256), each.entry.size_bytes)]


def _here(state: State, media: Media) -> int:
    # A large one is joined blob by blob; what of it is joined has no blobs any more.
    joined = 0
    with suppress(OSError):
        joined = stage.joined_at(state, media).stat().st_size
    return joined + sum(state.part_bytes(blob.sha256) for blob in media.blobs)


def _whole(state: State, sha256: str) -> Path | None:
    return next((path for folder in (state.parts, state.set_aside) if (path := folder / sha256).is_file()), None)


def _manifest(state: State, step: Step) -> Manifest | None:
    """Return the manifest that came with a route which is whole; None where it is not, or can not be read."""
    head, chosen = step.head, step.route
    paths = [path for blob in chosen.blobs if (path := _whole(state, blob.sha256)) is not None]
    if len(paths) != len(chosen.blobs):
        return None
    with suppress(OSError, KioskError):
        what = route.FULL if chosen.start is None else route.PATCH
        body = route.open_body(pieces(paths), what, f"{head.pack} {head.version}")
        if chosen.start is None:
            return unpack.check_manifest(unpack.full_manifest(body), head)
        before = stage.installed_manifest(state, chosen.start)
        return unpack.check_manifest(unpack.open_patch(body, before.to_bytes(), head).manifest, head)
    return None
