"""`kiosk-release` against hostile accounts, full cards and cuts: what it does with the database, without a machine."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import sqlite3
from contextlib import closing
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "provisioning" / "device" / "kiosk-release"
OLD, NEW = "releases/1", "releases/2"


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, at home in a folder: release 1 runs, with a database of schema 1, and no release answers."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    spec = importlib.util.spec_from_loader("kiosk_release", SourceFileLoader("kiosk_release", str(SCRIPT)))
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    home, state = tmp_path / "opt", tmp_path / "state"
    for each in (OLD, NEW):
        (home / each).mkdir(parents=True)
        (home / each / ".complete").touch()
    state.mkdir()
    (home / "current").symlink_to(OLD)
    for name, value in {
        "HOME": home, "CURRENT": home / "current", "TRYING": home / "trying", "COPY": home / "database-before",
        "LOCK": home / "lock", "DATABASE": state / "kiosk.sqlite3",
    }.items():  # fmt: skip
        setattr(found, name, value)
    found.asked = []  # type: ignore[attr-defined]
    monkeypatch.setattr(found, "systemctl", lambda *words, **_: found.asked.append(words) or True)
    monkeypatch.setattr(found, "well", lambda: False)
    written(found.DATABASE, 1)
    return found


def written(path: Path, schema: int) -> None:
    with closing(sqlite3.connect(path)) as conn:
        conn.execute(f"PRAGMA user_version = {schema}")


def runs(release: ModuleType) -> str:
    return str(release.CURRENT.readlink())


def is_started_last(release: ModuleType) -> bool:
    return "kiosk.target" in release.asked[-1] and release.asked[-1][:2] == ("--no-block", "restart")


def no_room(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_database_that_the_old_release_can_not_read_goes_back(
    release: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_well() -> bool:
        written(release.DATABASE, 2)
        return False

    monkeypatch.setattr(release, "well", is_well)
    assert release.switch(NEW) == 1
    assert (runs(release), release.schema(release.DATABASE)) == (OLD, 1)
    assert not release.TRYING.exists()
    assert not release.COPY.exists()


def test_a_full_card_while_it_keeps_the_database_leaves_all_running(
    release: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "copyfileobj", no_room)
    with pytest.raises(SystemExit, match=r"nothing is switched.*No space left"):
        release.switch(NEW)
    assert runs(release) == OLD
    assert is_started_last(release)
    assert not release.COPY.exists()


def test_a_full_card_while_it_goes_back_loses_no_database(release: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_well() -> bool:
        written(release.DATABASE, 2)
        monkeypatch.setattr(shutil, "copyfileobj", no_room)
        return False

    monkeypatch.setattr(release, "well", is_well)
    assert release.switch(NEW) == 1
    assert (runs(release), release.schema(release.DATABASE)) == (OLD, 2)
    assert is_started_last(release)
    monkeypatch.undo()
    monkeypatch.setattr(release, "systemctl", lambda *_, **__: True)
    monkeypatch.setattr(release, "well", lambda: release.schema(release.DATABASE) == 1)
    assert release.resume() == 1  # room was made
    assert release.schema(release.DATABASE) == 1


def test_a_link_that_the_account_left_is_not_written_through(release: ModuleType, tmp_path: Path) -> None:
    release.keep_database()
    written(release.DATABASE, 2)
    victim = tmp_path / "victim"
    victim.write_text("root's")
    release.DATABASE.with_name("kiosk.sqlite3.new").symlink_to(victim)
    release.bring_database_back()
    assert victim.read_text() == "root's"
    assert release.schema(release.DATABASE) == 1
    assert not release.DATABASE.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_what_the_account_may_not_read_is_not_read_for_it(release: ModuleType, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    release.DATABASE.unlink()
    release.DATABASE.symlink_to(secret)
    os.chown(release.DATABASE.parent, 65534, 65534)
    with pytest.raises(OSError, match="Permission denied"):
        release.keep_database()
    assert not (release.COPY / "kiosk.sqlite3").exists()
    assert os.geteuid() == 0


def test_a_pipe_in_the_place_of_the_database_holds_nobody_up(release: ModuleType) -> None:
    release.DATABASE.unlink()
    os.mkfifo(release.DATABASE)
    with pytest.raises(OSError, match="is not a file"):
        release.keep_database()


def test_a_switch_after_one_that_was_cut_short_goes_back_first(
    release: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.keep_database()
    release.write(release.TRYING, OLD)
    release.point(NEW)
    (release.HOME / "releases" / "3").mkdir()
    (release.HOME / "releases" / "3" / ".complete").touch()
    monkeypatch.setattr(release, "well", lambda: runs(release) == OLD)
    assert release.main(["switch", "3"]) == 1
    assert runs(release) == OLD
