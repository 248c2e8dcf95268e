"""Recordings that say what a tile of the first page is, in languages that are not written.

Owns: the table `recordings` and the folder `recordings/`. True always: the bytes are on the card before their row is;
there is at most one a tile and language; a file without a row is removed by the next change.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kiosk.errors import InvalidInput, NotFound
from kiosk.packs import names, sounds
from kiosk.store.db import Connection, Row, to_text
from kiosk.store.state import State, sync_folder, write_durably

TILES = ("courses", "library", "documents", "notices", "board")
MOST_BYTES = 1_000_000
"""Of one recording: a sentence or two."""
MOST_NAME = 40


@dataclass(frozen=True)
class Recording:
    """What is said of a tile in a language; `name` is what its speakers call the language."""

    tile: str
    language: str
    name: str
    sha256: str
    type: str
    size_bytes: int


def path(state: State, recording: Recording) -> Path:
    """Return where the bytes of a recording lie."""
    return state.folder / "recordings" / f"{recording.sha256}{sounds.ENDINGS[recording.type]}"


def add(conn: Connection, state: State, tile: str, language: str, name: str, data: bytes, now: datetime) -> None:
    """Add a recording to a tile, in place of the one there was in that language.

    Raises:
        InvalidInput: there is no such tile or language, or this is neither MP3 nor M4A of at most 1 MB.
    """
    if tile not in TILES:
        raise InvalidInput("There is no such tile.", "tile")
    if not names.is_language(language):
        raise InvalidInput("Please write a language as en, fr or sw.", "language")
    if not 1 <= len(name) <= MOST_NAME:
        raise InvalidInput("This text is too long.", "name")
    media_type = sounds.type_of(data[: sounds.START_BYTES])
    if media_type is None or len(data) > MOST_BYTES:
        raise InvalidInput("A recording is an MP3 or M4A file of at most 1 MB.", "file")
    digest = hashlib.sha256(data)
    found = Recording(tile, language, name, digest.hexdigest(), media_type, len(data))
    file = path(state, found)
    file.parent.mkdir(exist_ok=True)
    draft = file.with_name(f".{file.name}")
    write_durably(draft, data)
    os.replace(draft, file)  # noqa: PTH105 - says what it does
    sync_folder(file.parent)
    conn.execute(
        "INSERT INTO recordings VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tile, language) DO UPDATE SET"
        " name = excluded.name, sha256 = excluded.sha256, type = excluded.type, size_bytes = excluded.size_bytes,"
        " added_at = excluded.added_at",
        (tile, language, name, digest.digest(), media_type, len(data), to_text(now)),
    )


def remove(conn: Connection, tile: str, language: str) -> None:
    """Take a recording from a tile; its file goes with `prune`.

    Raises:
        NotFound: there is none.
    """
    if not conn.execute("DELETE FROM recordings WHERE tile = ? AND language = ?", (tile, language)).rowcount:
        raise NotFound(f"the tile {tile} has no recording in {language}")


def prune(conn: Connection, state: State) -> None:
    """Remove files that no row names any more; to be called inside the transaction that changed the rows."""
    kept = {path(state, each).name for each in all_of(conn)}
    folder = state.folder / "recordings"
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.name not in kept:
            file.unlink()


def get(conn: Connection, tile: str, language: str) -> Recording:
    """Return a recording.

    Raises:
        NotFound: there is none.
    """
    row = conn.execute("SELECT * FROM recordings WHERE tile = ? AND language = ?", (tile, language)).fetchone()
    if row is None:
        raise NotFound(f"the tile {tile} has no recording in {language}")
    return _recording(row)


def all_of(conn: Connection) -> list[Recording]:
    """Return all recordings, by tile and the name of the language."""
    return [_recording(row) for row in conn.execute("SELECT * FROM recordings ORDER BY tile, name, language")]


def _recording(row: Row) -> Recording:
    return Recording(row["tile"], row["language"], row["name"], row["sha256"].hex(), row["type"], row["size_bytes"])
