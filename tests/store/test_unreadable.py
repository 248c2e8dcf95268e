"""All that is kept is read, a little at a time; what the card does not give back is named until it does."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.store import unreadable
from kiosk.store.state import State
from tests.making import START

LOOK = """
import sys; from pathlib import Path; from kiosk.store import unreadable; from kiosk.store.state import State
from tests.making import START
unreadable.look(State(Path(sys.argv[1])), START, 60)
"""
NAMES = ("objects/ab/abc", "objects/ab-c", "objects/ab/x/1", "documents/a", "copies/kiosk.sqlite3", "notices/n.mp3")


@pytest.fixture
def state(tmp_path: Path) -> State:
    for name in NAMES:
        path = tmp_path / "state" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 3000)
    (tmp_path / "state/objects/link").symlink_to("ab-c")
    return State(tmp_path / "state")


def look_on_a_card_that_fails(state: State, name: str) -> None:
    inject = ["-P", str(state.folder / name), "-e", "trace=read", "-e", "inject=read:error=EIO"]
    subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", *inject, sys.executable, "-c", LOOK, state.folder],
        check=True, capture_output=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_a_file_that_the_card_does_not_give_back_is_named_until_it_does(state: State) -> None:
    look_on_a_card_that_fails(state, "objects/ab/abc")
    assert unreadable.files(state) == ("objects/ab/abc",)
    unreadable.look(state, START + timedelta(days=6), 60)
    assert unreadable.files(state) == ("objects/ab/abc",), "the next pass has not begun"
    unreadable.look(state, START + timedelta(days=8), 60)
    assert unreadable.files(state) == ()


def test_a_pass_goes_on_where_it_was_and_reads_every_file_once(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable, "CHUNK", 1000)
    seen = []
    for _ in range(6 * len(NAMES)):
        unreadable.look(state, START, -1)
        at = unreadable._read(state)
        seen.append((at.path, at.offset))
        if at.ended:
            break
    assert at.ended
    assert len(seen) == len(set(seen)), seen
    assert {path for path, _ in seen} == {*NAMES, ""}
    assert unreadable.files(state) == ()


def test_what_is_no_record_of_a_pass_begins_one(state: State) -> None:
    for text in ("", "[]", '{"path": 1}', "{"):
        (state.folder / "unreadable.json").write_text(text)
        assert unreadable.files(state) == ()
        unreadable.look(state, START, 60)
