"""What an update costs, and which entries are to blame."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from kiosk.errors import FormatError
from kiosk.publish.build import build
from kiosk.publish.lint_costs import WORST, costs
from tests.making import book_recipe, course_recipe, no_books, zim_bytes


def texts(folder: Path, words: dict[str, str]) -> Path:
    """Write a recipe with one document of many text files."""
    path = course_recipe(folder) / "pack.yaml"
    value = yaml.safe_load(path.read_text())
    value["items"][2]["translations"]["en"]["files"] = sorted(words)
    path.write_text(yaml.safe_dump(value))
    for name, text in words.items():
        (folder / name).write_text(text)
    return folder


def shuffled(seed: int) -> str:
    return " ".join(f"{random.Random(seed + n).getrandbits(64):x}" for n in range(300))


def test_a_shuffled_file_is_named_before_an_edited_one(tmp_path: Path) -> None:
    steady = {f"t{n:02}.txt": f"Text {n} says the same as ever.\n" * 20 for n in range(14)}
    before = steady | {"edited.txt": shuffled(1), "index.txt": shuffled(5000)}
    after = before | {"edited.txt": before["edited.txt"] + " more", "index.txt": shuffled(9000), "new.txt": "Short.\n"}
    built = build(texts(tmp_path / "a", before), tmp_path / "built", no_books)
    found = costs(texts(tmp_path / "b", after), built.folder, no_books)
    assert (found.changed, found.added) == (2, 1)
    worst = found.worst[0]
    assert worst.place == "rules (en) index.txt"
    assert worst.cost_bytes > worst.size_bytes // 3
    edited = next(cost for cost in found.worst if cost.place.endswith("edited.txt"))
    assert edited.cost_bytes < 100
    assert found.patch_bytes < found.full_bytes
    assert found.bytes_per_changed_entry == found.patch_bytes // 3


def test_only_the_worst_are_named_and_nothing_for_nothing(tmp_path: Path) -> None:
    before = {f"t{n:02}.txt": shuffled(n) for n in range(WORST + 5)}
    built = build(texts(tmp_path / "a", before), tmp_path / "built", no_books)
    same = costs(tmp_path / "a", built.folder, no_books)
    assert (same.changed, same.added, same.worst) == (0, 0, ())
    after = {name: text + "!" for name, text in before.items()}
    found = costs(texts(tmp_path / "b", after), built.folder, no_books)
    assert found.changed == WORST + 5
    assert len(found.worst) == WORST


def test_against_what_is_no_pack_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="can not be read"):
        costs(course_recipe(tmp_path / "a"), tmp_path, no_books)


def test_another_pack_is_not_compared_with(tmp_path: Path) -> None:
    other = build(book_recipe(tmp_path / "a", zim_bytes()), tmp_path / "built", no_books)
    with pytest.raises(FormatError, match="this is the pack 'book'") as told:
        costs(course_recipe(tmp_path / "b"), other.folder, no_books)
    assert told.value.hint == "name a built version of 'members'"
