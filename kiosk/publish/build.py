"""Lint and build: from a recipe to a pack in a folder, ready to be put into a repository.

    <out>/<pack>-<version>/   head.json  manifest.json  blobs/ab/abcd…

The head of a built pack has the full route alone; patches are made when it is put into a repository, which has the
versions before.

True always: nothing is written under its final name before all of it was checked; the same sources give the same
bytes (but for books, whose writer puts a date into them).
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kiosk.errors import FormatError
from kiosk.fields import Problem, as_detail, problem_of
from kiosk.packs import head as heads
from kiosk.packs.collection import Entry, clashing, content_root, period_of
from kiosk.packs.head import Head
from kiosk.packs.kinds import LAID_OUT
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item, Manifest, Media
from kiosk.packs.manifest import parse as parse_manifest
from kiosk.publish import books, recipe, routes
from kiosk.publish.content import Content, Version, pieces, read_manifest
from kiosk.publish.draft import Draft, DraftItem
from kiosk.publish.drafting import drafts
from kiosk.publish.drafts import BookWriter, Workshop, draft
from kiosk.publish.external import Fetch

Progress = Callable[[str, int, int], None]
"""Told (what is being done, how many are done, how many there are)."""


@dataclass(frozen=True)
class BuiltPack:
    """A pack that was built: its folder, head (without patches) and manifest."""

    folder: Path
    head: Head
    manifest: Manifest


def lint(folder: Path, progress: Progress | None = None) -> list[Problem]:
    """Return every mistake in a recipe, also within the books that it brings; [] when it can be built.

    Each book is read through once, and none of it is kept; `progress` is told meanwhile.
    """
    drafted, problems = _looked_at(folder)
    for item in drafted:
        if item.book is not None:
            try:
                books.check(item.book, partial(progress or silent, f"reading {item.book.name}"))
            except FormatError as error:
                problems.append(problem_of(error))
    return problems


def _looked_at(folder: Path) -> tuple[list[DraftItem], list[Problem]]:
    # All but what stands within books: who builds reads those anyway.
    with tempfile.TemporaryDirectory() as scratch:
        try:
            found, document = recipe.load(folder)
        except FormatError as error:
            return [], [problem_of(error)]
        problems, drafted = list(document.problems), []
        if not problems:
            drafted = _drafts(found, Workshop(found.pack, found.publisher, Path(scratch), None, None), problems, silent)
        return [each for _, each in drafted], list(dict.fromkeys(problems))


def build(
    folder: Path, out: Path, write_book: BookWriter, progress: Progress | None = None, *, fetch: Fetch | None = None
) -> BuiltPack:
    """Build the recipe in `folder` into `out`, replacing an earlier build of the same version.

    Args:
        folder: the recipe's.
        out: where built packs go.
        write_book: writes books from HTML.
        progress: told of every item, of how far a book is, and when all is compressed.
        fetch: fetches files that stay where they are; a recipe that has none needs none.

    Raises:
        FormatError: with every mistake of the recipe; nothing is left behind.
        HostError: a program that is needed is missing or failed.
        TrustError, MirrorError: a file that stays where it is has other bytes there, or can not be had.
    """
    raise_for(_looked_at(folder)[1])
    found, _ = recipe.load(folder)
    out.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".build-", dir=out))
    try:
        problems: list[Problem] = []
        workshop = Workshop(found.pack, found.publisher, scratch, write_book, fetch)
        drafts = _drafts(found, workshop, problems, progress or silent)
        raise_for(problems)
        return _write(found, drafts, scratch / "pack", out, progress or silent)
    finally:
        shutil.rmtree(scratch)


def raise_for(problems: list[Problem]) -> None:
    """Raise a FormatError that names every problem, one a line, unless there is none."""
    if problems:
        raise FormatError("\n".join(str(problem) for problem in problems), detail=as_detail(problems))


def read_built(folder: Path) -> BuiltPack:
    """Return the pack that `build` left in `folder`.

    Raises:
        FormatError: there is none, or its head and manifest do not belong together.
    """
    path = folder / "head.json"
    try:
        head = heads.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise FormatError(f"{path}: can not be read: {error.strerror}", "run kiosk pack build") from error
    return BuiltPack(folder, head, read_manifest(folder, head))


def silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


def _drafts(
    found: recipe.Recipe, workshop: Workshop, problems: list[Problem], progress: Progress
) -> list[tuple[recipe.ItemRecipe, DraftItem]]:
    drafts = []
    for number, item in enumerate(found.items):
        progress(f"{item.id} ({item.language})", number, len(found.items))
        drafted = draft(item, workshop, problems)
        if same := clashing(entry.path for entry in drafted.entries):
            told = f"paths of {item.id} ({item.language}) clash on a card that ignores case: {', '.join(sorted(same))}"
            problems.append(Problem(item.place, told, "give one of them another name"))
        drafts.append((item, drafted))
    return drafts


def _write(
    found: recipe.Recipe, drafts: list[tuple[recipe.ItemRecipe, DraftItem]], folder: Path, out: Path, progress: Progress
) -> BuiltPack:
    folder.mkdir()
    content = Content(folder.parent / "content")
    made = [_item(item, drafted, content, folder, progress) for item, drafted in drafts]
    items = tuple(item for item, _ in made)
    manifest = Manifest(found.pack, found.version, found.title, found.summary, found.publisher, found.licence, items)
    parse_manifest(manifest.to_bytes(), f"{found.folder / recipe.FILE} (built)")  # a kiosk will read it with these eyes
    by_place = {item.place: entries for item, entries in made}
    placed = [Placed(n, entry) for n, item in enumerate(manifest.in_order) for entry in by_place[item.place]]
    progress("compressing it", 0, 1)
    return write_pack(Version(manifest, tuple(placed), content), folder, out)


def write_pack(version: Version, folder: Path, out: Path) -> BuiltPack:
    """Make the full route and the segments of a version in the draft `folder`, which has its media, and move it to its
    place below `out`.
    """
    manifest = version.manifest
    data = manifest.to_bytes()
    head = Head(
        manifest.pack, manifest.version, hashlib.sha256(data).hexdigest(), len(data), manifest.installed_bytes,
        manifest.size_bytes, manifest.entries, manifest.kinds, routes.full(version, folder), (),
        routes.segments(version, folder), next(routes.keep([data], folder)) if manifest.books else None,
    )  # fmt: skip
    shutil.rmtree(drafts(folder))
    (folder / "manifest.json").write_bytes(data)
    (folder / "head.json").write_bytes(head.to_bytes())
    final = out / f"{manifest.pack}-{manifest.version}"
    if final.exists():
        shutil.rmtree(final)
    folder.rename(final)
    return BuiltPack(final, head, manifest)


def _item(
    item: recipe.ItemRecipe, drafted: DraftItem, content: Content, folder: Path, progress: Progress
) -> tuple[Item, list[Entry]]:  # fmt: skip
    if drafted.book is not None:
        listed, zim = books.laid_out(drafted.book, content, partial(progress, f"packing {drafted.book.name}"))
        return _made(item, drafted.attributes | {LAID_OUT: zim}, listed, []), listed
    listed, media = [], []
    for draft_ in sorted(drafted.entries, key=lambda each: each.path):
        if (stays := draft_.external) is not None and isinstance(draft_.content, Path):
            entry = Entry(draft_.path, draft_.type, draft_.title, stays.size_bytes, stays.sha256)
            listed.append(entry)
            named = routes.keep(pieces(draft_.content), folder, lists_alone=True)
            media.append(Media(entry, tuple(named), stays.urls))
            continue
        entry = _entry(draft_, content)
        listed.append(entry)
        if entry.is_media:
            media.append(Media(entry, tuple(routes.keep(pieces(content.path(entry.sha256)), folder))))
            content.path(entry.sha256).unlink()  # its blobs have the bytes now
    return _made(item, drafted.attributes, listed, media), [entry for entry in listed if not entry.is_media]


def _made(item: recipe.ItemRecipe, attributes: dict[str, Any], listed: list[Entry], media: list[Media]) -> Item:
    root = content_root(listed, period_of(listed))
    size = sum(entry.size_bytes for entry in listed)
    return Item(
        item.id, item.kind, item.language, item.title, item.summary, item.licence, size, len(listed), root,
        attributes, tuple(media),
    )  # fmt: skip


def _entry(draft_: Draft, content: Content) -> Entry:
    sha256, size = content.keep(pieces(draft_.content))
    return Entry(draft_.path, draft_.type, draft_.title, size, sha256)
