"""YAML that people, editors and attackers write: every mistake is told with its place, and nothing hangs or bursts."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from kiosk.errors import FormatError
from kiosk.fields import MOST_PROBLEMS, parse_yaml, read_yaml
from kiosk.texts import MOST_BYTES

BOMB = "a: &a [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n".replace("*a0", "*a") for n in range(1, 40))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (BOMB, 2, "alias"),
        ("a: &a [*a]", 1, "alias"),
        ("a: {b: 1}\nc: {<<: *a}", 2, "alias"),
        ("v: !!bool maybe", 1, "read as bool"),
        ("v: !!int ''", 1, "read as int"),
        ("v: 1\nd: !!timestamp soon", 2, "read as timestamp"),
        ("d: 2026-13-45", 1, "read as timestamp"),
        ("n: " + "9" * 5000, 1, "read as int"),
        ('t: "\\ud800"', 1, "half a character"),
        ('"\\udfff": 1', 1, "half a character"),
    ],
)
def test_yaml_that_can_not_be_taken_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        parse_yaml(text, "pack.yaml")
    assert caught.value.message.startswith(f"pack.yaml:{line}: ")


def test_a_date_with_a_time_is_not_a_date() -> None:
    document = parse_yaml("starts: 2026-11-01T10:00:00Z\nends: 2026-11-02", "pack.yaml")
    root = document.root()
    assert root.day("starts") < root.day("ends") == date(2026, 11, 2)
    assert [str(each) for each in document.problems] == [
        "pack.yaml:1: 'starts' has a time of day (write the date alone, such as 2026-11-24)"
    ]


@pytest.mark.parametrize("sign", ["\\x07", "\\x1b", "\\x7f", "\\x9b"])
def test_control_signs_are_refused_in_a_text_and_in_a_list(sign: str) -> None:
    document = parse_yaml(f'text: "a{sign}"\nlist: [b, "a{sign}"]', "pack.yaml")
    root = document.root()
    assert root.text("text") == ""
    assert root.texts("list") == ()
    assert [each.place for each in document.problems] == ["pack.yaml:1", "pack.yaml:2"]


def test_a_text_of_a_list_has_a_limit() -> None:
    document = parse_yaml(f"choices: [a, {'b' * 1001}]", "quiz.yaml")
    document.root().texts("choices")
    assert "number 2 of 'choices' has more than 1000 characters" in document.problems[0].message


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("pipe.yaml", "folder.yaml"):
        with pytest.raises(FormatError, match=f"{name}: this is not a file"):
            read_yaml(tmp_path / name)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(FormatError, match="has more than"):
        read_yaml(path)


def test_no_more_mistakes_are_told_than_anyone_reads() -> None:
    document = parse_yaml("".join(f"k{n}: 1\n" for n in range(5000)), "pack.yaml")
    document.root().finish()
    assert len(document.problems) == MOST_PROBLEMS
