"""Books that someone brings by hand: the ZIM files on a stick, and which book each says it is.

True always: a stick is hostile until read. No link on it is followed, no more than `MOST_NAMES` names are looked at,
and of a file no more than its header is read here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from kiosk.errors import FormatError
from kiosk.packs.zim import read_header
from kiosk.sync.mirrors import open_below

SUFFIX = ".zim"
MOST_NAMES = 2000
"""How many names are looked at, folders and all."""
MOST_FILES = 200


@dataclass(frozen=True)
class Brought:
    """A ZIM file at `path` below the folder `stick`; `uuid` is what its header says."""

    stick: Path
    path: str
    uuid: UUID

    def open(self) -> BinaryIO:
        """Open it. Raises OSError: it is gone, or no plain file."""
        return _open(self.stick, self.path)


def on(stick: Path) -> tuple[Brought, ...]:
    """Return the ZIM files at the top of a stick, or in a folder there, by path; what is no ZIM is left out."""
    found = []
    for path in sorted(_paths(stick))[:MOST_FILES]:
        with suppress(OSError, FormatError), _open(stick, path) as file:
            found.append(Brought(stick, path, read_header(file, path).uuid))
    return tuple(found)


def _open(stick: Path, path: str) -> BinaryIO:
    return os.fdopen(open_below(stick, path), "rb")


def _paths(stick: Path) -> Iterator[str]:
    left = MOST_NAMES
    for folder in ("", *_names(stick, "", folders=True)):
        for path in _names(stick, folder, folders=False):
            if (left := left - 1) < 0:
                return
            yield path


def _names(stick: Path, folder: str, *, folders: bool) -> list[str]:
    found = []
    with suppress(OSError), os.scandir(stick / folder) as names:
        for _, each in zip(range(MOST_NAMES), names, strict=False):
            is_wanted = each.is_dir(follow_symlinks=False) if folders else each.name.lower().endswith(SUFFIX)
            if is_wanted and not each.name.startswith(".") and _is_text(each.name):
                found.append(f"{folder}/{each.name}".lstrip("/"))
    return sorted(found)


def _is_text(name: str) -> bool:
    # A name that is not UTF-8 can not be told, or kept in an event.
    return name.isprintable()
