"""Paths that must be there: where one is not, the command names the nearest that is."""

from __future__ import annotations

import difflib
import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import click

MOST_NAMES = 2000
"""How many names of a folder are looked at."""


class _There(click.Path):
    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(exists=True, file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or fail with the nearest name that is there."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            found = nearest(Path(value), file_okay=self.file_okay, dir_okay=self.dir_okay)
            if found is None:
                raise
            raise click.BadParameter(f"{error.message} Did you mean '{found}'?", ctx, param) from error


FOLDER, FILE, FOLDER_OR_FILE = _There(file_okay=False), _There(dir_okay=False), _There()


def nearest(path: Path, *, file_okay: bool = True, dir_okay: bool = True) -> Path | None:
    """Return a path that is there and differs from `path`, which is not, in one name that is like its own, or None."""
    if os.path.lexists(path):
        return None
    parent, name, rest = path.parent, path.name, Path()
    while not parent.is_dir() and parent != parent.parent:
        parent, name, rest = parent.parent, parent.name, Path(name) / rest
    for near in difflib.get_close_matches(name, _names(parent), n=5):
        found = parent / near / rest
        if (file_okay and found.is_file()) or (dir_okay and found.is_dir()):
            return found
    return None


def _names(folder: Path) -> list[str]:
    with suppress(OSError), os.scandir(folder) as names:
        return sorted(each.name for each in islice(names, MOST_NAMES) if each.name.isprintable())
    return []
