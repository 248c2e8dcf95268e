"""The last good copies of the database, kept for the day on which the card gives a broken one back.

Owns: the folders `copies/` (the newest good copy, and the one before) and `broken/` (databases that were set aside).
True always: a copy is whole, checked and on the card before it has its name; a broken database is set aside with its
log and never removed; wherever a cut falls, the next start ends what was begun.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.errors import NoSpace, StoreError
from kiosk.store import db, events
from kiosk.store.db import Connection, transaction
from kiosk.store.state import State, sync_folder

AGE = timedelta(hours=20)
"""A copy as old as this is followed by another."""
NEWEST, BEFORE, DRAFT = "kiosk.sqlite3", "before.sqlite3", ".draft.sqlite3"
DOUBT = "database.doubted"
"""The file that says that the database was found broken while it was in use."""
REPLACED, READ = "database.replaced", "database.read"
"""Kinds of events: a copy took the place of a broken database; somebody has read that."""
PARTS = ("", "-wal", "-shm")
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR)
"""What SQLite says of what the card gives back; everything else may be mended without losing anything."""
STEPS = 10_000
OPEN = 128
"""The byte of the index of a log that every connection holds locked (SQLite, "WAL-mode File Format")."""
SPARE = 2


@dataclass(frozen=True)
class Replaced:
    """When a broken database was found, and when the copy was made that took its place."""

    at: datetime
    copied_at: datetime


def newest_at(state: State) -> datetime | None:
    """Return when the newest copy was made; None when there is none."""
    try:
        return datetime.fromtimestamp((_folder(state) / NEWEST).stat().st_mtime, UTC)
    except OSError:
        return None


def is_due(state: State, now: datetime) -> bool:
    """Tell whether it is time for a copy: once a day, and when another generation is served: a copy that does not know
    it would take its content from the pages.
    """
    made = newest_at(state)
    if made is None or not timedelta() <= now - made < AGE:
        return True
    with suppress(OSError):
        return state.current.lstat().st_mtime > made.timestamp()
    return False


def keep(conn: Connection, state: State, now: datetime) -> None:
    """Make a copy of the database, if it is good; the one before is kept too.

    Raises:
        NoSpace: there is no room.
        StoreError: the database is broken: the next start mends it.
    """
    folder = _folder(state)
    folder.mkdir(mode=0o750, exist_ok=True)
    draft = folder / DRAFT
    _remove(draft)
    try:
        with db.full_card_told():
            _copy(conn, state, draft)
            _make_durable(draft, now)
            with suppress(FileNotFoundError):
                (folder / NEWEST).replace(folder / BEFORE)
            draft.replace(folder / NEWEST)
            sync_folder(folder)
    finally:
        _remove(draft)
    (state.folder / DOUBT).unlink(missing_ok=True)


def mend(state: State, now: datetime, seconds: float) -> Replaced | None:
    """Look whether the database is whole; where it is broken, set it aside and put the last good copy in its place.
    While somebody has the database open, it is only put in doubt.

    Args:
        seconds: how long to look; what was not found until then is not looked for, unless the database is in doubt.

    Returns: what was done; None when the database is in order, or can not be told to be broken.

    Raises:
        StoreError: it is broken, and there is no good copy, or somebody has it open; it stays where it is.
    """
    doubted = (state.folder / DOUBT).exists()
    if not any((_folder(state) / name).exists() for name in (NEWEST, BEFORE)) and not state.database.exists():
        return None  # a first start
    if state.database.exists() and _is_good(state.database, None if doubted else seconds):
        if doubted:
            (state.folder / DOUBT).unlink(missing_ok=True)
        return None
    copy = next((path for path in (_folder(state) / NEWEST, _folder(state) / BEFORE) if _may_serve(path)), None)
    if copy is None:
        raise StoreError(f"{state.database}: the database is broken, and there is no good copy", "restore a backup")
    if _is_open(state):
        raise _doubted(state)
    copied_at = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
    _set_aside(state, now)
    copy.replace(state.database)  # no second copy: the card may be full
    sync_folder(state.folder)
    sync_folder(_folder(state))
    (state.folder / DOUBT).unlink(missing_ok=True)
    with closing(db.connect(state.database)) as conn, suppress(NoSpace), transaction(conn):
        events.record(conn, REPLACED, now, copied_at=db.to_text(copied_at))
    return Replaced(now, copied_at)


def replaced(conn: Connection) -> Replaced | None:
    """Return the last fall back to a copy, until somebody has read of it."""
    last = events.last(conn, "database.")
    if not last or last[0].kind != REPLACED:
        return None
    return Replaced(last[0].at, db.from_text(str(last[0].detail["copied_at"])))


def note_read(conn: Connection, now: datetime) -> None:
    """Note that somebody has read of the last fall back."""
    events.record(conn, READ, now)


def is_doubted(state: State) -> bool:
    """Tell whether the database was found broken while it was in use; the next start mends it."""
    return (state.folder / DOUBT).exists()


def are_aside(state: State) -> bool:
    """Tell whether a broken database was set aside: files that no row names may be named in it."""
    return (state.folder / "broken").is_dir()


def _folder(state: State) -> Path:
    return state.folder / "copies"


def _size(conn: Connection) -> int:
    pages, size = (int(conn.execute(f"PRAGMA {each}").fetchone()[0]) for each in ("page_count", "page_size"))
    return pages * size


def _copy(conn: Connection, state: State, path: Path) -> None:
    try:
        if shutil.disk_usage(path.parent).free < SPARE * _size(conn):
            raise NoSpace("there is no room for a copy of the database", "make room")
        with closing(db.blank(path)) as copy:
            conn.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        good = _is_good(path, None)
    except sqlite3.DatabaseError as error:
        if _code(error) not in BROKEN:
            raise
        good = False
    if not good:
        raise _doubted(state)


def _doubted(state: State) -> StoreError:
    with suppress(OSError):
        (state.folder / DOUBT).touch()
    return StoreError("the database is broken", "restart: the last good copy takes its place")


def _make_durable(path: Path, now: datetime) -> None:
    path.chmod(0o640)
    os.utime(path, (now.timestamp(), now.timestamp()))
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(draft: Path) -> None:
    for part in (*PARTS, "-journal"):
        Path(f"{draft}{part}").unlink(missing_ok=True)


def _is_good(path: Path, seconds: float | None) -> bool:
    """Tell whether the card gives back a database of a kiosk as it was written; True where that can not be told.

    Args:
        seconds: how long to look; None: to the end.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    try:
        with closing(db.blank(path)) as conn:
            conn.set_progress_handler(lambda: ends is not None and time.monotonic() > ends, STEPS)
            if not int(conn.execute("PRAGMA user_version").fetchone()[0]):
                return False  # empty: a repair of the file system made it so, or it has only begun to be made
            return [row[0] for row in conn.execute("PRAGMA quick_check(1)")] == ["ok"]
    except sqlite3.DatabaseError as error:
        return _code(error) not in BROKEN


def _may_serve(copy: Path) -> bool:
    return copy.is_file() and _is_good(copy, None)


def _is_open(state: State) -> bool:
    """Tell whether a process has the database open: each holds a lock in the index of its log. A connection to a file
    that was set aside would remove the log of the one in its place.
    """
    try:
        with Path(f"{state.database}-shm").open("r+b") as index:
            fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, OPEN)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _set_aside(state: State, now: datetime) -> None:
    place = state.folder / "broken" / f"{now.astimezone(UTC):%Y%m%d-%H%M%S}"
    place.mkdir(mode=0o750, parents=True, exist_ok=True)
    for part in PARTS:  # the file first: without it the next start knows that it has to go on
        with suppress(FileNotFoundError):
            Path(f"{state.database}{part}").replace(place / f"{state.database.name}{part}")
    for folder in (place, place.parent, state.folder):
        sync_folder(folder)
