"""Files on their way to this kiosk, piece by piece, until each is whole and becomes a paper.

Owns: the table `uploads` and the folder `uploads/`. True always: a piece is on the card before it is told to be here,
so a cut at any point costs at most the piece that was on its way; a file is told by its content, so that whoever
chooses it again, anywhere, goes on where it was cut; it becomes a paper once, and only if all of it arrived as it was.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from kiosk.errors import Conflict, InvalidInput, NoSpace, NotFound
from kiosk.packs.papers import type_of
from kiosk.store import papers, typed
from kiosk.store.db import Connection, Row, from_text, to_text, transaction
from kiosk.store.papers import Draft
from kiosk.store.state import State, sync_folder

PIECE_BYTES = 2_000_000
"""The most that is sent at a time, and that a cut costs."""
MOST_NAME = 200
MOST_WAITING = 200
"""Files that wait for their rest: all of them are on the page of papers, and looked through for each new one."""
KEPT = timedelta(days=7)
"""How long a file waits for its rest."""
ALIVE = timedelta(minutes=2)
"""Longer than a phone is silent that goes on by itself."""


@dataclass(frozen=True)
class Wanted:
    """What a file is to become: a paper of this title, or a newer version of a paper."""

    title: str
    category: str
    language: str
    members_only: bool
    of_paper: int | None = None


@dataclass(frozen=True)
class Upload:
    """A file on its way: `here_bytes` of it are on the card. `became` is the paper that was made of it."""

    upload: int
    who: str
    name: str
    digest: bytes
    size_bytes: int
    here_bytes: int
    wanted: Wanted
    touched_at: datetime
    became: int | None


def begin(
    conn: Connection, state: State, who: str, name: str, digest: str, size_bytes: int, wanted: Wanted,
    spare_bytes: int, now: datetime,
) -> Upload:  # fmt: skip
    """Begin to take a file, or go on with one that was begun; the caller owns the transaction.

    Args:
        who: the operator's name.
        name: what the file is called where it comes from.
        digest: 64 hex digits: the SHA-256 of the SHA-256 digests of its pieces of `PIECE_BYTES`.
        size_bytes: how long it is.
        wanted: what it is to become; of a file that was begun before, the last word counts.
        spare_bytes: what must stay free on the card.

    Raises:
        InvalidInput: a field breaks its rule.
        NotFound: there is no paper that it could become a version of.
        NoSpace: the card has no room for it, or `MOST_WAITING` others wait for their rest.
    """
    title = _checked(conn, digest, size_bytes, wanted)
    row = conn.execute(
        "SELECT * FROM uploads WHERE digest = ? AND coalesce(of_paper, 0) = ? AND became IS NULL",
        (bytes.fromhex(digest), wanted.of_paper or 0),
    ).fetchone()
    _check_room(state, unfinished(conn), 0 if row else size_bytes, spare_bytes)
    said = (title, wanted.category, wanted.language, wanted.members_only, to_text(now))
    if row is None:
        cursor = conn.execute(
            "INSERT INTO uploads (title, category, language, members_only, touched_at, who, name, digest, size_bytes,"
            " of_paper) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*said, who, _name(name), bytes.fromhex(digest), size_bytes, wanted.of_paper),
        )
        return get(conn, int(cursor.lastrowid or 0))
    conn.execute(
        "UPDATE uploads SET title = ?, category = ?, language = ?, members_only = ?, touched_at = ? WHERE upload = ?",
        (*said, row["upload"]),
    )
    return get(conn, row["upload"])


def _check_room(state: State, waiting: list[Upload], new_bytes: int, spare_bytes: int) -> None:
    if new_bytes and len(waiting) >= MOST_WAITING:
        raise NoSpace("too many files wait for their rest", "finish some, or remove them")
    needed = sum(each.size_bytes - each.here_bytes for each in waiting) + new_bytes
    if shutil.disk_usage(state.folder).free - needed < spare_bytes:
        raise NoSpace("the card has no room for this paper", "make room: remove a pack, or give it a larger card")


def _name(said: str) -> str:
    # It is shown and kept in the list of acts, and nothing else is done by it.
    return typed.clean(said[:MOST_NAME], "file", MOST_NAME, one_line=True, may_be_empty=True)


def _checked(conn: Connection, digest: str, size_bytes: int, wanted: Wanted) -> str:
    if size_bytes <= 0:
        raise InvalidInput("This file is empty.", "file")
    if size_bytes > papers.MOST_BYTES:
        raise InvalidInput("This is too large.", "file")
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise InvalidInput("Go back and try again.", "file")
    if wanted.of_paper is None:
        papers.check_place(wanted.category, wanted.language)
        return papers.title_of(wanted.title)
    papers.get(conn, wanted.of_paper)
    return papers.title_of(wanted.title) if wanted.title.strip() else ""


def append(conn: Connection, state: State, upload: int, at: int, piece: bytes, now: datetime) -> Upload:
    """Add a piece to what is here; it is on the card when this returns.

    Args:
        at: where in the file the piece begins.

    Raises:
        NotFound: there is no such upload any more.
        Conflict: another piece is due; its `detail` is {"here": bytes that are here}.
        NoSpace: the card is full.
    """
    with _held(state, get(conn, upload)) as file:
        found = get(conn, upload)  # as it is, now that nobody else writes
        if at != found.here_bytes or found.became is not None or at + len(piece) > found.size_bytes:
            raise Conflict("another piece is due", detail={"here": found.here_bytes})
        _put(file.fileno(), at, piece)
        if at == 0:
            sync_folder(state.uploads)
        with transaction(conn):
            conn.execute(
                "UPDATE uploads SET here_bytes = ?, touched_at = ? WHERE upload = ?",
                (at + len(piece), to_text(now), upload),
            )
    return get(conn, upload)


def _put(descriptor: int, at: int, piece: bytes) -> None:
    # What a cut left behind this place was told to nobody, and is overwritten.
    left = memoryview(piece)
    try:
        while left:
            written = os.pwrite(descriptor, left, at)
            left, at = left[written:], at + written
        os.fsync(descriptor)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace("the card is full", "make room") from error
        raise


@contextmanager
def whole(conn: Connection, state: State, upload: int) -> Iterator[Draft | None]:
    """Check a file of which all is here and yield it for `papers.add`; None when it became a paper before.

    Say `became` within the block. The file goes when it did, or when it can not become a paper.

    Raises:
        NotFound: there is no such upload any more.
        Conflict: a part is missing; its `detail` is {"here": bytes that are here}.
        InvalidInput: it is not what was to be sent, or no kind of paper that phones open.
    """
    with _held(state, get(conn, upload)) as file:
        found = get(conn, upload)
        if found.became is None and found.here_bytes < found.size_bytes:
            raise Conflict("a part is missing", detail={"here": found.here_bytes})
        if found.became is not None:
            yield None
            return
        try:
            draft = _judged(file, path(state, upload), found)
        except InvalidInput:
            remove(conn, state, upload)
            raise
        yield draft
        path(state, upload).unlink(missing_ok=True)


def _judged(file: BinaryIO, where: Path, found: Upload) -> Draft:
    file.truncate(found.size_bytes)
    os.fsync(file.fileno())
    file.seek(0)
    sha256, pieces = hashlib.sha256(), hashlib.sha256()
    while piece := file.read(PIECE_BYTES):
        sha256.update(piece)
        pieces.update(hashlib.sha256(piece).digest())
    if pieces.digest() != found.digest:
        raise InvalidInput("It did not arrive as it was. Please send it again.", "file")
    kind = type_of(file)
    if kind is None:
        raise InvalidInput("This is not a kind of paper that phones can open.", "file")
    return Draft(where, sha256.hexdigest(), kind, found.size_bytes)


def became(conn: Connection, upload: int, paper: int) -> None:
    """Note which paper was made of a file, in the transaction that made it."""
    conn.execute("UPDATE uploads SET became = ? WHERE upload = ?", (paper, upload))


def remove(conn: Connection, state: State, upload: int) -> None:
    """Forget a file on its way, and what of it is here. Raises NotFound."""
    with transaction(conn):
        if not conn.execute("DELETE FROM uploads WHERE upload = ? AND became IS NULL", (upload,)).rowcount:
            raise NotFound(f"there is no upload {upload}")
    path(state, upload).unlink(missing_ok=True)


def get(conn: Connection, upload: int) -> Upload:
    """Return an upload, unfinished or not. Raises NotFound."""
    row = conn.execute("SELECT * FROM uploads WHERE upload = ?", (upload,)).fetchone()
    if row is None:
        raise NotFound(f"there is no upload {upload}")
    return _upload(row)


def unfinished(conn: Connection) -> list[Upload]:
    """Return the files that wait for their rest, the newest first."""
    rows = conn.execute("SELECT * FROM uploads WHERE became IS NULL ORDER BY upload DESC")
    return [_upload(row) for row in rows]


def is_going_on(conn: Connection, now: datetime) -> bool:
    """Tell whether somebody is sending a file now."""
    return any(abs(now - each.touched_at) < ALIVE for each in unfinished(conn))


def prune(conn: Connection, state: State, now: datetime) -> None:
    """Forget what nobody goes on with for `KEPT`, and remove files that a cut left without a row."""
    lying = [file for file in state.uploads.iterdir() if file.name.isdigit()]  # looked at first: rows come before files
    with transaction(conn):
        conn.execute("DELETE FROM uploads WHERE touched_at < ?", (to_text(now - KEPT),))
        kept = {str(row[0]) for row in conn.execute("SELECT upload FROM uploads WHERE became IS NULL")}
    for file in lying:
        if file.name not in kept:
            file.unlink(missing_ok=True)


def path(state: State, upload: int) -> Path:
    """Return where lies what came of a file."""
    return state.uploads / str(upload)


@contextmanager
def _held(state: State, found: Upload) -> Iterator[BinaryIO]:
    # The file itself becomes the paper, which other accounts read: those that serve it and back it up.
    descriptor = os.open(path(state, found.upload), os.O_RDWR | os.O_CREAT, 0o666)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _upload(row: Row) -> Upload:
    wanted = Wanted(row["title"], row["category"], row["language"], bool(row["members_only"]), row["of_paper"])
    return Upload(
        row["upload"], row["who"], row["name"], row["digest"], row["size_bytes"], row["here_bytes"], wanted,
        from_text(row["touched_at"]), row["became"],
    )  # fmt: skip
