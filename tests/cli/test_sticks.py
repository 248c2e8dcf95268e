"""A stick's way: filled by one kiosk, taken over by another, and coming back old."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kiosk.publish.build import build
from kiosk.store.state import State
from tests.cli.commands import configure, run
from tests.making import CHANNEL, Village, no_books
from tests.sync.book_editions import pages, write_book_recipe, write_zim


@pytest.fixture
def first(village: Village) -> Path:
    """The configuration of a kiosk that follows the federation's folder."""
    return configure(
        village.folder / "first.yaml", village.state.folder, village.config.sync.trusted_root, village.mirror.folder
    )


@pytest.fixture
def second(village: Village) -> Path:
    """The configuration of a kiosk that can reach nobody."""
    return configure(village.folder / "second.yaml", village.folder / "second", village.config.sync.trusted_root)


def lesson(state: Path) -> str:
    return (State(state).current / "members/members/en/lessons/01-members.html").read_text()


def test_a_stick_goes_from_kiosk_to_kiosk(village: Village, first: Path, second: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    place = stick / "kiosk-repository"
    place.mkdir(parents=True)
    (place / "please-fill").touch()
    village.release()
    assert run("sync", "run", "--config", first).returncode == 0
    filled = run("sync", "stick", stick, "--config", first)
    assert filled.returncode == 0, filled.stderr
    assert "members 1\n" in filled.stdout
    assert f"to {place}" in filled.stdout
    (place / "please-fill").unlink()
    assert run("sync", "pause", "--config", second).returncode == 0
    taken = run("sync", "stick", stick, "--config", second)
    assert taken.returncode == 0, taken.stderr
    assert "new: members 1" in taken.stdout
    assert lesson(village.folder / "second") == lesson(village.state.folder)
    used = json.loads(run("sync", "budget", "--config", second, "--json").stdout)
    assert (used["used_day_bytes"], used["used_month_bytes"]) == (0, 0)


def test_a_stick_that_comes_back_old_is_filled_and_nothing_is_taken_from_it(
    village: Village, first: Path, tmp_path: Path
) -> None:
    place = tmp_path / "kiosk-repository"
    place.mkdir()
    village.release()
    assert run("sync", "import", village.repository.folder, "--config", first).returncode == 0
    assert run("sync", "export", tmp_path, "--config", first).returncode == 0
    new = run("sync", "export", tmp_path / "stick" / "kiosk-repository", "--config", first)
    assert (new.returncode, "there is no such folder" in new.stderr) == (2, True), "a stick that is not there"
    (tmp_path / "stick").mkdir()
    assert run("sync", "export", tmp_path / "stick" / "kiosk-repository", "--config", first).returncode == 0
    assert (tmp_path / "stick" / "kiosk-repository" / "metadata").is_dir(), "an empty stick is filled too"
    village.release(version=2, text="Each has one vote.")
    assert run("sync", "run", "--config", first).returncode == 0
    refused = run("sync", "stick", tmp_path, "--config", first)
    assert refused.returncode == 4
    assert "older" in refused.stderr
    (place / "please-fill").touch()
    done = run("sync", "stick", tmp_path, "--config", first)
    assert done.returncode == 0, done.stderr
    assert "nothing is taken from the stick" in done.stdout
    assert "members 2" in done.stdout
    assert "Each has one vote." in lesson(village.state.folder)


def test_a_stick_that_asks_for_nothing_gets_nothing(first: Path, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    done = run("sync", "stick", tmp_path / "stick", "--config", first)
    assert done.returncode == 0
    assert "nothing is done" in done.stdout
    wrong = run("sync", "import", tmp_path / "stick", "--config", first)
    assert wrong.returncode == 2
    assert "this is not a repository" in wrong.stderr


def test_a_stick_with_a_book_alone_is_held_against_what_was_on_offer(
    village: Village, first: Path, second: Path, tmp_path: Path
) -> None:
    zim = write_zim(tmp_path / "pages", tmp_path / "manual.zim", pages(200))
    recipe = write_book_recipe(village.folder / "book", [zim], 1)
    village.repository.release([build(recipe, village.folder / "built", no_books)], CHANNEL)
    stick = tmp_path / "stick"
    stick.mkdir()
    shutil.copyfile(zim, stick / "manual.zim")
    early = run("sync", "stick", stick, "--config", second)
    assert (early.returncode, "let the kiosk ask the channels once" in early.stderr) == (2, True)
    assert run("sync", "plan", "--config", first).returncode == 0
    shutil.rmtree(village.repository.folder)
    taken = run("sync", "stick", stick, "--config", first)
    assert taken.returncode == 0, taken.stderr
    assert "taken from the stick: the book 'A manual'" in taken.stdout
    assert "new: manual 1" in taken.stdout
    (stick / "manual.zim").write_bytes(b"x" * 100)
    assert "nothing is done" in run("sync", "stick", stick, "--config", first).stdout


def test_a_kiosk_with_nothing_has_nothing_to_give(second: Path, tmp_path: Path) -> None:
    done = run("sync", "export", tmp_path, "--config", second)
    assert done.returncode == 6
    assert "holds no packs" in done.stderr


def test_a_folder_that_is_not_there_is_no_mirror(village: Village, tmp_path: Path) -> None:
    config = configure(tmp_path / "k.yaml", tmp_path / "s", village.config.sync.trusted_root, tmp_path / "none")
    done = run("sync", "run", "--config", config)
    assert done.returncode == 5
    assert "none of the mirrors is there" in done.stderr
