"""The demonstration's federation after it was cut short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kiosk.cli import federation
from kiosk.cli.federation import Federation
from kiosk.publish import keys
from tests.making import course_recipe


@pytest.mark.parametrize("left", ["keys", ".new/keys"])
def test_it_is_made_anew_when_making_it_was_cut_short(tmp_path: Path, left: str) -> None:
    keys.make(tmp_path / left, "root-1")
    (tmp_path / "repository/metadata").mkdir(parents=True)
    fed = Federation(tmp_path)
    assert fed.prepare()
    assert not fed.prepare(), "it is there now"
    assert federation.publish(fed, [course_recipe(tmp_path / "members")]).left_out == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["built", "keys", "members", "repository", "stamps.json"]


@pytest.mark.parametrize("torn", ["", '{"a', "[1]"])
def test_a_torn_note_of_what_was_built_only_costs_time(tmp_path: Path, torn: str) -> None:
    fed = Federation(tmp_path)
    fed.prepare()
    (tmp_path / "stamps.json").write_text(torn)
    recipe = course_recipe(tmp_path / "members")
    assert len(federation.publish(fed, [recipe]).released) == 1
    assert str(recipe) in json.loads((tmp_path / "stamps.json").read_text())


def test_what_a_cut_left_half_built_is_built_anew(tmp_path: Path) -> None:
    fed = Federation(tmp_path)
    fed.prepare()
    recipe = course_recipe(tmp_path / "members")
    (built,) = federation.publish(fed, [recipe]).released
    (built.folder / "head.json").unlink()
    assert federation.publish(fed, [recipe]).released == []
    assert (built.folder / "head.json").is_file()
