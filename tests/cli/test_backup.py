"""`kiosk operator`, `kiosk backup` and `kiosk restore`, and kills of a restore at every kind of point."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.clock import system_clock
from kiosk.store import audit, backups, cards, db, events, members, operators, restore_orders, threads
from kiosk.store.cards import Press
from kiosk.store.restore_orders import Asked
from kiosk.store.state import State
from tests.cli.commands import configure, run

OWN = "a field of green beans"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")


@pytest.fixture
def backup(config: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A backup of a kiosk with a member and a post, and a file with its key."""
    key = tmp_path / "key.txt"
    key.write_text(run("backup", "key", "--config", config).stdout)
    run("member", "add", "Amina", "--pin", "4071", "--config", config)
    with closing(db.connect(tmp_path / "state" / "kiosk.sqlite3")) as conn, db.transaction(conn):
        threads.open_thread(conn, "Beans", "Okello", "Cheap beans " * 300, system_clock())
    done = run("backup", "make", "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "state" / "backups" / json.loads(done.stdout)["name"]
    return Path(shutil.copy(path, tmp_path / "kept.age")), key


def other(tmp_path: Path, name: str = "other") -> tuple[Path, State]:
    """Return the configuration and the state of a fresh kiosk."""
    config = configure(tmp_path / f"{name}.yaml", tmp_path / name, tmp_path / "root.json")
    state = State(tmp_path / name)
    state.prepare()
    db.connect(state.database).close()
    return config, state


def test_the_first_operator_is_made_on_the_command_line(config: Path, tmp_path: Path) -> None:
    assert "kiosk operator add" in run("operator", "list", "--config", config).stdout
    done = run("operator", "add", "amina", "--manager", "--config", config)
    password = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", done.stdout)
    assert password, done.stderr
    with closing(db.connect(tmp_path / "state" / "kiosk.sqlite3")) as conn:
        assert operators.fits(operators.count_guess(conn, "amina", system_clock()), password[0])
        assert operators.get(conn, "amina").must_change
    again = json.loads(run("operator", "reset", "amina", "--json", "--config", config).stdout)
    assert again["one_time_password"] != password[0]
    assert run("operator", "add", "amina", "--config", config).returncode == 8
    assert run("operator", "reset", "nobody", "--config", config).returncode == 6
    assert run("operator", "add", "okello", "--config", config).returncode == 0
    told = json.loads(run("operator", "list", "--json", "--config", config).stdout)
    assert [(each["name"], each["rights"], each["must_change"]) for each in told] == [
        ("amina", "manager", True), ("okello", "editor", True),
    ]  # fmt: skip
    assert password[0] not in run("operator", "list", "--config", config).stdout
    with closing(db.connect(tmp_path / "state" / "kiosk.sqlite3")) as conn:
        assert [act.kind for act in audit.last(conn, 3)] == [
            "operator.added.editor", "operator.reset", "operator.added.manager",
        ]  # fmt: skip


def test_a_key_is_made_once(config: Path) -> None:
    assert run("backup", "make", "--config", config).returncode == 6
    assert run("backup", "key", "--config", config).stdout.startswith("AGE-SECRET-KEY-1")
    assert run("backup", "key", "--config", config).returncode == 6
    assert "recovery_key" in json.loads(run("backup", "key", "--new", "--json", "--config", config).stdout)


def test_a_backup_goes_to_a_stick_and_is_restored_elsewhere(
    config: Path, backup: tuple[Path, Path], tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    assert run("backup", "copy", stick, "--config", config).returncode == 0
    fresh, state = other(tmp_path)
    assert run("backup", "fetch", stick, "--config", fresh).returncode == 0
    [kept] = json.loads(run("backup", "list", "--json", "--config", fresh).stdout)
    path = backups.folder(state) / kept["name"]
    assert path.read_bytes() == backup[0].read_bytes()
    told = json.loads(run("restore", path, "--key-file", backup[1], "--look", "--json", "--config", fresh).stdout)
    assert (told["kiosk"], told["counts"]["members"], told["here"]["members"]) == ("Umoja", 1, 0)
    done = run("restore", path, "--key-file", backup[1], "--yes", "--config", fresh)
    assert done.returncode == 0, done.stderr
    with closing(db.connect(state.database)) as conn:
        assert members.get(conn, 1).name == "Amina"
        press = Press(cards.secret(conn, state))
        assert cards.printed(conn, press, 1)
        assert audit.last(conn, 1)[0].who == "kiosk restore"
    assert run("backup", "fetch", tmp_path, "--config", fresh).returncode == 6


def test_it_is_made_when_it_is_due(config: Path, backup: tuple[Path, Path]) -> None:
    assert "no backup is due" in run("backup", "make", "--due", "--config", config).stdout


def test_what_was_asked_for_in_the_console_is_restored(backup: tuple[Path, Path], tmp_path: Path) -> None:
    fresh, state = other(tmp_path)
    assert run("restore", "--asked", "--config", fresh).returncode == 6
    asked = Asked(backup[0], backup[1].read_text().strip(), "amina", system_clock())
    restore_orders.ask(state, asked)
    assert run("restore", "--asked", "--config", fresh).returncode == 0
    assert not (state.folder / "asked").exists()
    with closing(db.connect(state.database)) as conn:
        assert audit.last(conn, 1)[0].who == "amina"
    restore_orders.ask(state, Asked(tmp_path / "key.txt", asked.key, "amina", system_clock()))
    assert run("restore", "--asked", "--config", fresh).returncode == 3
    assert not (state.folder / "asked").exists()
    with closing(db.connect(state.database)) as conn:
        assert events.last(conn, "restore.")[0].kind == "restore.failed"


CALLS = "write,pwrite64,fsync,fdatasync,rename,link,linkat,unlink,unlinkat,rmdir,mkdir,ftruncate"


def killed(config: Path, backup: tuple[Path, Path], log: Path, when: int) -> int:
    """Restore in a process that SIGKILL ends at a call of the kernel; return how many calls there were."""
    inject = [f"--inject={CALLS}:signal=SIGKILL:when={when}"] if when else []
    words = [sys.executable, "-m", "kiosk", "restore", str(backup[0]), "--key-file", str(backup[1]), "--yes"]
    strace = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={CALLS}", *inject]
    subprocess.run([*strace, *words, "--config", str(config)], check=False, capture_output=True, timeout=120)
    return len(log.read_text().splitlines())


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_kill_at_any_point_leaves_the_old_or_the_new(backup: tuple[Path, Path], tmp_path: Path) -> None:
    config, state = other(tmp_path, "whole")
    total = killed(config, backup, tmp_path / "log", 0)
    assert found(state) == "new"
    seen = set()
    points = sorted({total * part // 8 for part in range(1, 8)} | {total - back for back in (4, 8, 12, 16, 24, 32, 48)})
    for point in points:
        config, state = other(tmp_path, f"killed-{point}")
        killed(config, backup, tmp_path / "log", point)
        seen.add(found(state))
        assert run("restore", backup[0], "--key-file", backup[1], "--yes", "--config", config).returncode == 0
        assert found(state) == "new"
        assert not (state.folder / "restoring").exists()
    assert seen == {"old", "new"}


def found(state: State) -> str:
    """Return which database is there, and check it and all that must be there with it."""
    with closing(db.connect(state.database)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        if not backups.counts(conn)["members"]:
            assert backups.counts(conn) == {"members": 0, "operators": 0, "papers": 0, "posts": 0}
            return "old"
        assert cards.printed(conn, Press(cards.secret(conn, state)), 1)
        assert backups.counts(conn)["posts"] == 1
    return "new"
