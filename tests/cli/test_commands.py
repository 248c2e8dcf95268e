"""The command as a person meets it: help with examples, clear errors and exit codes, JSON for scripts."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from kiosk.cli.main import kiosk as command
from tests.cli.commands import run
from tests.making import course_recipe, recipe, write_recipe
from tests.whole_path.running import KIOSK, kiosk

COMMANDS = [
    "pack lint", "pack build", "pack inspect", "repo init", "repo release", "repo withdraw", "repo list", "repo sign",
    "repo verify", "repo publish", "repo take", "repo prune", "repo keys make", "repo keys list", "repo keys add",
    "repo keys rotate", "repo keys revoke", "repo channel add", "repo channel list", "repo channel keys", "repo add",
    "sync run", "sync plan", "sync status", "sync rollback", "sync pause", "sync resume", "sync budget",
    "sync import", "sync export", "sync stick",
    "document add", "document list", "document withdraw", "document restore",
    "serve portal", "serve console", "serve library", "serve mirror", "report", "demo",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    done = kiosk(*command.split(), "--help")
    assert done.returncode == 0
    assert f"kiosk {command}" in done.stdout.partition("Example:")[2]


def test_the_first_help_names_every_group() -> None:
    text = kiosk("--help").stdout
    assert all(group in text for group in ("pack", "repo", "sync", "serve", "document", "report", "demo"))


def test_a_kiosk_that_lacks_what_publishers_need_helps_all_the_same() -> None:
    without = "import sys; sys.modules['bsdiff4'] = None; from kiosk.cli.main import main; main()"
    told = [
        subprocess.run([sys.executable, "-c", without, *words], capture_output=True, text=True, check=False, timeout=60)
        for words in (["--help"], ["pack", "lint", "--json", "here"])
    ]
    commands = told[0].stdout.partition("Commands:")[2]
    assert told[0].returncode == 0, told[0].stderr
    assert ("  sync " in commands, "  pack " in commands) == (True, False)
    assert told[1].returncode == 7
    assert "for publishers" in json.loads(told[1].stdout)["error"]
    assert "Traceback" not in told[1].stderr


def test_lint_speaks_json(tmp_path: Path) -> None:
    value: dict[str, Any] = recipe()
    del value["licence"]
    write_recipe(course_recipe(tmp_path), value)
    done = kiosk("pack", "lint", tmp_path, "--json")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert (told["error"], told["remedy"]) == ("1 problem found", None)
    (problem,) = told["problems"]
    assert problem["place"].endswith("pack.yaml:1")
    assert "licence" in problem["message"]
    assert problem["hint"]
    assert json.loads(kiosk("pack", "build", tmp_path, "--json").stdout)["problems"] == [problem]
    write_recipe(tmp_path, recipe())
    assert json.loads(kiosk("pack", "lint", tmp_path, "--json").stdout) == {"problems": []}


def test_publishing_a_pack_by_hand(tmp_path: Path) -> None:
    out, repository, keys = tmp_path / "build", tmp_path / "repository", tmp_path / "keys"
    assert kiosk("pack", "build", course_recipe(tmp_path / "recipe"), "--out", out).returncode == 0
    assert "1.root.json" in kiosk("repo", "init", repository, "--keys", keys).stdout
    assert "nothing is released" in kiosk("repo", "list", repository).stdout
    assert "released members 1" in kiosk("repo", "release", repository, out / "members-1", "--keys", keys).stdout
    assert "were there already" in kiosk("repo", "release", repository, out / "members-1", "--keys", keys).stdout
    (listed,) = json.loads(kiosk("repo", "list", repository, "--json").stdout)
    assert (listed["pack"], listed["version"]) == ("members", 1)
    assert "is in order" in kiosk("repo", "verify", repository).stdout
    assert "good until" in kiosk("repo", "sign", repository, "--keys", keys).stdout
    shown = kiosk("pack", "inspect", out / "members-1").stdout
    assert "content root" in shown
    assert [words in shown for words in (" of content, ", " on the card, ", " to fetch for a first install\n")] == [
        True
    ] * 3


def speaking_json(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from speaking_json(found, (*words, name))
        elif found and any(parameter.name == "json_" for parameter in found.params):
            yield (*words, name)


@pytest.mark.parametrize("words", list(speaking_json(command)), ids=" ".join)
def test_every_command_that_speaks_json_tells_a_failure_so(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIOSK_CONFIG", str(tmp_path / "none.yaml"))
    with contextlib.chdir(tmp_path):
        plain, done, wrong = run(*words), run(*words, "--json"), run(*words, "--json", "--colour")
    assert done.returncode == plain.returncode != 0
    assert plain.stdout == ""
    for each in (done, wrong):
        told = json.loads(each.stdout)
        assert told["error"]
        assert told["error"] in each.stderr
        assert told["remedy"] is None or isinstance(told["remedy"], str)
    assert (wrong.returncode, json.loads(wrong.stdout)["remedy"]) == (2, f"kiosk {' '.join(words)} --help")


def test_a_failure_without_json_leaves_the_output_empty(tmp_path: Path) -> None:
    done = run("repo", "verify", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "can not be read" in done.stderr


def test_a_missing_configuration_is_told(tmp_path: Path) -> None:
    done = kiosk("sync", "run", "--config", tmp_path / "none.yaml")
    assert done.returncode == 2
    assert "none.yaml: can not be read" in done.stderr
    assert "what to do:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_name_that_is_no_text_is_told_all_the_same(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path)
    os.mkdir(os.fsencode(folder / "course") + b"/\xff")  # noqa: PTH102 - the name is bytes
    done = kiosk("pack", "lint", folder, PYTHONIOENCODING="utf-8")
    assert done.returncode == 3
    assert "a lesson's folder is named like" in done.stdout
    assert "Traceback" not in done.stderr


def test_where_nothing_can_be_written_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = kiosk("pack", "build", course_recipe(tmp_path / "recipe"), "--out", tmp_path / "file" / "out")
    assert done.returncode == 7
    assert f"error: {tmp_path / 'file' / 'out'}: Not a directory" in done.stderr
    assert "what to do: " in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*KIOSK, "pack", "lint", course_recipe(tmp_path)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 6
    assert "No space left on device" in done.stderr
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("site", ["portal", "console"])
def test_a_site_whose_port_is_taken_says_so(tmp_path: Path, site: str) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        place = f"{{address: 127.0.0.1, port: {port}, url: 'http://%s'}}"
        sites = "".join(f"{name}: {place % name}\n" for name in ("portal", "library", "console"))
        path = tmp_path / "kiosk.yaml"
        path.write_text(
            f"name: Test\nstate: state\n{sites}sync: {{mirrors: ['http://127.0.0.1:1'], trusted_root: root}}\n"
        )
        done = kiosk("serve", site, "--config", path)
    assert done.returncode == 7
    assert f"127.0.0.1:{port}: can not be listened on: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
