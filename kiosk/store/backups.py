"""Backups that are made and kept on the card.

Owns: the folder `backups/` and the setting `backup.recipient`, the public half of the recovery key. True always: a file
of the folder is whole; what was being made when the power went is removed by the next; the newest is never removed to
make room; what can be fetched again from the federation is not in a backup.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.errors import Conflict, NoSpace, NotFound, StoreError
from kiosk.store import backup_file, cards, db, restore_orders, settings
from kiosk.store.backup_file import Head
from kiosk.store.db import Connection
from kiosk.store.state import State, sync_folder

KEPT = 5
NAME = re.compile(r"kiosk-([0-9]{8}-[0-9]{6})\.age")
DRAFT, COPY = ".draft.age", ".database"
RESTORING = "restoring"
"""The folder in which a restore unpacks a backup."""
OF_THE_CARD = (
    "search_places", "search_built", "search_texts", "items", "packs", "generations", "entries", "collections", "holds",
    "trust_accepted", "trust_roots", "trust_heads", "clock", "welcomed", "offers", "transfer", "uploads", "sought",
)  # fmt: skip
"""Tables about what lies on this very card, in an order that references allow: in no backup, kept by a restore."""
AFTER_A_FAILURE = timedelta(hours=1)


@dataclass(frozen=True)
class Kept:
    """A backup on the card."""

    name: str
    made_at: datetime
    size_bytes: int


def folder(state: State) -> Path:
    """Return where backups are kept."""
    return state.folder / "backups"


def recipient(conn: Connection) -> str:
    """Return for whom backups are sealed; "" when no recovery key was made yet."""
    return str(settings.read(conn, "backup", lambda _, value: str(value)).get("recipient", ""))


def choose_recipient(conn: Connection, chosen: str) -> None:
    """Seal backups from now on for another recovery key."""
    settings.keep(conn, "backup", "recipient", chosen, "")


def all_of(state: State) -> list[Kept]:
    """Return the backups on the card, the newest first."""
    found = []
    for path in sorted(folder(state).glob("kiosk-*.age"), reverse=True):
        if named := NAME.fullmatch(path.name):
            made_at = datetime.strptime(named[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
            found.append(Kept(path.name, made_at, path.stat().st_size))
    return found


def path_of(state: State, name: str) -> Path:
    """Return where a backup lies.

    Raises:
        NotFound: there is none of this name.
    """
    path = folder(state) / name
    if not NAME.fullmatch(name) or not path.is_file():
        raise NotFound(f"there is no backup {name[:80]}")
    return path


@contextmanager
def alone(state: State) -> Iterator[None]:
    """Hold the one lock of backups and restores for the block; the kernel lets go of it however the process ends.

    Raises:
        Conflict: another process holds it.
    """
    folder(state).mkdir(mode=0o750, parents=True, exist_ok=True)
    with lock(state).open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict("a backup or a restore is running already", "wait for it to end") from error
        yield


def lock(state: State) -> Path:
    """Return the file that is locked while a backup is made or restored."""
    return state.folder / "backup.lock"


def written_bytes(state: State) -> int:
    """Return how much of the backup that is being made is written."""
    try:
        return (folder(state) / DRAFT).stat().st_size
    except FileNotFoundError:
        return 0


def is_due(now: datetime, zone: ZoneInfo, hour: int, last: datetime | None, failed: datetime | None) -> bool:
    """Tell whether it is time: since the last whole backup, the hour of the night has struck. A kiosk that was off then
    makes it when it is on again; a failure is given an hour.
    """
    if failed and timedelta() <= now - failed < AFTER_A_FAILURE:
        return False
    local = now.astimezone(zone)
    struck = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    struck = struck if struck <= local else struck - timedelta(days=1)
    return last is None or last < struck or last > now  # a clock that was set back must not end all backups


def plan(conn: Connection, state: State) -> int:
    """Return about how many bytes a backup would have."""
    pages, size = (int(conn.execute(f"PRAGMA {each}").fetchone()[0]) for each in ("page_count", "page_size"))
    return pages * size + sum(path.stat().st_size for _, path in backup_file.uploads(state.folder))


def make(conn: Connection, state: State, kiosk: str, now: datetime, spare_bytes: int) -> Kept:
    """Make a backup, on the card when this returns; call it inside `alone`.

    Args:
        kiosk: the kiosk's name, told when it is restored.
        spare_bytes: what must stay free on the card.

    Raises:
        NoSpace: there is no room, even without the older backups.
        StoreError: no recovery key was made yet; a file changed.
    """
    to = recipient(conn)
    if not to:
        raise StoreError("there is no recovery key yet", "make one in the console, or by `kiosk backup key`")
    _sweep(state)
    shutil.rmtree(state.folder / RESTORING, ignore_errors=True)  # a restore that was cut left it open on the card
    with suppress(NotFound):
        restore_orders.asked(state, now)  # forgets the key of a restore that nobody agreed to
    _make_room(state, plan(conn, state), spare_bytes)
    name = f"kiosk-{now.astimezone(UTC):%Y%m%d-%H%M%S}.age"
    draft, copy = folder(state) / DRAFT, folder(state) / COPY
    try:
        with db.full_card_told():
            _copy(conn, copy)
            head = _head(conn, state, copy, kiosk, now)
            with draft.open("wb") as out:
                os.fchmod(out.fileno(), 0o640)
                backup_file.write(out, head, state.folder, copy, cards.secret(conn, state), to)
                out.flush()
                os.fsync(out.fileno())
        draft.rename(folder(state) / name)
        sync_folder(folder(state))
    finally:
        _sweep(state)
    for old in all_of(state)[KEPT:]:
        path_of(state, old.name).unlink()
    return Kept(name, now, path_of(state, name).stat().st_size)


def _sweep(state: State) -> None:
    for left in (DRAFT, COPY, f"{COPY}-wal", f"{COPY}-shm", f"{COPY}-journal"):
        (folder(state) / left).unlink(missing_ok=True)


def _make_room(state: State, size_bytes: int, spare_bytes: int) -> None:
    needed = 2 * size_bytes + 10_000_000  # at worst all of it is database, which is there twice for a while
    kept = all_of(state)
    while shutil.disk_usage(folder(state)).free - needed < spare_bytes:
        if len(kept) < 2:
            raise NoSpace("there is no room for a backup on the card", "make room")
        path_of(state, kept.pop().name).unlink()


def _copy(conn: Connection, path: Path) -> None:
    """Write a copy of the database as it is at one moment; others go on writing meanwhile."""
    with closing(db.blank(path)) as copy:
        conn.backup(copy)
        # Nobody reads the copy until it is whole, and a cut one is removed: it needs no journal.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA foreign_keys = OFF")
        there = {row[0] for row in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        for table in OF_THE_CARD:
            if table in there:
                copy.execute(f"DELETE FROM {table}")  # noqa: S608 - our own words
        copy.execute("INSERT INTO search_words (search_words) VALUES ('delete-all')")
        copy.execute("VACUUM")  # what villagers took back must not lie in unused pages


def _head(conn: Connection, state: State, copy: Path, kiosk: str, now: datetime) -> Head:
    total = copy.stat().st_size + len(cards.secret(conn, state))
    total += sum(path.stat().st_size for _, path in backup_file.uploads(state.folder))
    return Head(now, kiosk, int(conn.execute("PRAGMA user_version").fetchone()[0]), counts(conn), total)


def counts(conn: Connection) -> dict[str, int]:
    """Return how many members, operators, papers and posts there are."""
    tables = ("members", "operators", "papers", "posts")
    return {each: int(conn.execute(f"SELECT count(*) FROM {each}").fetchone()[0]) for each in tables}  # noqa: S608
