"""`kiosk board`: what was reported, what is done about it, and how the board is kept."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.clock import system_clock
from kiosk.store import audit, db, moderation, threads
from kiosk.store.state import State
from tests.cli.commands import configure, run
from tests.making import START


@pytest.fixture
def kiosk(tmp_path: Path) -> Path:
    """A kiosk whose thread 1 has post 1, reported once."""
    state = State(tmp_path / "state")
    state.prepare()
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        threads.open_thread(conn, "Maize", "Asha", "Ten bags", START)
        moderation.report(conn, 1, "fraud", "a" * 32, "b" * 32, START)
    return configure(tmp_path / "kiosk.yaml", state.folder, tmp_path / "root.json")


def test_reports_are_seen_and_settled(kiosk: Path) -> None:
    assert "post 1 in thread 1: fraud 1" in run("board", "reports", "--config", kiosk).stdout
    (found,) = json.loads(run("board", "reports", "--json", "--config", kiosk).stdout)
    assert (found["post"], found["reasons"], found["body"]) == (1, {"fraud": 1}, "Ten bags")
    assert run("board", "hide", "1", "--why", "a cheat", "--config", kiosk).stdout == "hidden: post 1\n"
    assert run("board", "reports", "--config", kiosk).stdout == "nothing was reported\n"
    done = json.loads(run("board", "restore", "1", "--json", "--config", kiosk).stdout)
    assert done["done"] == "shown: post 1"
    assert done["who"]
    assert run("board", "hide", "7", "--config", kiosk).returncode == 6


def test_threads_are_closed_pinned_and_moved(kiosk: Path) -> None:
    for words in (("close", "1"), ("pin", "1"), ("move", "1", "market"), ("close", "1", "--undo")):
        assert run("board", *words, "--config", kiosk).returncode == 0
    with closing(db.connect(kiosk.parent / "state" / "kiosk.sqlite3")) as conn:
        thread = threads.get(conn, 1)
        assert (thread.closed, thread.pinned, thread.section) == (False, True, "market")
        assert [kind for kind, *_ in moderation.acts(conn)] == ["open", "move", "pin", "close"]
    assert run("board", "move", "1", "nowhere", "--config", kiosk).returncode == 6


def test_settings_are_shown_changed_and_held_to_their_rules(kiosk: Path) -> None:
    assert json.loads(run("board", "set", "--json", "--config", kiosk).stdout)["state"] == "open"
    assert "read-only" in run("board", "set", "--state", "read-only", "--config", kiosk).stdout
    wrong = run("board", "set", "--phone-an-hour", "0", "--config", kiosk)
    assert wrong.returncode == 2
    assert "--phone-an-hour" in wrong.stderr
    assert json.loads(run("board", "set", "--json", "--config", kiosk).stdout)["state"] == "read-only"


def test_a_phone_is_banned_and_the_ban_is_ended(kiosk: Path) -> None:
    config = ("--config", kiosk)
    unknown = run("board", "ban", "add", "1", *config)
    assert unknown.returncode == 6
    assert "forgotten which phone" in unknown.stderr
    with closing(db.connect(kiosk.parent / "state" / "kiosk.sqlite3")) as conn:
        threads.open_thread(conn, "Insults", "Juma", "Hear me", system_clock(), sending=threads.Sending("c" * 32))
    assert run("board", "ban", "list", *config).stdout == "no phone is banned\n"
    assert run("board", "ban", "add", "2", "--days", "91", *config).returncode == 2
    told = json.loads(run("board", "ban", "add", "2", "--days", "3", "--why", "rude", "--json", *config).stdout)
    assert run("board", "ban", "list", *config).stdout == f"ban 1: until {told['ends']} has passed\n"
    with closing(db.connect(kiosk.parent / "state" / "kiosk.sqlite3")) as conn:
        assert [(kind, post, act.why) for kind, _, post, act in moderation.acts(conn)] == [
            ("ban", 2, "rude"), ("hide", 2, "rude"),
        ]  # fmt: skip
        assert run("board", "ban", "lift", "1", *config).stdout == "ended: ban 1\n"
        assert [(act.kind, act.detail) for act in audit.last(conn, 9)] == [("ban.lifted", told["ends"])]
    assert json.loads(run("board", "ban", "list", "--json", *config).stdout) == []
    assert run("board", "ban", "lift", "1", *config).returncode == 6
