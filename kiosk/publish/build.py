"""Lint and build: from a recipe to a pack in a folder, ready to be put into a repository.

    <out>/<pack>-<version>/   head.json  blobs/ab/abcd…    (the manifest is a blob too)

True always: nothing is written under its final name before all of it was checked; the same sources give the same
bytes (but for books, whose writer puts a date into them).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import FormatError
from kiosk.fields import Problem, problem_of
from kiosk.packs import blobs
from kiosk.packs import head as heads
from kiosk.packs.head import Head
from kiosk.packs.manifest import BLOB_BYTES, Entry, Item, Manifest
from kiosk.packs.manifest import parse as parse_manifest
from kiosk.publish import recipe
from kiosk.publish.draft import Draft, DraftItem
from kiosk.publish.drafts import BookWriter, Workshop, draft

PIECE_BYTES = 1 << 20
Progress = Callable[[str, int, int], None]
"""Told (what is being done, how many are done, how many there are)."""


@dataclass(frozen=True)
class BuiltPack:
    """A pack that was built: its folder, head and manifest."""

    folder: Path
    head: Head
    manifest: Manifest


def lint(folder: Path) -> list[Problem]:
    """Return every mistake in a recipe; [] when it can be built."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            found, document = recipe.load(folder)
        except FormatError as error:
            return [problem_of(error)]
        problems = list(document.problems)
        if not problems:
            _drafts(found, Workshop(found.pack, found.publisher, Path(scratch), None), problems, _silent)
        return list(dict.fromkeys(problems))


def build(folder: Path, out: Path, write_book: BookWriter, progress: Progress | None = None) -> BuiltPack:
    """Build the recipe in `folder` into `out`, replacing an earlier build of the same version.

    Raises:
        FormatError: with every mistake of the recipe; nothing is left behind.
        HostError: a program that is needed is missing or failed.
    """
    raise_for(lint(folder))
    found, _ = recipe.load(folder)
    out.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".build-", dir=out))
    try:
        problems: list[Problem] = []
        workshop = Workshop(found.pack, found.publisher, scratch, write_book)
        drafts = _drafts(found, workshop, problems, progress or _silent)
        raise_for(problems)
        return _write(found, drafts, scratch / "pack", out)
    finally:
        shutil.rmtree(scratch)


def raise_for(problems: list[Problem]) -> None:
    """Raise a FormatError that names every problem, one a line, unless there is none."""
    if problems:
        raise FormatError("\n".join(str(problem) for problem in problems))


def read_built(folder: Path) -> BuiltPack:
    """Return the pack that `build` left in `folder`.

    Raises:
        FormatError: there is none, or its head and manifest do not belong together.
    """
    path = folder / "head.json"
    try:
        head = heads.parse(path.read_bytes(), str(path))
        path = folder / blobs.location(head.manifest_sha256)
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: can not be read: {error.strerror}", "run kiosk pack build") from error
    if hashlib.sha256(data).hexdigest() != head.manifest_sha256:
        raise FormatError(f"{path}: its bytes are not those that its name says", "build the pack again")
    return BuiltPack(folder, head, parse_manifest(data, str(path)))


def _silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


def _drafts(
    found: recipe.Recipe, workshop: Workshop, problems: list[Problem], progress: Progress
) -> list[tuple[recipe.ItemRecipe, DraftItem]]:
    drafts = []
    for number, item in enumerate(found.items):
        progress(f"{item.id} ({item.language})", number, len(found.items))
        drafts.append((item, draft(item, workshop, problems)))
    return drafts


def _write(
    found: recipe.Recipe, drafts: list[tuple[recipe.ItemRecipe, DraftItem]], folder: Path, out: Path
) -> BuiltPack:
    items = tuple(_item(item, content, folder) for item, content in drafts)
    manifest = Manifest(found.pack, found.version, found.title, found.summary, found.publisher, found.licence, items)
    data = manifest.to_bytes()
    parse_manifest(data, f"{found.folder / recipe.FILE} (built)")  # a kiosk will read it with these very eyes
    digest = hashlib.sha256(data).hexdigest()
    head = Head(found.pack, found.version, manifest.content_root, digest, len(data), manifest.size_bytes)
    listing = folder / blobs.location(digest)
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_bytes(data)
    (folder / "head.json").write_bytes(head.to_bytes())
    final = out / f"{found.pack}-{found.version}"
    if final.exists():
        shutil.rmtree(final)
    folder.rename(final)
    return BuiltPack(final, head, manifest)


def _item(item: recipe.ItemRecipe, content: DraftItem, folder: Path) -> Item:
    entries = tuple(_entry(each, folder) for each in sorted(content.entries, key=lambda each: each.path))
    return Item(item.id, item.kind, item.language, item.title, item.summary, item.licence, content.attributes, entries)


def _entry(each: Draft, folder: Path) -> Entry:
    whole, size, pieces = hashlib.sha256(), 0, []
    for blob in _blobs(each.content):
        digest = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(dir=folder.parent)
        with os.fdopen(descriptor, "wb") as file:
            for piece in blob:
                digest.update(piece)
                whole.update(piece)
                size += file.write(piece)
        path = folder / blobs.location(digest.hexdigest())
        path.parent.mkdir(parents=True, exist_ok=True)
        Path(name).rename(path)
        path.chmod(0o644)
        pieces.append(path.name)
    return Entry(each.path, each.type, each.title, size, whole.hexdigest(), tuple(pieces) if len(pieces) > 1 else ())


def _blobs(content: bytes | Path) -> Iterator[Iterator[bytes]]:
    # The pieces of each blob, in order; an empty file is one empty blob.
    if isinstance(content, bytes):
        yield iter([content])
        return
    with content.open("rb") as file:
        for _ in range(0, max(1, content.stat().st_size), BLOB_BYTES):
            yield (file.read(PIECE_BYTES) for _ in range(BLOB_BYTES // PIECE_BYTES))
