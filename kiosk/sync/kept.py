"""The verified metadata and heads that a kiosk keeps, laid out as a repository, so that neighbours can read them.

    metadata/   timestamp.json, N.snapshot.json, N.targets.json, N.<channel>.json, and N.root.json of every N
    targets/    <channel>/<sha256>.<pack>.json

Owns: the folder `trust/`. True always: whoever reads a file here checks it again (a power cut may have torn it);
`timestamp.json`, which makes the others count, is replaced last, and what nothing names goes after that, so a
neighbour finds a whole set. Numbered files may lie here before they count: on a link that is cut, what was fetched
and verified once is not fetched again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from kiosk.store.state import sync_folder, write_durably

TIMESTAMP = "metadata/timestamp.json"


class Kept:
    """The files below `folder`; a timestamp that does not count yet is at hand here, and not on the card."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._timestamp: bytes | None = None

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, perhaps torn, or None when there is none."""
        if path == TIMESTAMP and self._timestamp is not None:
            return self._timestamp
        try:
            return (self._folder / path).read_bytes()
        except OSError:
            return None

    def write(self, path: str, data: bytes) -> None:
        """Write a file at once; it is on the card when this returns."""
        place = self._folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.new")
        write_durably(draft, data)
        draft.rename(place)
        sync_folder(place.parent)

    def hold(self, files: Mapping[str, bytes], *, whole: bool) -> None:
        """Keep files that were verified; the timestamp among them only if they are `whole`, and until `commit`."""
        for path, data in files.items():
            if path != TIMESTAMP:
                self.write(path, data)
            elif whole:
                self._timestamp = data

    def commit(self) -> None:
        """Have the timestamp at hand count from now on."""
        if self._timestamp is not None:
            self.write(TIMESTAMP, self._timestamp)
            self._timestamp = None

    def prune(self, needed: Collection[str]) -> None:
        """Remove what is not needed."""
        for path in self._folder.rglob("*"):
            if path.is_file() and path.relative_to(self._folder).as_posix() not in needed:
                path.unlink()
