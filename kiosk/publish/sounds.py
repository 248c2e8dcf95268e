"""Recordings of lessons and notices: someone reads the text aloud, for those who would rather listen.

True always: what passes lies inside the recipe, is reached through no symbolic link, and is what its ending says.
"""

from __future__ import annotations

import posixpath
from pathlib import Path

from kiosk.fields import Problem
from kiosk.packs import names, sounds
from kiosk.publish.draft import TYPES, Draft, link_within, of_file
from kiosk.publish.pictures import NO_LINK

MOST_BYTES = 50_000_000
"""Two hours of speech at 48 kbit/s."""
ADVICE = "MP3 or M4A, one channel, 32 to 48 kbit/s"


def take(folder: Path, text_folder: Path, source: str, entry: str, place: str, problems: list[Problem]) -> Draft | None:
    """Return the draft of the recording that a text in `text_folder` calls `source`, or note why not.

    Args:
        folder: the item's own, which the recording must not lie outside of.
        text_folder: what `source` is relative to.
        source: a path, as the publisher wrote it.
        entry: the path of the entry to be, without its ending.
        place: where `source` stands, for messages.
        problems: what is wrong is added here.
    """
    within = posixpath.normpath((text_folder.relative_to(folder) / source).as_posix())
    path = folder / within
    if fault := names.fault_in_path(within):
        problems.append(Problem(place, f"the recording '{source}' can not be taken: {fault}"))
    elif not path.is_file():
        problems.append(Problem(place, f"there is no recording '{source}'", f"looked for {path}"))
    elif link := link_within(folder, path):
        problems.append(Problem(place, f"'{source}' is reached through the link {link}", NO_LINK))
    elif fault := _fault(path):
        problems.append(Problem(str(path), fault, ADVICE))
    else:
        return of_file(path, f"{entry}{path.suffix.lower()}")
    return None


def _fault(path: Path) -> str | None:
    ending = path.suffix.lower()
    if ending not in sounds.ENDINGS.values():
        return "a recording of this type is not taken"
    if path.stat().st_size > MOST_BYTES:
        return f"the recording has {path.stat().st_size} bytes, more than {MOST_BYTES}"
    with path.open("rb") as file:
        fits = sounds.type_of(file.read(sounds.START_BYTES)) == TYPES[ending]
    return None if fits else f"this is not an {ending[1:].upper()} recording"
