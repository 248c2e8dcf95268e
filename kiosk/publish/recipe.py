"""The recipe: `pack.yaml` as a publisher writes it (docs/formats/recipe.md).

Owns: reading it into values. True always: every mistake of the file is found in one reading, with its line; and a
source that a `Recipe` names lies inside the recipe's folder, exists, and is reached through no symbolic link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kiosk.fields import Document, Fields, read_yaml
from kiosk.packs import kinds, names
from kiosk.packs.manifest import checked_name
from kiosk.publish import external
from kiosk.publish.external import External

FORMAT = 1
FILE = "pack.yaml"
PAPER_FORMATS = ("pdf", "odt")


@dataclass(frozen=True)
class CourseSource:
    """Lessons in sub-folders of `folder`."""

    folder: Path
    subject: str
    level: str


@dataclass(frozen=True)
class DocumentSource:
    """Either `source`, a Markdown paper to make in `formats`, or `files` to take as they are."""

    category: str
    source: Path | None
    formats: tuple[str, ...]
    files: tuple[Path | External, ...]


@dataclass(frozen=True)
class NoticeSource:
    """A Markdown text, the first and last day it is shown, and a recording of it, a path in the recipe's folder."""

    source: Path
    starts: date
    ends: date
    pinned: bool
    sound: Path | None


@dataclass(frozen=True)
class BookSource:
    """Either `zim`, a book that is there, or `html`, a folder to build one from, with `front` page and `cover`.

    `as_it_is`: kiosks get its file byte for byte and a new edition whole, not entry by entry.
    """

    subject: str
    zim: Path | External | None
    html: Path | None
    front: str
    cover: Path | None
    as_it_is: bool = False


Source = CourseSource | DocumentSource | NoticeSource | BookSource


@dataclass(frozen=True)
class ItemRecipe:
    """One item in one language. `place` is where it stands in pack.yaml, for messages."""

    id: str
    kind: str
    language: str
    title: str
    summary: str
    licence: str
    source: Source
    place: str


@dataclass(frozen=True)
class Recipe:
    """A pack as it is to be built."""

    folder: Path
    pack: str
    version: int
    title: dict[str, str]
    summary: dict[str, str]
    publisher: str
    licence: str
    items: tuple[ItemRecipe, ...]


def load(folder: Path) -> tuple[Recipe, Document]:
    """Read the recipe in `folder`. The recipe counts only if the document that comes with it has no problems.

    Raises:
        FormatError: pack.yaml is missing, can not be read, or is not YAML.
    """
    document = read_yaml(folder / FILE)
    root = document.root()
    root.whole("format", FORMAT, FORMAT)
    licence = _licence(root, None)
    items: list[ItemRecipe] = []
    pack = checked_name(root, "pack")
    version = root.whole("version", 1, 2**31)
    title, summary = root.translated("title"), root.translated("summary", most=2000)
    publisher = root.text("publisher", most=200)
    for fields in root.sequence("items", least=1):
        items += _items(fields, folder, licence)
    root.finish()
    _check_twice(document, items)
    return Recipe(folder, pack, version, title, summary, publisher, licence, tuple(items)), document


def _licence(fields: Fields, default: str | None) -> str:
    if "licence" not in fields and default is None:
        fields.get("licence", str, "an SPDX identifier such as CC-BY-SA-4.0")
        return "unknown"
    licence = fields.text("licence", default)
    if licence and not names.is_licence(licence):
        fields.complain("licence", f"'{licence}' is not an SPDX licence identifier", "such as CC-BY-SA-4.0 or CC0-1.0")
    return licence


def _items(fields: Fields, folder: Path, licence: str) -> list[ItemRecipe]:
    item = checked_name(fields, "id")
    kind = fields.choice("kind", kinds.KINDS)
    own_licence = _licence(fields, licence)
    shared = _SHARED[kind](fields, folder)
    found = []
    for language, inner in fields.keyed("translations").items():
        if not names.is_language(language):
            inner.complain("", f"'{language}' is not a language code", "such as en, fr, sw or pt-BR")
        place = fields.document.place(inner.path)
        title, summary = inner.text("title", most=200), inner.text("summary", most=2000)
        source = shared(inner, language)
        inner.finish()
        found.append(ItemRecipe(item, kind, language, title, summary, own_licence, source, place))
    fields.finish()
    return found


Reader = Callable[[Fields, str], Source]


def _course(fields: Fields, folder: Path) -> Reader:
    source = CourseSource(
        inside(fields, "folder", folder, want_folder=True),
        fields.choice("subject", kinds.SUBJECTS),
        fields.choice("level", kinds.LEVELS),
    )
    return lambda inner, language: source


def _document(fields: Fields, folder: Path) -> Reader:
    category = fields.choice("category", kinds.CATEGORIES)

    def read(inner: Fields, language: str) -> Source:
        if "files" in inner:
            return DocumentSource(category, None, (), _files(inner, folder))
        source = inside(inner, "source", folder)
        formats = inner.texts("formats")
        for unknown in set(formats) - set(PAPER_FORMATS):
            inner.complain("formats", f"a paper can not be made as '{unknown}'", "pdf and odt can")
        return DocumentSource(category, source, tuple(dict.fromkeys(formats)), ())

    return read


def _notice(fields: Fields, folder: Path) -> Reader:
    starts, ends, pinned = fields.day("starts"), fields.day("ends"), fields.flag("pinned", False)
    if ends < starts:
        fields.complain("ends", f"the notice ends on {ends}, before it starts on {starts}")

    def read(inner: Fields, language: str) -> Source:
        sound = inside(inner, "sound", folder) if "sound" in inner else None
        return NoticeSource(inside(inner, "source", folder), starts, ends, pinned, sound)

    return read


def _book(fields: Fields, folder: Path) -> Reader:
    subject = fields.choice("subject", kinds.SUBJECTS)

    def read(inner: Fields, language: str) -> Source:
        if isinstance(inner.value.get("zim"), Mapping):
            stays = external.read(inner.fields("zim"), "application/x-zim")
            return BookSource(subject, stays, None, "", None, as_it_is=True)
        if "zim" in inner:
            return BookSource(subject, inside(inner, "zim", folder), None, "", None, inner.flag("as_it_is", False))
        html = inside(inner, "html", folder, want_folder=True)
        cover = inside(inner, "cover", folder)
        front = inner.text("front")
        if front and (fault := names.fault_in_path(front)):
            inner.complain("front", f"the path '{front}' can not be taken: {fault}", f"a page inside {html.name}/")
        elif front and html.is_dir() and not (html / front).is_file():
            inner.complain("front", f"the page '{front}' is not in the folder '{html.name}'")
        return BookSource(subject, None, html, front, cover)

    return read


_SHARED: dict[str, Callable[[Fields, Path], Reader]] = {
    "course": _course, "document": _document, "notice": _notice, "book": _book,
}  # fmt: skip


def inside(fields: Fields, key: str, folder: Path, *, want_folder: bool = False) -> Path:
    """Return the file (or folder) that `key` names in `folder`; complains when it is not there or leads outside."""
    return _checked(fields, key, fields.text(key), folder, want_folder=want_folder)


def _files(fields: Fields, folder: Path) -> tuple[Path | External, ...]:
    """Return the files of a document: paths in `folder`, and files that stay where they are."""
    values = fields.get("files", list, "a list of files") or []
    found: list[Path | External] = []
    for number, value in enumerate(values):
        if isinstance(value, Mapping):
            found.append(external.read(Fields(fields.document, (*fields.path, "files", number), value), ""))
        elif isinstance(value, str) and value.strip():
            found.append(_checked(fields, "files", value, folder, want_folder=False))
        else:
            fields.complain(
                "files", f"number {number + 1} of 'files' is no file", "a path, or urls, sha256, size_bytes"
            )
    if not values:
        fields.complain("files", "'files' needs at least 1")
    return tuple(found)


def _checked(fields: Fields, key: str, text: str, folder: Path, *, want_folder: bool) -> Path:
    path = folder / text
    if not text:
        return path
    if fault := names.fault_in_path(text):
        fields.complain(key, f"the path '{text}' can not be taken: {fault}", f"a path inside {folder.name}/")
        return folder
    if any(step.is_symlink() for step in (path, *path.parents) if step.is_relative_to(folder) and step != folder):
        fields.complain(key, f"'{text}' is reached through a symbolic link", "put the file itself there")
    elif want_folder and not path.is_dir():
        fields.complain(key, f"there is no folder '{text}'")
    elif not want_folder and not path.is_file():
        fields.complain(key, f"there is no file '{text}'")
    return path


def _check_twice(document: Document, items: list[ItemRecipe]) -> None:
    seen: set[tuple[str, str]] = set()
    for item in items:
        if (item.id, item.language) in seen:
            document.complain(("items",), f"the item '{item.id}' is there twice in '{item.language}'")
        seen.add((item.id, item.language))
