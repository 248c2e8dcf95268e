"""From an item's recipe to its drafts, for each kind. Everything but writing to disk happens here, so lint and build
see the same mistakes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from kiosk.errors import FormatError
from kiosk.fields import Problem, problem_of
from kiosk.packs import names, zim
from kiosk.packs.kinds import BOOK_COVER, NOTICE_PAGE
from kiosk.publish import course, paper, paper_odt, paper_pdf, sounds
from kiosk.publish.draft import TYPES, Draft, DraftItem, of_file, readable_text
from kiosk.publish.external import External, Fetch
from kiosk.publish.illustrations import Illustrations
from kiosk.publish.markdown import to_html
from kiosk.publish.normalise import normalised
from kiosk.publish.pictures import NO_LINK, cover_faults
from kiosk.publish.recipe import BookSource, CourseSource, DocumentSource, ItemRecipe, NoticeSource


@dataclass(frozen=True)
class BookOrder:
    """What a writer of ZIM books is told: a folder of HTML, its front page and cover, and the book's metadata."""

    html: Path
    front: str
    cover: Path
    name: str
    title: str
    summary: str
    language: str
    publisher: str
    licence: str


BookWriter = Callable[[BookOrder, Path], None]
"""Writes the book that was ordered to a path that does not exist yet. Raises HostError or FormatError."""


@dataclass(frozen=True)
class Workshop:
    """Where and with what items are drafted: the pack's name and publisher, a scratch folder, a writer of books, and
    who fetches files that stay where they are.

    Without the last two (when linting) books are checked but not built, and nothing is fetched.
    """

    pack: str
    publisher: str
    scratch: Path
    write_book: BookWriter | None
    fetch: Fetch | None


def draft(item: ItemRecipe, workshop: Workshop, problems: list[Problem]) -> DraftItem:
    """Return the entries of one item; every mistake in its sources is added to `problems`."""
    source = item.source
    if isinstance(source, CourseSource):
        return course.draft(source, item.language, problems)
    if isinstance(source, DocumentSource):
        return _document(item, source, workshop, problems)
    if isinstance(source, NoticeSource):
        return _notice(item, source, problems)
    return _book(item, source, workshop, problems)


def _document(
    item: ItemRecipe, source: DocumentSource, workshop: Workshop, problems: list[Problem]
) -> DraftItem:  # fmt: skip
    attributes = {"category": source.category}
    if source.source is None:
        return DraftItem(attributes, tuple(_unpacked(each) for each in _own_files(item, source, workshop, problems)))
    text = readable_text(source.source, problems)
    if text is None:
        return DraftItem(attributes, ())
    try:
        parsed = paper.parse(text)
        made = {
            "pdf": partial(paper_pdf.render, parsed, title=item.title, language=item.language),
            "odt": partial(paper_odt.render, parsed, title=item.title, language=item.language),
        }
        entries = [Draft(f"{item.id}.{form}", TYPES[f".{form}"], item.title, made[form]()) for form in source.formats]
    except FormatError as error:
        problems.append(Problem(str(source.source), error.message, error.hint))
        entries = []
    return DraftItem(attributes, tuple(_unpacked(each) for each in entries))


def _unpacked(each: Draft) -> Draft:
    if each.external is not None:
        return each
    # Compressed on the link all the same, but an update then costs what was changed.
    content = normalised(each.content, each.type)
    return each if content is None else replace(each, content=content)


def _own_files(
    item: ItemRecipe, source: DocumentSource, workshop: Workshop, problems: list[Problem]
) -> list[Draft]:  # fmt: skip
    found = []
    for each in source.files:
        name = each.name
        place = f"{item.place}: {each.urls[0]}" if isinstance(each, External) and each.urls else str(each)
        if Path(name).suffix.lower() not in (".pdf", ".odt", ".ods", ".docx", ".xlsx", ".txt"):
            problems.append(Problem(place, "a document of this type is not taken", "pdf, odt, ods, docx, xlsx, txt"))
        elif fault := names.fault_in_path(name):
            problems.append(Problem(place, f"its name can not be taken: {fault}"))
        elif isinstance(each, Path):
            found.append(of_file(each, name))
        elif workshop.fetch is None:  # linting: its name is looked at, and nothing more
            found.append(Draft(name, TYPES[Path(name).suffix.lower()], "", b"", each))
        else:
            found.append(replace(of_file(workshop.fetch(each), name), external=each))
    return found


def _notice(item: ItemRecipe, source: NoticeSource, problems: list[Problem]) -> DraftItem:
    shown = Illustrations(source.source.parent, item.language, problems)
    text = readable_text(source.source, problems) or ""
    html = to_html(text, str(source.source), 1, partial(shown.take, source.source.parent), problems)
    attributes: dict[str, Any] = {
        "starts": source.starts.isoformat(),
        "ends": source.ends.isoformat(),
        "pinned": source.pinned,
    }
    drafts = [Draft(NOTICE_PAGE, "text/html", "", html.encode()), *shown.drafts.values()]
    if source.sound is not None:
        folder = source.sound.parent
        sound = sounds.take(folder, folder, source.sound.name, "notice", str(source.sound), problems)
        if sound:
            attributes["sound"] = sound.path
            drafts.append(sound)
    return DraftItem(attributes, tuple(drafts))


def _book(item: ItemRecipe, source: BookSource, workshop: Workshop, problems: list[Problem]) -> DraftItem:
    # kiwix-serve names a book in its URLs by its file, so the name must be unique on a kiosk.
    stem = item.id if item.id == workshop.pack else f"{workshop.pack}_{item.id}"
    file = f"{stem}_{item.language}.zim"
    entries: list[Draft] = []
    if source.cover is not None:
        problems += cover_faults(source.cover)
        entries.append(Draft(BOOK_COVER, TYPES[".png"], "", source.cover))
    stays = source.zim if isinstance(source.zim, External) else None
    zim_path = source.zim if isinstance(source.zim, Path) else None
    if stays is not None and workshop.fetch is not None and not problems:
        zim_path = workshop.fetch(stays)
    if source.html is not None and source.cover is not None:
        problems += [Problem(str(path), "this is not an ordinary file", NO_LINK) for path in _odd_files(source.html)]
        if workshop.write_book is None or problems:
            return _zim(None, file, source, entries, problems)
        zim_path = Path(tempfile.mkdtemp(dir=workshop.scratch)) / file
        order = BookOrder(
            source.html, source.front, source.cover, f"{stem}_{item.language}", item.title, item.summary,
            item.language, workshop.publisher, item.licence,
        )  # fmt: skip
        workshop.write_book(order, zim_path)
    return _zim(zim_path, file, source, entries, problems)


def _odd_files(folder: Path) -> list[Path]:
    # A link could carry any file of the publisher's machine into a book; pipes and devices can not be copied.
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if path.is_symlink() or not (path.is_file() or path.is_dir())]


def _zim(
    path: Path | None, file: str, source: BookSource, entries: list[Draft], problems: list[Problem]
) -> DraftItem:  # fmt: skip
    attributes = {"subject": source.subject, "file": file, "uuid": ""}
    if path is not None:
        try:
            with path.open("rb") as stream:
                attributes["uuid"] = str(zim.inspect(stream, str(path)).uuid)
        except FormatError as error:
            problems.append(problem_of(error))
        except OSError as error:
            problems.append(Problem(str(path), f"can not be read: {error.strerror}"))
        else:
            if not source.as_it_is:
                return DraftItem(attributes, (), path)
            stays = source.zim if isinstance(source.zim, External) else None
            entries.append(Draft(file, TYPES[".zim"], "", path, stays))
    return DraftItem(attributes, tuple(entries))
