"""The database: durable settings, migrations, and a refusal of what newer code wrote."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kiosk.errors import NoSpace, StoreError
from kiosk.store import db


def test_writes_are_durable_and_keys_are_checked(tmp_path: Path) -> None:
    with closing(db.connect(tmp_path / "a.sqlite3")) as conn:
        pragmas = {
            name: conn.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def write_half(conn: db.Connection) -> None:
    """Write one row that holds and one that does not, in one transaction."""
    with db.transaction(conn):
        conn.execute("INSERT INTO events (at, kind, detail) VALUES ('x', 'y', '{}')")
        conn.execute("INSERT INTO events (at, kind, detail) VALUES ('x', 'y', 'not json')")


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with closing(db.connect(tmp_path / "a.sqlite3")) as conn:
        with pytest.raises(sqlite3.IntegrityError):
            write_half(conn)
        assert conn.execute("SELECT count(*) FROM events").fetchone()[0] == 0


def test_a_database_of_newer_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    db.connect(path).close()
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA user_version = 9999")
    with pytest.raises(StoreError, match="written by a newer kiosk") as refusal:
        db.connect(path)
    assert refusal.value.hint


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    path.write_bytes(b"this is not a database, but it is long enough to look like one" * 20)
    with pytest.raises(StoreError, match=r"a\.sqlite3: the database can not be opened") as refusal:
        db.connect(path)
    assert refusal.value.hint == "restore the last backup"


def test_who_has_no_room_is_not_told_to_restore_a_backup(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refusal:
        db.connect(tmp_path / "not there" / "a.sqlite3")
    assert "full" in str(refusal.value.hint)


def test_a_full_card_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with closing(db.connect(tmp_path / "a.sqlite3")) as conn:
        conn.execute("PRAGMA max_page_count = 1")  # SQLite raises it to what there is already: not one page more
        with pytest.raises(NoSpace, match="the card is full"), db.transaction(conn):
            conn.execute("INSERT INTO events (at, kind, detail) VALUES ('x', 'y', json_quote(hex(zeroblob(100000))))")
        assert conn.execute("SELECT count(*) FROM events").fetchone()[0] == 0


def test_a_database_that_another_holds_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with closing(db.connect(path)) as first, closing(db.connect(path)) as second, db.transaction(first):
        second.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(StoreError, match="can not be written: database is locked"), db.transaction(second):
            pass


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have a folder take no more writes, as a worn card does."""
    if os.geteuid():
        pytest.skip("only root can mount a file system")
    for words in (("--bind", folder, folder), ("-o", "remount,ro,bind", folder)):
        subprocess.run(["mount", *words], check=True)
    try:
        yield
    finally:
        # Lazily: SQLite keeps a file open as long as another connection of the same program has a lock on it.
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_on_a_card_that_takes_no_more_writes_it_is_read(tmp_path: Path) -> None:
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn:
        conn.execute("CREATE TABLE kept (what TEXT)")
        conn.execute("INSERT INTO kept VALUES ('a post')")
    with locked(tmp_path), closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn:
        assert [row["what"] for row in conn.execute("SELECT what FROM kept")] == ["a post"]
        with pytest.raises(StoreError, match="can not be written"), db.transaction(conn):
            conn.execute("DELETE FROM kept")


def test_what_is_still_in_its_log_is_read_there_too_while_somebody_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.sqlite3"
    with closing(db.connect(path)) as open_since_before:
        open_since_before.execute("CREATE TABLE kept (what TEXT)")
        open_since_before.execute("INSERT INTO kept VALUES ('the last post')")
        assert path.with_name("kiosk.sqlite3-wal").stat().st_size > 0
        with locked(tmp_path), closing(db.connect(path)) as conn:
            assert [row["what"] for row in conn.execute("SELECT what FROM kept")] == ["the last post"]
