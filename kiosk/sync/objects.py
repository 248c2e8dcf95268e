"""Files on their way into `objects/`.

True always: a file lies in `objects/` under a name only when every byte of it is on the card and hashes to that name.
Files are written without waiting for the card one by one (on a slow card that takes minutes for thousands); `settle`
waits once for all of them, and only then gives them their names.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from kiosk.packs.blobs import file_sha256
from kiosk.store.state import State, sync_folder

PIECE_BYTES = 128 * 1024
STAGED = "staged"


def forget_drafts(state: State) -> None:
    """Remove the files that a cut kept from being settled."""
    shutil.rmtree(state.parts / STAGED, ignore_errors=True)


class Drafts:
    """Files that wait to be settled, in a folder of their own that a cut leaves to be cleared by the next sync."""

    def __init__(self, state: State) -> None:
        self._state = state
        forget_drafts(state)
        self._folder = state.parts / STAGED
        self._folder.mkdir(parents=True)

    def keep(self, chunks: Iterable[bytes]) -> str:
        """Write a file that comes in chunks and return its SHA-256."""
        draft, digest = self._folder / ".draft", hashlib.sha256()
        with draft.open("wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
        return self._named(draft, digest.hexdigest())

    def keep_file(self, path: Path, sha256: str = "") -> str:
        """Take a file of `parts/` over, and return its SHA-256; it is computed unless it is known."""
        return self._named(path, sha256 or file_sha256(path))

    def _named(self, draft: Path, sha256: str) -> str:
        draft.chmod(0o444)
        draft.rename(self._folder / sha256)
        return sha256

    def path(self, sha256: str) -> Path | None:
        """Return where the file of a hash lies, settled or not, or None."""
        found = (self._folder / sha256, self._state.object_path(sha256))
        return next((path for path in found if path.is_file()), None)

    def settle(self) -> None:
        """Put all files on the card, then give them their names in `objects/`."""
        os.sync()
        touched = set()
        for draft in self._folder.iterdir():
            target = self._state.object_path(draft.name)
            if file_sha256(target) == draft.name:
                draft.unlink()
                continue
            if target.parent not in touched:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.parent.chmod(0o755)
                touched.add(target.parent)
            draft.replace(target)  # an old copy that is damaged stays in the generations that have it
        for folder in (*touched, self._state.objects):
            sync_folder(folder)


def pieces(paths: Iterable[Path]) -> Iterator[bytes]:
    """Yield the bytes of files, one after the other."""
    for path in paths:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
