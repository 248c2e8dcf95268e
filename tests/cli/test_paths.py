"""A path that is not there: the command names the nearest that is, and none where none is near."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kiosk.cli.paths import nearest
from tests.cli.commands import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("content-packs/farming", "content-packs/papers"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "content-packs" / "farmimg").write_text("a file")
    return tmp_path


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("content-packs/farmin", "content-packs/farming"),
        ("contentpacks/papers", "content-packs/papers"),
        ("content-packs/xyz", None),
        ("contentpacks/xyz", None),
        ("content-packs/farming", None),
    ],
)
def test_a_folder_that_is_near_is_found(folder: Path, wrong: str, right: str | None) -> None:
    assert nearest(folder / wrong, file_okay=False) == (folder / right if right else None)


def test_a_file_is_found_where_one_is_wanted(folder: Path) -> None:
    assert nearest(folder / "content-packs" / "farmig", dir_okay=False) == folder / "content-packs" / "farmimg"


def test_the_command_names_it_in_words_and_as_json(folder: Path) -> None:
    wrong = folder / "content-packs" / "paper"
    told = f"Directory '{wrong}' does not exist. Did you mean '{wrong}s'?"
    done = run("pack", "lint", wrong)
    assert done.returncode == 2
    assert told in done.stderr
    assert told in json.loads(run("pack", "lint", wrong, "--json").stdout)["error"]
    assert "Did you mean" not in run("pack", "lint", folder / "zzz").stderr
