"""The last good copy of the database takes the place of a broken one, wherever and however it is broken."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.errors import StoreError
from kiosk.store import copies, db, threads
from kiosk.store.copies import Replaced
from kiosk.store.state import State
from tests.making import START
from tests.store.kiosks import Kiosk

LATER = START + timedelta(hours=3)


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Kiosk]:
    kiosk = Kiosk(tmp_path / "state")
    kiosk.fill()
    copies.keep(kiosk.conn, kiosk.state, START)
    threads.open_thread(kiosk.conn, "Maize", "Okello", "Written after the copy", START)
    yield kiosk
    kiosk.conn.close()


def titles(state: State) -> list[str]:
    with closing(db.connect(state.database)) as conn:
        return [row[0] for row in conn.execute("SELECT title FROM threads ORDER BY thread")]


def garbage_in_the_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def checkpointed_and_broken(kiosk: Kiosk) -> None:
    """Break the database of a connection that is open: its log lies beside it, with what was written last."""
    kiosk.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    threads.open_thread(kiosk.conn, "Rice", "Okello", "In the log alone", START)
    garbage_in_the_middle(kiosk.state.database)


def no_database(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def gone(path: Path) -> None:
    path.unlink()


def test_a_database_in_order_stays(kiosk: Kiosk) -> None:
    kiosk.conn.close()
    before = kiosk.state.database.stat().st_ino
    assert copies.mend(kiosk.state, LATER, 60) is None
    assert kiosk.state.database.stat().st_ino == before
    assert titles(kiosk.state) == ["Beans", "Maize"]
    assert not copies.are_aside(kiosk.state)


def test_a_first_start_has_nothing_to_mend(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert copies.mend(state, START, 60) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("breaks", [garbage_in_the_middle, no_database, emptied, gone])
def test_a_broken_database_is_set_aside_and_the_copy_takes_its_place(
    kiosk: Kiosk, breaks: Callable[[Path], None]
) -> None:
    kiosk.conn.close()
    breaks(kiosk.state.database)
    found = kiosk.state.database.read_bytes() if kiosk.state.database.exists() else None
    assert copies.mend(kiosk.state, LATER, 60) == Replaced(LATER, START)
    assert titles(kiosk.state) == ["Beans"]
    aside = kiosk.state.folder / "broken" / "20261124-110000" / "kiosk.sqlite3"
    assert (aside.read_bytes() if aside.exists() else None) == found
    with closing(db.connect(kiosk.state.database)) as conn:
        assert copies.replaced(conn) == Replaced(LATER, START)
        copies.note_read(conn, LATER)
        assert copies.replaced(conn) is None
    assert copies.mend(kiosk.state, LATER, 60) is None


def test_what_somebody_has_open_is_put_in_doubt_and_mended_later(kiosk: Kiosk) -> None:
    checkpointed_and_broken(kiosk)
    wait = (
        "import sqlite3, sys; conn = sqlite3.connect(sys.argv[1]); conn.execute('PRAGMA user_version').fetchone();"
        "print(flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", wait, kiosk.state.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(StoreError, match="broken"):
            copies.mend(kiosk.state, LATER, 60)
        assert copies.is_doubted(kiosk.state)
        assert not copies.are_aside(kiosk.state)
        other.communicate(b"\n")
    assert copies.mend(kiosk.state, LATER, 60)


def test_what_the_log_of_a_broken_database_held_goes_with_it(kiosk: Kiosk) -> None:
    checkpointed_and_broken(kiosk)
    log = Path(f"{kiosk.state.database}-wal").read_bytes()
    assert copies.mend(kiosk.state, LATER, 60)
    assert titles(kiosk.state) == ["Beans"]
    assert (kiosk.state.folder / "broken/20261124-110000/kiosk.sqlite3-wal").read_bytes() == log


def test_the_copy_before_serves_where_the_newest_is_broken_too(kiosk: Kiosk) -> None:
    copies.keep(kiosk.conn, kiosk.state, LATER)
    kiosk.conn.close()
    garbage_in_the_middle(kiosk.state.folder / "copies" / "kiosk.sqlite3")
    no_database(kiosk.state.database)
    assert copies.mend(kiosk.state, LATER, 60) == Replaced(LATER, START)


def test_without_a_good_copy_the_database_stays_as_it_is(kiosk: Kiosk) -> None:
    kiosk.conn.close()
    garbage_in_the_middle(kiosk.state.folder / "copies" / "kiosk.sqlite3")
    no_database(kiosk.state.database)
    before = kiosk.state.database.read_bytes()
    with pytest.raises(StoreError, match="no good copy"):
        copies.mend(kiosk.state, LATER, 60)
    assert kiosk.state.database.read_bytes() == before


@pytest.mark.parametrize("done", [1, 2])
def test_a_cut_while_the_copy_takes_its_place_is_ended_by_the_next_start(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    class Cut(BaseException):
        pass

    calls, replace = [], Path.replace

    def cut(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) > done:
            raise Cut
        return replace(self, target)

    checkpointed_and_broken(kiosk)
    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(Cut):
        copies.mend(kiosk.state, START, 60)
    monkeypatch.undo()
    assert copies.mend(kiosk.state, LATER, 60) == Replaced(LATER, START)
    assert titles(kiosk.state) == ["Beans"]


def test_a_broken_database_becomes_no_copy_and_is_looked_at_to_the_end(kiosk: Kiosk) -> None:
    kiosk.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kiosk.conn.close()
    garbage_in_the_middle(kiosk.state.database)
    with closing(db.blank(kiosk.state.database)) as conn, pytest.raises(StoreError, match="broken"):
        copies.keep(conn, kiosk.state, LATER)
    assert copies.newest_at(kiosk.state) == START
    assert copies.is_doubted(kiosk.state)
    assert copies.mend(kiosk.state, LATER, 0) == Replaced(LATER, START)
    assert not copies.is_doubted(kiosk.state)


def test_a_copy_is_due_once_a_day_and_when_another_generation_is_served(kiosk: Kiosk) -> None:
    state = kiosk.state
    assert not copies.is_due(state, LATER)
    assert copies.is_due(state, START + timedelta(hours=21))
    assert copies.is_due(state, START - timedelta(days=300)), "the clock was set back"
    state.current.symlink_to("generations/1")
    os.utime(state.current, (LATER.timestamp(), LATER.timestamp()), follow_symlinks=False)
    assert copies.is_due(state, LATER)
    copies.keep(kiosk.conn, state, LATER)
    assert not copies.is_due(state, LATER)
