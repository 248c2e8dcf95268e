"""The power goes at any step of what a sync of a book does to files, twice: the next sync ends with the book."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.sync import half_written
from tests.sync.book_editions import contents, pages
from tests.sync.cuts import Cut
from tests.sync.test_adoption import Hand
from tests.sync.test_books import of_zim, sha256

STEPS = ("rename", "replace", "unlink", "rmdir", "link", "symlink", "mkdir", "truncate", "fsync", "fdatasync")
EVERY = 17
"""One of so many steps is tried, a prime: neighbours are alike."""
MOST = 2000


def cut_at(act: Callable[[], object], number: int, *, done: bool) -> bool:
    """Have the power go at the step of a number, before it or when it is done; tell whether it came to that."""
    left = number

    def wrapped(step: Callable[..., object]) -> Callable[..., object]:
        def counted(*given: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if left > 0:
                return step(*given, **named)
            if left == 0 and done:
                step(*given, **named)
            raise Cut  # whatever would clean up is not there any more

        return counted

    with pytest.MonkeyPatch.context() as patched:
        for name in STEPS:
            patched.setattr(os, name, wrapped(getattr(os, name)))
        try:
            act()
        except Cut:
            return True
    return False


def copy(folder: Path, target: Path) -> None:
    """Copy a folder with its hard links."""
    if target.exists():
        shutil.rmtree(target)
    subprocess.run(["cp", "-a", folder, target], check=True)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("way", ["first install", "patch", "adoption"])
def test_cut_at_any_step_and_again_a_book_comes_out_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, *, done: bool
) -> None:
    monkeypatch.setattr(half_written, "CHECKPOINT_BYTES", 1)
    hand = Hand(tmp_path / "village")
    publisher, state = hand.publisher, hand.village.state
    zim, built = publisher.release(pages(150))
    if way == "patch":
        hand.village.agent().run()
        zim, built = publisher.release(pages(150, changed={7}))
    hand.look()
    act: Callable[[], object] = hand.plug if way == "adoption" else lambda: hand.village.agent().run()
    if way == "adoption":
        hand.put(zim)
    copy(state.folder, before := tmp_path / "before")
    for number in range(1, MOST, EVERY):
        copy(before, state.folder)
        if not cut_at(act, number, done=done):
            break
        cut_at(act, number * 7 % 40 + 1, done=done)
        act()
        assert sha256(publisher.installed) == of_zim(built)["sha256"], number
        assert contents(publisher.installed) == contents(zim)
        assert [path for path in state.parts.rglob("*") if path.is_file()] == [], number
    assert EVERY * 3 < number < MOST
