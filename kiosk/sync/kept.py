"""The verified metadata and heads that a kiosk keeps, laid out as a repository, so that neighbours can read them.

    metadata/   timestamp.json, N.snapshot.json, N.targets.json, N.<channel>.json, and N.root.json of every N
    targets/    <channel>/<sha256>.<pack>.json

Owns: the folder `trust/`. True always: whoever reads a file here checks it again (a power cut may have torn it);
`timestamp.json` is replaced last and what is no longer named goes after that, so a neighbour finds a whole set.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from kiosk.store.state import sync_folder, write_durably

TIMESTAMP = "metadata/timestamp.json"


class Kept:
    """The files below `folder`, and before them those that were verified but not written yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._waiting: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, perhaps torn, or None when there is none."""
        if path in self._waiting:
            return self._waiting[path]
        try:
            return (self.folder / path).read_bytes()
        except OSError:
            return None

    def hold(self, files: Mapping[str, bytes]) -> None:
        """Have files at hand that are to be written at `commit`."""
        self._waiting.update(files)

    def write(self, path: str, data: bytes) -> None:
        """Write a file at once; it is on the card when this returns."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.new")
        write_durably(draft, data)
        draft.rename(place)
        sync_folder(place.parent)

    def commit(self, needed: Collection[str]) -> None:
        """Write those of the held files that are needed, the timestamp last of all."""
        for path in sorted(self._waiting.keys() & set(needed), key=lambda path: (path == TIMESTAMP, path)):
            self.write(path, self._waiting[path])
        self._waiting.clear()

    def prune(self, needed: Collection[str]) -> None:
        """Remove what is not needed; roots stay."""
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and name not in needed and not name.endswith(".root.json"):
                path.unlink()
