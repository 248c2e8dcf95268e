"""Films and sounds inside a text, `![What it shows](../media/film.mp4)`, and what stands beside them.

Owns: which files a recipe gives for one (docs/formats/recipe.md). True always: what passes lies inside the recipe, is
reached through no symbolic link, and is what its ending says.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from kiosk import texts
from kiosk.errors import FormatError
from kiosk.fields import Problem
from kiosk.packs import films
from kiosk.packs.films import CAPTIONS, START_BYTES, TYPES
from kiosk.publish import pictures
from kiosk.publish.draft import Draft, link_within, of_file

MOST_BYTES = 2_000_000_000
MOST_BOXES = 100
ADVICE = "an MP4 with H.264 and AAC, or an MP3"


def take(folder: Path, within: str, language: str, place: str, problems: list[Problem]) -> list[Draft]:
    """Return the drafts of all sizes of a film or sound, its captions and its still picture; none if it is not taken.

    Args:
        folder: the item's own.
        within: its path in the folder, as the text names it; no file needs to have that very name.
        language: that of the text, in which the captions are taken.
        place: where the text names it, for messages.
        problems: what is wrong is added here.
    """
    name = films.stem(within)
    near = [path for path in sorted((folder / within).parent.glob("*")) if path.is_file()]
    by_path = {path.relative_to(folder).as_posix(): path for path in near}
    # Captions are those of the text's language; where the film itself is in one language, its name can do without.
    captions = next((each for each in (f"{name}.{language}{CAPTIONS}", f"{name}{CAPTIONS}") if each in by_path), None)
    found = films.find(within, [each for each in by_path if not each.endswith(CAPTIONS)])
    if found is None:
        problems.append(Problem(place, f"there is no film or sound '{within}'", f"looked for {folder / within}"))
        return []
    taken = [size.path for size in found.sizes] + [each for each in (captions, found.still) if each]
    problems += [fault for each in taken for fault in _faults(folder, by_path[each])]
    return [of_file(by_path[each], f"{name}{CAPTIONS}" if each == captions else each) for each in taken]


def _faults(folder: Path, path: Path) -> list[Problem]:
    if link := link_within(folder, path):
        return [Problem(str(path), f"this is reached through the link {link}", pictures.NO_LINK)]
    if path.suffix in films.STILLS:
        return pictures.faults(path)
    if path.suffix == CAPTIONS:
        return _caption_faults(path)
    if (size := path.stat().st_size) > MOST_BYTES:
        return [Problem(str(path), f"the file has {size} bytes, more than {MOST_BYTES}")]
    with path.open("rb") as file:
        if not films.fits(path.suffix, file.read(START_BYTES)):
            return [Problem(str(path), f"this is not {TYPES[path.suffix]}", f"give {ADVICE}")]
        if path.suffix in (".mp4", ".m4a") and _index_is_last(file):
            hint = "ffmpeg -i in.mp4 -c copy -movflags +faststart out.mp4"
            return [Problem(str(path), "its index stands at the end: a phone fetches all before it plays", hint)]
    return []


def _index_is_last(file: BinaryIO) -> bool:
    """Tell whether an MP4's boxes begin with the data (`mdat`) and not with what tells where it is (`moov`)."""
    file.seek(0)
    for _ in range(MOST_BOXES):
        head = file.read(16)
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if kind in (b"moov", b"mdat", b""):
            return kind == b"mdat"
        size = int.from_bytes(head[8:], "big") if size == 1 else size
        if not 8 <= size <= MOST_BYTES:
            break
        file.seek(size - len(head), io.SEEK_CUR)
    return False


def _caption_faults(path: Path) -> list[Problem]:
    try:
        text = texts.read(path)
    except FormatError as error:
        return [Problem(str(path), error.message, error.hint)]
    return [] if text.startswith("WEBVTT") else [Problem(f"{path}:1", "captions begin with the line WEBVTT")]
