"""Photos and voice notes of the board.

Owns: the table `attachments` and the folder `attachments/`. True always: a file is on the card before its row is; a
name stands for the same bytes for ever; together they take no more room than the operator lets them, and leave the
card what must stay free; what goes is first gone from the table. A file without a row, which a cut may have left, goes
with the next `prune`.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import InvalidInput, NotFound
from kiosk.packs.attachments import Carried
from kiosk.store import board_settings
from kiosk.store.db import Connection, Row, transaction
from kiosk.store.state import State, sync_folder, write_durably

PHOTO, VOICE = "photo", "voice"
ENDINGS = {PHOTO: (".jpg", ".small.jpg"), VOICE: (".mp3",)}
COLUMNS = "SELECT name, post, kind, width, height, seconds FROM attachments"


@dataclass(frozen=True)
class Attachment:
    """A photo, whose small picture has that width and height in pixels, or a voice note of so many seconds."""

    name: str
    post: int
    kind: str
    width: int
    height: int
    seconds: int


def paths(state: State, attachment: Attachment) -> list[Path]:
    """Return where the files of an attachment lie."""
    return [path(state, attachment.name, ending) for ending in ENDINGS[attachment.kind]]


def path(state: State, name: str, ending: str) -> Path:
    """Return where a file of an attachment lies; `ending` is one of `ENDINGS`."""
    return state.attachments / f"{name}{ending}"


def add(conn: Connection, state: State, post: int, carried: Carried, spare_bytes: int) -> list[str]:
    """Give a post what it carries; the caller owns the transaction, and should it fail, calls `prune`.

    Args:
        spare_bytes: what must stay free on the card.

    Returns: the names of the oldest, which made room: their files are to be removed once the transaction has ended.

    Raises:
        InvalidInput: there is no room.
    """
    sent: list[tuple[str, tuple[bytes, ...], int, int, int]]
    sent = [(PHOTO, (each.data, each.small), each.width, each.height, 0) for each in carried.photos]
    if carried.voice:
        sent.append((VOICE, (carried.voice.data,), 0, 0, carried.voice.seconds))
    total = sum(len(data) for _, files, *_ in sent for data in files)
    gone = _make_room(conn, state, total, spare_bytes)
    for kind, files, width, height, seconds in sent:
        name = secrets.token_hex(8)
        for ending, data in zip(ENDINGS[kind], files, strict=True):
            write_durably(path(state, name, ending), data)
        conn.execute(
            "INSERT INTO attachments (name, post, kind, size_bytes, width, height, seconds)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (name, post, kind, sum(map(len, files)), width, height, seconds),
        )
    sync_folder(state.attachments)
    return gone


def _make_room(conn: Connection, state: State, size_bytes: int, spare_bytes: int) -> list[str]:
    most = board_settings.read(conn).attachments_mb * 1_000_000
    if size_bytes > most or shutil.disk_usage(state.attachments).free - size_bytes < spare_bytes:
        raise InvalidInput("The kiosk has no room for photos and sounds now.", PHOTO)
    over = size_bytes - most + conn.execute("SELECT coalesce(sum(size_bytes), 0) FROM attachments").fetchone()[0]
    gone = []
    for row in conn.execute("SELECT attachment, name, size_bytes FROM attachments ORDER BY attachment").fetchall():
        if over <= 0:
            break
        over -= row["size_bytes"]
        conn.execute("DELETE FROM attachments WHERE attachment = ?", (row["attachment"],))
        gone.append(row["name"])
    return gone


def of_posts(conn: Connection, posts: Sequence[int]) -> dict[int, list[Attachment]]:
    """Return what posts carry, by post, in the order in which it was sent; of those that carry nothing, nothing."""
    found: dict[int, list[Attachment]] = {}
    marks = ", ".join("?" * len(posts))
    for row in conn.execute(f"{COLUMNS} WHERE post IN ({marks}) ORDER BY post, attachment", tuple(posts)):
        found.setdefault(row["post"], []).append(_attachment(row))
    return found


def get(conn: Connection, name: str, kind: str) -> Attachment:
    """Return an attachment of a kind.

    Raises:
        NotFound: there is none.
    """
    row = conn.execute(f"{COLUMNS} WHERE name = ? AND kind = ?", (name, kind)).fetchone()
    if row is None:
        raise NotFound(f"there is no {kind} {name}")
    return _attachment(row)


def forget(conn: Connection, post: int) -> list[str]:
    """Take from a post all it carries and return the names, whose files are to be removed after the transaction."""
    rows = conn.execute("DELETE FROM attachments WHERE post = ? RETURNING name", (post,)).fetchall()
    return [row["name"] for row in rows]


def unlink(state: State, names: Iterable[str]) -> None:
    """Remove the files of attachments whose rows are gone."""
    for name in names:
        for endings in ENDINGS.values():
            for ending in endings:
                path(state, name, ending).unlink(missing_ok=True)


def prune(conn: Connection, state: State) -> None:
    """Remove files without a row."""
    with transaction(conn):  # nobody adds any meanwhile: files are written in the transaction of their rows
        kept = {row[0] for row in conn.execute("SELECT name FROM attachments")}
        for file in state.attachments.iterdir():
            if file.name.partition(".")[0] not in kept:
                file.unlink(missing_ok=True)


def _attachment(row: Row) -> Attachment:
    return Attachment(row["name"], row["post"], row["kind"], row["width"], row["height"], row["seconds"])
