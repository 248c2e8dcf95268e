"""Films and sounds that a text shows: which entries of an item belong to one, told by their names.

Owns: the naming rule. Pure. A text names `media/film.mp4`; that entry may be there itself, or one a size,
`media/film.360p.mp4`, with the number of lines of the picture; beside them captions, `media/film.vtt`, and a still
picture to show before it plays, `media/film.jpg`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.packs import sounds

TYPES = {".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".mp4": "video/mp4", ".webm": "video/webm"}
"""Media type by ending."""
CAPTIONS = ".vtt"
STILLS = (".jpg", ".jpeg", ".png", ".svg")
NAME = re.compile(r"(.*?[^/.][^/]*?)(?:\.(\d{2,4})p)?(\.(?:m4a|mp3|mp4|webm))", re.DOTALL)
START_BYTES = sounds.START_BYTES
"""How many bytes `fits` must see."""
MOST_PATH = 240
"""Longest path of an entry: what is longer is none, and is not looked at closely."""


@dataclass(frozen=True)
class Size:
    """One file of a film or sound; `lines` is the height of the picture, None when its name does not tell."""

    path: str
    lines: int | None


@dataclass(frozen=True)
class Film:
    """A film or sound: its sizes, the smallest first, and what stands beside it."""

    sizes: tuple[Size, ...]
    captions: str | None
    still: str | None


def is_film(path: str) -> bool:
    """Tell whether a path is that of a film or sound."""
    return _match(path) is not None


def type_of(path: str) -> str:
    """Return the media type of the film or sound at a path."""
    return TYPES[_parts(path)[2]]


def stem(path: str) -> str:
    """Return what the paths of all that belongs to a film begin with: its path without size and ending."""
    return _parts(path)[0]


def find(path: str, paths: Iterable[str]) -> Film | None:
    """Return the film that a text calls `path`, made of those of `paths` that belong to it; None when no size does."""
    name, _, ending = _parts(path)
    sizes, beside = [], {}
    for each in paths:
        of = _match(each)
        if of and (of[1], of[3]) == (name, ending):
            sizes.append(Size(each, int(of[2]) if of[2] else None))
        elif each.startswith(f"{name}."):
            beside[each[len(name) :]] = each
    still = next((beside[each] for each in STILLS if each in beside), None)
    sizes.sort(key=lambda size: (size.lines or 0, size.path))
    return Film(tuple(sizes), beside.get(CAPTIONS), still) if sizes else None


def fits(ending: str, start: bytes) -> bool:
    """Tell whether a file's first bytes are of the kind that its ending (such as `.mp4`) says."""
    if ending == ".webm":
        return start.startswith(b"\x1aE\xdf\xa3")
    return sounds.type_of(start) == TYPES[ending].replace("video", "audio")  # MP4 and M4A begin alike


def _parts(path: str) -> tuple[str, str, str]:
    match = _match(path)
    return (match[1], match[2] or "", match[3]) if match else (path, "", "")


def _match(path: str) -> re.Match[str] | None:
    return NAME.fullmatch(path) if len(path) <= MOST_PATH else None
