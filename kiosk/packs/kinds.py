"""What each kind of item adds to a manifest: its attributes, and which entries it must have.

Owns: the words of courses, documents, notices and books in a manifest (docs/formats/pack.md). True always: attributes
that were read here hold exactly the keys of their kind, of the right types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kiosk.fields import Fields
from kiosk.packs import names

BOOK = "book"
KINDS = ("course", "document", "notice", BOOK)
SUBJECTS = ("governance", "money", "farming", "health", "digital", "language", "reference")
LEVELS = ("beginner", "intermediate", "advanced")
CATEGORIES = ("model-papers", "forms", "law", "prices", "reports", "other")
NOTICE_PAGE = "notice.html"
BOOK_COVER = "cover.png"
LAID_OUT = "zim"
"""The attribute of a book that is delivered entry by entry: what its ZIM is made with."""
MOST_ZIM_BYTES = 256 * 1024**3


def attributes(kind: str, fields: Fields) -> dict[str, Any]:
    """Read the attributes of an item of `kind`; complains about every mistake."""
    readers: dict[str, Callable[[Fields], dict[str, Any]]] = {
        "course": _course, "document": _document, "notice": _notice, BOOK: _book,
    }  # fmt: skip
    found = readers[kind](fields)
    fields.finish()
    return found


def _course(fields: Fields) -> dict[str, Any]:
    lessons = [_lesson(lesson) for lesson in fields.sequence("lessons", least=1)]
    if len({lesson["id"] for lesson in lessons}) != len(lessons):
        fields.complain("lessons", "two lessons have the same id")
    return {
        "subject": fields.choice("subject", SUBJECTS),
        "level": fields.choice("level", LEVELS),
        "lessons": lessons,
    }


def _lesson(fields: Fields) -> dict[str, Any]:
    lesson: dict[str, Any] = {
        "id": fields.text("id", most=64),
        "title": fields.text("title", most=200),
        "summary": fields.text("summary", most=1000),
        "minutes": fields.whole("minutes", 1, 600),
        "page": fields.text("page"),
    }
    if not names.is_name(lesson["id"]):
        fields.complain("id", f"'{lesson['id']}' is not a name")
    if "quiz" in fields:
        lesson["quiz"] = fields.text("quiz")
    lesson |= _sound(fields)
    fields.finish()
    return lesson


def _document(fields: Fields) -> dict[str, Any]:
    return {"category": fields.choice("category", CATEGORIES)}


def _notice(fields: Fields) -> dict[str, Any]:
    starts, ends = fields.day("starts"), fields.day("ends")
    if ends < starts:
        fields.complain("ends", f"the notice ends on {ends}, before it starts on {starts}")
    shown = {"starts": starts.isoformat(), "ends": ends.isoformat(), "pinned": fields.flag("pinned", False)}
    return shown | _sound(fields)


def _sound(fields: Fields) -> dict[str, Any]:
    """Read the path of the recording in which someone reads a text aloud, if there is one."""
    return {"sound": fields.text("sound")} if "sound" in fields else {}


def _book(fields: Fields) -> dict[str, Any]:
    book: dict[str, Any] = {
        "subject": fields.choice("subject", SUBJECTS),
        "file": fields.text("file"),
        "uuid": fields.text("uuid"),
    }
    if fault := names.fault_in_path(book["file"]) or ("/" in book["file"] and "it lies in a folder"):
        fields.complain("file", f"'{book['file']}' can not be the file of a book: {fault}")
    if LAID_OUT in fields:
        book[LAID_OUT] = _zim(fields.fields(LAID_OUT))
    return book


def _zim(fields: Fields) -> dict[str, Any]:
    zim: dict[str, Any] = {
        "namespaces": fields.choice("namespaces", ("new", "old")),
        "types": list(fields.texts("types", most=120)),
        "size_bytes": fields.whole("size_bytes", 1, MOST_ZIM_BYTES),
        "sha256": fields.text("sha256"),
    }
    if "main" in fields:
        zim["main"] = fields.text("main")
    if not names.is_sha256(zim["sha256"]):
        fields.complain("sha256", f"'{zim['sha256']}' is not a SHA-256")
    fields.finish()
    return zim


def missing(kind: str, found: dict[str, Any], has: Callable[[str], bool]) -> list[str]:
    """Return the paths that the attributes `found` name and the item lacks; `has` tells which it has."""
    wanted: list[str] = []
    if kind == "course":
        for lesson in found["lessons"]:
            wanted += [lesson[key] for key in ("page", "quiz", "sound") if key in lesson]
    elif kind == "notice":
        wanted = [NOTICE_PAGE, *([found["sound"]] if "sound" in found else [])]
    elif kind == BOOK:
        wanted = [] if LAID_OUT in found else [found["file"]]
    return [path for path in wanted if not has(path)]
