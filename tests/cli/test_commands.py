"""The command as a person meets it: help with examples, clear errors and exit codes, JSON for scripts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.making import course_recipe, recipe, write_recipe
from tests.whole_path.running import KIOSK, kiosk

COMMANDS = [
    "pack lint", "pack build", "pack inspect", "repo init", "repo release", "repo withdraw", "repo list", "repo sign",
    "repo verify", "repo publish", "repo take", "repo prune", "repo keys make", "repo keys list", "repo keys add",
    "repo keys rotate", "repo keys revoke", "repo channel add", "repo channel list", "repo channel keys", "repo add",
    "sync run", "sync plan", "sync status", "sync rollback", "sync pause", "sync resume", "sync budget",
    "sync import", "sync export", "sync stick",
    "document add", "document list", "document withdraw", "document restore",
    "serve portal", "serve console", "serve library", "serve mirror", "demo",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    done = kiosk(*command.split(), "--help")
    assert done.returncode == 0
    assert f"kiosk {command}" in done.stdout.partition("Example:")[2]


def test_the_first_help_names_every_group() -> None:
    text = kiosk("--help").stdout
    assert all(group in text for group in ("pack", "repo", "sync", "serve", "document", "demo"))


def test_lint_speaks_json(tmp_path: Path) -> None:
    value: dict[str, Any] = recipe()
    del value["licence"]
    write_recipe(course_recipe(tmp_path), value)
    done = kiosk("pack", "lint", tmp_path, "--json")
    assert done.returncode == 3
    (problem,) = json.loads(done.stdout)
    assert problem["place"].endswith("pack.yaml:1")
    assert "licence" in problem["message"]
    assert problem["hint"]


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
    assert "content root" in kiosk("pack", "inspect", out / "members-1").stdout


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
