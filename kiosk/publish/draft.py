"""An entry on its way into a pack: where it will be, what it is, and its bytes or the file that has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk import texts
from kiosk.errors import FormatError
from kiosk.fields import Problem, problem_of
from kiosk.packs import films
from kiosk.publish.external import External

TYPES = {
    ".css": "text/css", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html", ".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".json": "application/json",
    ".odt": "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain", ".vtt": "text/vtt",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".zim": "application/x-zim",
    **films.TYPES,
}  # fmt: skip
"""Media type by ending, for every file that a pack may hold."""


@dataclass(frozen=True)
class Draft:
    """One entry to be; `content` is its bytes, or the file to copy when it may be large. Of a file that stays where it
    is (`external`) there is a copy of the publisher's own.
    """

    path: str
    type: str
    title: str
    content: bytes | Path
    external: External | None = None


@dataclass(frozen=True)
class DraftItem:
    """The entries of one item and the attributes of its kind. `book` is a ZIM whose own entries they are to be."""

    attributes: dict[str, Any]
    entries: tuple[Draft, ...]
    book: Path | None = None


def of_file(path: Path, entry_path: str, title: str = "") -> Draft:
    """Return the draft of a file as it is; the ending of its entry must be one of `TYPES`."""
    return Draft(entry_path, TYPES[Path(entry_path).suffix.lower()], title, path)


def link_within(folder: Path, path: Path) -> Path | None:
    """Return a symbolic link through which `path` is reached below `folder`; it could lead to any file there is."""
    steps = (step for step in (path, *path.parents) if step != folder and step.is_relative_to(folder))
    return next((step for step in steps if step.is_symlink()), None)


def readable_text(path: Path, problems: list[Problem]) -> str | None:
    """Return a UTF-8 text, or note the problem and return None."""
    try:
        return texts.read(path)
    except FormatError as error:
        problems.append(problem_of(error))
    return None
