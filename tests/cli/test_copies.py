"""A copy of the database is kept by the timer of backups, and put in its place by `kiosk setup` before all else."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store import attachments, copies, db, generations, operators
from kiosk.store.state import State
from tests.cli.commands import configure, run
from tests.making import Village


@pytest.fixture
def config(village: Village) -> Path:
    village.release()
    village.agent().run()
    long_ago = village.clock().timestamp()  # else it may have been activated in the second of the copy
    os.utime(village.state.current, (long_ago, long_ago), follow_symlinks=False)
    return configure(village.folder / "kiosk.yaml", village.state.folder, village.folder / "root.json")


def setup(config: Path) -> str:
    done = run("setup", "--config", config, "--card", config.with_name("card"))
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def break_it(state: State) -> None:
    with state.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (state.database.stat().st_size - 4096))


def test_the_last_good_copy_takes_the_place_of_a_broken_database(config: Path, village: Village) -> None:
    setup(config)
    assert "no backup is due" in run("backup", "make", "--due", "--config", config).stdout
    made = copies.newest_at(village.state)
    assert made
    assert run("backup", "make", "--due", "--config", config).returncode == 0
    assert copies.newest_at(village.state) == made, "it was not due again"
    photo = attachments.path(village.state, "0123456789abcdef", ".jpg")
    photo.write_bytes(b"of a post that only the broken database names")
    break_it(village.state)
    assert f"the copy of {made:%Y-%m-%d %H:%M} UTC took its place" in setup(config)
    with closing(db.connect(village.state.database)) as conn:
        assert [each.name for each in operators.all_of(conn)] == ["operator"]
        assert generations.get(conn, village.state.current_number())
        assert copies.replaced(conn)
    assert village.state.database.stat().st_mode & 0o777 == 0o660
    assert setup(config) == "there is an operator: nothing to do\n"
    assert copies.are_aside(village.state)


def test_a_generation_that_the_copy_does_not_know_is_gone_back_from(config: Path, village: Village) -> None:
    setup(config)
    run("backup", "make", "--due", "--config", config)
    village.release(version=2, text="A newer lesson.")
    village.agent().run()
    assert village.state.current_number() == 2
    break_it(village.state)
    setup(config)
    assert village.state.current_number() == 1
    assert "Members own it together." in village.lesson()
    village.agent().run()
    assert "A newer lesson." in village.lesson()


def test_another_generation_makes_a_copy_due(config: Path, village: Village) -> None:
    run("backup", "make", "--due", "--config", config)
    village.release(version=2, text="A newer lesson.")
    village.agent().run()
    run("backup", "make", "--due", "--config", config)
    break_it(village.state)
    setup(config)
    assert "A newer lesson." in village.lesson()


def test_without_a_copy_it_says_so_and_goes_on(config: Path, village: Village) -> None:
    village.state.database.write_bytes(b"no database" * 1000)
    done = run("setup", "--config", config, "--card", config.with_name("card"))
    assert done.returncode == 6
    assert "there is no good copy" in done.stderr
