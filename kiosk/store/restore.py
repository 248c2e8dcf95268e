"""Restoring a backup: the board, members, papers and settings of a kiosk on this one.

Owns: the folders `restoring/` (what is unpacked and checked) and `replaced/` (the database there was). True always: the
one instant in which all changes is one transaction of the database, which either happens or does not, whenever the
power goes; before it files are only added, and no name that is there is written again; what the federation's packs
brought to this card stays.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from kiosk.errors import FormatError, NoSpace, StoreError
from kiosk.store import audit, backup_file, backups, cards, db, events, search_index
from kiosk.store.backup_file import CARDS, DATABASE, UPLOADS, Head
from kiosk.store.db import Connection, transaction
from kiosk.store.state import State, sync_folder, write_durably


def restore(conn: Connection, state: State, file: BinaryIO, key: str, who: str, now: datetime) -> Head:
    """Replace what people wrote here by what a backup holds; call it inside `backups.alone` and the lock of syncs.

    Args:
        conn: the kiosk's database; every process sees the new one with its next transaction.
        file: the backup.
        key: its recovery key.
        who: the operator who does it.

    Returns: what the backup told about itself.

    Raises:
        InvalidInput: the key does not open it.
        FormatError: it is no backup, damaged, not whole, or of another version; nothing has changed.
        NoSpace: there is no room.
    """
    side = state.folder / backups.RESTORING
    with db.full_card_told():
        return _restored(conn, state, file, key, who, now, side)


def _restored(conn: Connection, state: State, file: BinaryIO, key: str, who: str, now: datetime, side: Path) -> Head:
    _clear(side)
    try:
        _check_room(state, backup_file.look(file, key))
        file.seek(0)
        head = backup_file.unpack(file, key, side)
        with closing(_opened(side / DATABASE)) as new:
            _check(new, conn)
            _merge(new, state, head, _secret(state, (side / CARDS).read_text("ascii")), who, now)
            search_index.build_missing(new, state)
            _put_files(side, state)
            _keep(conn, state)
            # The one instant: a single transaction of the database that is served.
            new.backup(conn)
        _put_files(side, state)  # a photo may have been taken for a lost one meanwhile
    finally:
        _clear(side, again=False)
    return head


def _clear(side: Path, *, again: bool = True) -> None:
    shutil.rmtree(side, ignore_errors=True)
    if again:
        side.mkdir(mode=0o700, parents=True)


def _check_room(state: State, head: Head) -> None:
    needed = 3 * head.size_bytes + state.database.stat().st_size  # at worst all of it is database
    if shutil.disk_usage(state.folder).free < needed:
        raise NoSpace("there is no room on the card to restore this backup", "make room")


def _opened(path: Path) -> Connection:
    """Return the database of the backup, brought up to date."""
    try:
        return db.connect(path)
    except NoSpace:
        raise
    except (StoreError, sqlite3.Error) as error:
        if "newer kiosk" in str(error):
            hint = "install the newest version of the kiosk"
            raise FormatError("this backup was made by a newer kiosk", hint) from error
        raise _damaged() from error


def _damaged() -> FormatError:
    return FormatError("the database in this backup is damaged", "take another one")


def _check(new: Connection, old: Connection) -> None:
    try:
        good = [row[0] for row in new.execute("PRAGMA quick_check(1)")] == ["ok"]
    except sqlite3.DatabaseError:
        good = False
    if not good or _shape(new) != _shape(old):
        raise _damaged()


def _merge(new: Connection, state: State, head: Head, secret: str, who: str, now: datetime) -> None:
    new.execute("PRAGMA foreign_keys = OFF")
    new.execute("ATTACH DATABASE ? AS here", (str(state.database),))
    with transaction(new):
        _take_over(new)
        _end_sessions(new)
        cards.take_secret(new, secret)
        _tell(new, head, who, now)
        if new.execute("PRAGMA main.foreign_key_check").fetchone():
            raise _damaged()
    new.execute("DETACH DATABASE here")
    new.execute("PRAGMA foreign_keys = ON")


def _shape(conn: Connection) -> list[tuple[str, ...]]:
    # Triggers and views run whatever they say: those of the backup must be those of this code. A trigger may be called
    # sqlite_something where somebody wrote into the schema itself; only SQLite's own statistics may be there or not.
    rows = conn.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema"
        " WHERE type <> 'table' OR name NOT IN ('sqlite_stat1', 'sqlite_stat4')"
    )
    return sorted((row[0], row[1], row[2], str(row[3])) for row in rows)


def _take_over(new: Connection) -> None:
    there = {row[0] for row in new.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")}
    for table in backups.OF_THE_CARD:
        if table in there:
            new.execute(f"DELETE FROM main.{table}")  # noqa: S608 - our own words
    new.execute("INSERT INTO main.search_words (search_words) VALUES ('delete-all')")
    for table in reversed(backups.OF_THE_CARD):
        if table in there and not table.startswith("search_"):  # the index is built anew
            new.execute(f"INSERT INTO main.{table} SELECT * FROM here.{table}")  # noqa: S608 - our own words
    # What was to become, or became, a paper of now: the backup may have none of this number, or another.
    new.execute("DELETE FROM main.uploads WHERE became IS NOT NULL OR of_paper IS NOT NULL")
    new.execute("INSERT OR IGNORE INTO main.paper_facts SELECT * FROM here.paper_facts")
    new.execute(
        "INSERT INTO main.usage SELECT * FROM here.usage WHERE true ON CONFLICT DO UPDATE"
        " SET bytes = max(bytes, excluded.bytes), milliseconds = max(milliseconds, excluded.milliseconds)"
    )


def _end_sessions(new: Connection) -> None:
    new.execute("DELETE FROM main.sessions")
    # No session of an operator, of now or of then, may fit by chance.
    new.execute(
        "UPDATE main.operators SET sign_outs = 1 + sign_outs + (SELECT coalesce(max(sign_outs), 0) FROM here.operators)"
    )


def _tell(new: Connection, head: Head, who: str, now: datetime) -> None:
    # What was going on when the backup was made is not going on here.
    new.execute(
        "DELETE FROM main.events WHERE kind LIKE '%.started' AND NOT EXISTS (SELECT 1 FROM main.events later WHERE"
        " later.event > events.event AND later.kind LIKE substr(events.kind, 1, instr(events.kind, '.')) || '%')"
    )
    events.record(new, "backup.finished", head.made_at)
    events.record(new, "restore.finished", now, made_at=db.to_text(head.made_at), kiosk=head.kiosk)
    audit.record(new, who, "backup.restored", f"{head.kiosk}, {head.made_at:%Y-%m-%d %H:%M}", now)


def _secret(state: State, secret: str) -> str:
    """Put the secret of the cards beside the one there is and return its name."""
    name = f"cards-{hashlib.sha256(secret.encode()).hexdigest()[:16]}"
    path = state.folder / "secrets" / name
    if not path.exists():
        draft = path.with_name(f".{name}")
        write_durably(draft, secret.encode(), mode=0o640)
        draft.rename(path)
        sync_folder(path.parent)
    return name


def _put_files(side: Path, state: State) -> None:
    changed: set[Path] = set()
    for folder in UPLOADS:
        for path in (side / folder).rglob("*"):
            target = state.folder / path.relative_to(side)
            if path.is_dir() or target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target)
            changed.update((target.parent, target.parent.parent))
    for each in changed:
        sync_folder(each)


def _keep(conn: Connection, state: State) -> None:
    """Keep a copy of the database there is: only the last that was replaced."""
    folder = state.folder / "replaced"
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / ".draft.sqlite3"
    draft.unlink(missing_ok=True)
    with closing(db.blank(draft)) as copy:
        conn.backup(copy)
    draft.replace(folder / DATABASE)
    sync_folder(folder)


def replaced_by(conn: Connection) -> datetime | None:
    """Return when the backup was made that was restored here last; None: never."""
    done = events.last(conn, "restore.finished")
    try:
        return db.from_text(str(done[0].detail["made_at"])) if done else None
    except (KeyError, ValueError):
        return None
