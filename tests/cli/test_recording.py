"""`kiosk recording`: tiles that say what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import configure, run
from tests.sounds import M4A, silence


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")


def add(config: Path, data: bytes, *words: str) -> tuple[int, str]:
    file = config.with_name("said.mp3")
    file.write_bytes(data)
    done = run("recording", "add", *words, file, "--config", config)
    return done.returncode, done.stdout + done.stderr


def test_add_list_and_remove(config: Path) -> None:
    assert add(config, silence(), "--tile", "courses", "--language", "nyn") == (0, "courses says it in Runyankore\n")
    assert add(config, M4A, "--tile", "courses", "--language", "lgg", "--name", "Lugbara ti")[0] == 0
    listed = json.loads(run("recording", "list", "--json", "--config", config).stdout)
    assert [(each["language"], each["name"], each["type"]) for each in listed] == [
        ("lgg", "Lugbara ti", "audio/mp4"),
        ("nyn", "Runyankore", "audio/mpeg"),
    ]
    assert run("recording", "remove", "--tile", "courses", "--language", "nyn", "--config", config).returncode == 0
    assert run("recording", "remove", "--tile", "courses", "--language", "nyn", "--config", config).returncode == 6
    assert "nyn" not in run("recording", "list", "--config", config).stdout
    assert len(list((config.parent / "state" / "recordings").iterdir())) == 1


@pytest.mark.parametrize(
    ("data", "language", "told"),
    [
        (b"RIFF....WAVE", "nyn", "A recording is an MP3 or M4A file of at most 1 MB."),
        (b"", "nyn", "A recording is an MP3 or M4A file of at most 1 MB."),
        (silence() + bytes(1_000_000), "nyn", "A recording is an MP3 or M4A file of at most 1 MB."),
        (silence(), "../x", "Please write a language as en, fr or sw."),
    ],
)
def test_what_can_not_be_taken_is_told(config: Path, data: bytes, language: str, told: str) -> None:
    code, words = add(config, data, "--tile", "courses", "--language", language)
    assert code == 8
    assert told in words
    assert "says anything yet" in run("recording", "list", "--config", config).stdout
