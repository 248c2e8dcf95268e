"""The page for publishers does what it says: every command of it, literally, in its order."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.making import course_recipe
from tests.whole_path.running import ROOT, kiosk

PAGE = ROOT / "docs" / "publisher.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def recipes(folder: Path) -> None:
    """Put two recipes where the page has them."""
    for name in ("my-pack", "prices"):
        path = course_recipe(folder / name) / "pack.yaml"
        value = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump({**value, "pack": name}))


def run(block: str, folder: Path) -> str:
    """Run a block of the page with /srv and /media below `folder`, and return what it printed."""
    script = re.sub(r"(?<![\w.])/(srv|media)/", rf"{folder}/\1/", block)
    command = f'set -eu\nkiosk() {{ "{sys.executable}" -m kiosk "$@"; }}\n{script}'
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_every_command_of_the_page_works_in_its_order(tmp_path: Path) -> None:
    recipes(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text())
    assert len(blocks) > 10
    printed = [run(block, tmp_path) for block in blocks]
    told = "\n".join(printed)
    assert "released my-pack 1 on stable" in told
    assert "waiting: 1.prices.json lacks 1 more of: union-1, union-2" in told
    assert "prices: + key union-1" in told
    assert "staged prices 1 on prices" in told
    assert "waiting: 2.prices.json is signed; it waits" in told
    assert "published 3.root.json" in told
    repository = tmp_path / "srv" / "repository"
    rows = json.loads(kiosk("repo", "keys", "list", repository, "--json").stdout)
    holding = {role: {row["name"] for row in rows if row["role"] == role} for role in ("root", "timestamp", "prices")}
    assert holding["root"] == {"root-1", "root-2", "secretary"}
    assert holding["timestamp"] == {"timestamp-2"}
    assert holding["prices"] == {"union-3"}
    (listed,) = json.loads(kiosk("repo", "list", repository, "--channel", "prices", "--json").stdout)
    assert (listed["pack"], listed["version"]) == ("prices", 1)
    assert list((repository / "metadata" / "unsigned").iterdir()) == []


def test_every_command_of_repo_is_on_the_page() -> None:
    words = PAGE.read_text()
    lines = re.findall(r"^  ([a-z]+) ", kiosk("repo", "--help").stdout.partition("Commands:")[2], re.MULTILINE)
    assert lines
    for command in lines:
        assert f"kiosk repo {command}" in words, command
    for group in ("keys", "channel"):
        for command in re.findall(
            r"^  ([a-z]+) ", kiosk("repo", group, "--help").stdout.partition("Commands:")[2], re.MULTILINE
        ):
            assert f"{group} {command}" in words, f"{group} {command}"
