"""What texts show: pictures, films and sounds, found by the path in the Markdown and taken once."""

from __future__ import annotations

import posixpath
from pathlib import Path

from kiosk.fields import Problem
from kiosk.packs.films import is_film
from kiosk.packs.names import fault_in_path
from kiosk.publish import films, pictures
from kiosk.publish.draft import Draft, link_within, of_file


class Illustrations:
    """What the texts of one item show; `folder` is the item's own, `language` that of the texts."""

    def __init__(self, folder: Path, language: str, problems: list[Problem]) -> None:
        self._folder = folder
        self._language = language
        self._problems = problems
        self._films: set[str] = set()
        self.drafts: dict[str, Draft] = {}

    def take(self, text_folder: Path, source: str, place: str) -> str | None:
        """Return the path in the pack of what a text in `text_folder` calls `source`, or note why it is not taken."""
        within = posixpath.normpath((text_folder.relative_to(self._folder) / source).as_posix())
        if fault := fault_in_path(within):
            self._problems.append(Problem(place, f"'{source}' can not be taken: {fault}"))
            return None
        return within if (self._film if is_film(within) else self._picture)(within, source, place) else None

    def _picture(self, within: str, source: str, place: str) -> bool:
        path = self._folder / within
        if path.suffix.lower() not in pictures.ENDINGS:
            self._problems.append(
                Problem(place, f"'{source}' is no picture, film or sound that is taken", "SVG, PNG, JPEG, MP4 or MP3")
            )
        elif not path.is_file():
            self._problems.append(Problem(place, f"there is no picture '{source}'", f"looked for {path}"))
        elif link := link_within(self._folder, path):
            self._problems.append(Problem(place, f"'{source}' is reached through the link {link}", pictures.NO_LINK))
        else:
            if within not in self.drafts:
                self._problems += pictures.faults(path)
                self.drafts[within] = of_file(path, within)
            return True
        return False

    def _film(self, within: str, _source: str, place: str) -> bool:
        if within not in self._films:
            taken = films.take(self._folder, within, self._language, place, self._problems)
            self.drafts |= {draft.path: draft for draft in taken}
            self._films |= {within} if taken else set()
        return within in self._films
