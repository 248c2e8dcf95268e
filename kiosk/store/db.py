"""The database: how it is opened, and how its schema grows.

Owns: connections, pragmas and migrations. True always: migrations are applied in order, each in a transaction of its
own, and are never edited once released; a database newer than this code is refused; callers own their transactions.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path

from kiosk.errors import NoSpace, StoreError
from kiosk.store.search_words import fold

OF_THE_MACHINE = (
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY,
)  # fmt: skip
"""Kinds of errors that are not a mistake of ours."""
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000")
Connection = sqlite3.Connection
Row = sqlite3.Row


def connect(path: Path, *, any_thread: bool = False) -> Connection:
    """Open the database, bring its schema up to date and return the connection (autocommit; see `transaction`).

    On a card that takes no more writes it can only be read.

    Args:
        path: the file; made if it is not there.
        any_thread: whether another thread than this one may close it.

    Raises:
        StoreError: the file is not a database, can not be opened, or was written by newer code.
    """
    try:
        try:
            return _open(path, path, any_thread)
        except sqlite3.OperationalError:
            if not _is_locked(path):
                raise
            # As it lies there: SQLite can not begin a log. What is only in the log of before is not seen.
            return _open(path, f"{path.absolute().as_uri()}?mode=ro&immutable=1", any_thread)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the database can not be opened: {error}", _remedy(error)) from error


def _open(path: Path, place: Path | str, any_thread: bool) -> Connection:
    as_it_lies = place is not path
    with ExitStack() as on_error:
        conn = sqlite3.connect(
            place, timeout=10, isolation_level=None, check_same_thread=not any_thread, uri=as_it_lies
        )
        on_error.callback(conn.close)
        conn.row_factory = sqlite3.Row
        for pragma in PRAGMAS[as_it_lies:]:
            conn.execute(f"PRAGMA {pragma}")
        # Triggers fold what is written to the board before it goes into the index of the search.
        conn.create_function("search_fold", 1, fold, deterministic=True)
        _migrate(conn, path)
        on_error.pop_all()
    return conn


def _is_locked(path: Path) -> bool:
    """Tell whether the card takes no more writes, as worn ones do."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def blank(path: Path) -> Connection:
    """Return a connection to a new file that is to become a copy of the database, without its schema.

    Raises:
        StoreError: it can not be made.
    """
    try:
        conn = sqlite3.connect(path, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the database can not be opened: {error}", _remedy(error)) from error
    conn.row_factory = sqlite3.Row
    conn.create_function("search_fold", 1, fold, deterministic=True)
    return conn


def _remedy(error: sqlite3.Error) -> str:
    # Whoever restores a backup loses what was written since: that is for a damaged file, not for a full card.
    if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return "restore the last backup"
    return "is the card full, or worn out?"


@contextmanager
def transaction(conn: Connection) -> Iterator[None]:
    """Run the block as one write; it is on the card when the block ends without error, and undone otherwise.

    Raises:
        NoSpace: the card is full.
        StoreError: another program holds the database for too long, or the card can not be written.
    """
    try:
        conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            conn.commit()
        except BaseException:
            conn.rollback()
            raise
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            raise NoSpace("the card is full: nothing can be written to the database", "make room") from error
        if error.sqlite_errorcode & 0xFF in OF_THE_MACHINE:
            raise StoreError(f"the database can not be written: {error}", "try again; is the card in order?") from error
        raise


@contextmanager
def full_card_told() -> Iterator[None]:
    """Say in one way that the card is full, whether a file or a database found it so.

    Raises:
        NoSpace: the card is full.
        StoreError: SQLite can not read or write it.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace("the card is full", "make room") from error
        raise
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            raise NoSpace("the card is full", "make room") from error
        raise StoreError(f"the database can not be read or written: {error}", _remedy(error)) from error


@cache  # connections are opened for every request of a site: the scripts are read once a process
def _migrations() -> tuple[tuple[int, str], ...]:
    folder = resources.files("kiosk.store") / "schema"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name.split("_")[0]), (folder / name).read_text(encoding="utf-8")) for name in names)


def _version(conn: Connection) -> int:
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def _migrate(conn: Connection, path: Path) -> None:
    steps = _migrations()
    found = _version(conn)
    if found > steps[-1][0]:
        raise StoreError(
            f"{path}: written by a newer kiosk (schema {found}, this code knows {steps[-1][0]})",
            "install the newer version of the kiosk again",
        )
    for number, script in steps:
        if number > _version(conn):
            _apply(conn, number, script)


def _apply(conn: Connection, number: int, script: str) -> None:
    with transaction(conn):
        if _version(conn) >= number:  # another process was first
            return
        for statement in script.split(";\n"):
            if statement.strip():
                conn.execute(statement)
        conn.execute(f"PRAGMA user_version = {number}")


def to_text(moment: datetime) -> str:
    """Return a moment as it is stored: UTC, ISO 8601, whole seconds, sortable as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """Return the moment that `to_text` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
