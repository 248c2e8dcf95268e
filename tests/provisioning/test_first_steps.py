"""The first steps of docs/provisioning.md: `make bundle` in a fresh clone, and an inventory like the example."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "provisioning"
EXAMPLE = FOLDER / "inventory.example.yml"
BIN = Path(sys.executable).parent


def ran(folder: Path, home: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MAKE"))}
    given = kept | {"HOME": str(home), "ANSIBLE_HOME": str(home), "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "true"}
    return subprocess.run(
        [str(word) for word in command], cwd=folder, env=given, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("goal", ["wheels", "setup", "setup-test"])
def test_a_fresh_clone_installs_what_reads_the_catalogues_before_it_reads_them(tmp_path: Path, goal: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(FOLDER / "requirements", tmp_path / "provisioning" / "requirements")
    for catalogue in (ROOT / "kiosk" / "locale").rglob("*.po"):
        copy = tmp_path / catalogue.relative_to(ROOT)
        copy.parent.mkdir(parents=True)
        shutil.copy(catalogue, copy)
    told = ran(tmp_path, tmp_path, "make", "--dry-run", goal)
    assert told.returncode == 0, told.stderr
    assert -1 < told.stdout.find("pip-install") < told.stdout.find("pybabel"), told.stdout


def test_what_an_inventory_says_goes_before_what_holds_otherwise(tmp_path: Path) -> None:
    program = (BIN / "ansible-inventory", "-i", EXAMPLE, "--playbook-dir", FOLDER)
    told = json.loads(ran(FOLDER, tmp_path, *program, "--host", "kijiji").stdout)
    group = yaml.safe_load(EXAMPLE.read_text())["kiosks"]
    said = group["vars"] | group["hosts"]["kijiji"]
    assert {name: told[name] for name in said} == said


def test_the_playbook_stops_where_that_would_not_be_so(tmp_path: Path) -> None:
    told = ran(tmp_path, tmp_path, BIN / "ansible-playbook", "-i", EXAMPLE, FOLDER / "site.yml")
    assert told.returncode != 0
    assert "ansible.cfg beside this playbook was not read" in told.stdout, told.stdout
    assert "Learn what machine this is" not in told.stdout


@pytest.mark.parametrize(("user", "first"), [("1000", "sudo -- /usr/local/bin/kiosk"), ("0", "runuser -u kiosk --")])
def test_whoever_types_kiosk_becomes_its_account(tmp_path: Path, user: str, first: str) -> None:
    tasks = yaml.safe_load((FOLDER / "roles/kiosk/tasks/main.yml").read_text())
    (text,) = [task["ansible.builtin.copy"]["content"] for task in tasks if "/usr/local/bin/kiosk" in str(task)]
    script = tmp_path / "kiosk"
    script.write_text(text)
    for name, does in {"id": f"echo {user}", "sudo": 'echo sudo "$@"', "runuser": 'echo runuser "$@"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    told = ran(tmp_path, tmp_path, "env", f"PATH={tmp_path}:/usr/bin:/bin", "sh", script, "sync", "status")
    assert told.stdout.startswith(first)
    assert told.stdout.endswith("sync status\n")


def test_what_has_the_uplink_now_is_not_masked_while_it_runs() -> None:
    tasks = yaml.safe_load((FOLDER / "roles/network/tasks/uplink.yml").read_text())
    masked = [name for task in tasks if "/dev/null" in str(task) for name in task["loop"]]
    assert {"systemd-networkd.service", "systemd-networkd.socket"} & set(masked) == set()
