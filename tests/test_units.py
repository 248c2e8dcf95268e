"""The units of systemd: every line known to systemd, every setting explained, and walls as high as promised."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import run

FOLDER = Path(__file__).parents[1] / "systemd"
KINDS = (".service", ".timer", ".socket", ".target")
UNITS = sorted(path.name for path in FOLDER.iterdir() if path.suffix in KINDS)
SERVICES = [name for name in UNITS if name.endswith(".service")]
MOST_EXPOSED = 2.0
ANALYZE = shutil.which("systemd-analyze")


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE, "systemd-analyze is not installed (apt-get install systemd)"
    return subprocess.run([ANALYZE, *words], capture_output=True, text=True, check=False)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program that is here in the place of the kiosk's."""
    for name in UNITS:
        text = (FOLDER / name).read_text()
        text = re.sub(r"/opt/kiosk/(bin/kiosk|libexec/[\w-]+) ", f"{sys.executable} ", text)
        instance = name.replace("@.", "@sdb1.")
        (tmp_path / instance).write_text(text)
    return tmp_path


def test_systemd_knows_every_line(units: Path) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", *(str(path) for path in sorted(units.iterdir())))
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if str(units) in line] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_high_walls(units: Path, name: str) -> None:
    path = units / name.replace("@.", "@sdb1.")
    done = analyze("security", "--offline=yes", "--no-pager", str(path))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSED, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_the_partition_of_its_program(name: str) -> None:
    # A start does not wait for that partition: without this line a slow card has none of them start.
    places = re.search(r"(?m)^RequiresMountsFor=(.*)$", (FOLDER / name).read_text())
    assert places
    assert "/opt/kiosk" in places[1].split()


@pytest.mark.parametrize("name", [*UNITS, "90-kiosk-usb.rules"])
def test_each_group_of_lines_says_why(name: str) -> None:
    explained = False
    for line in (FOLDER / name).read_text().splitlines():
        if line.startswith("#"):
            explained = True
        elif not line.strip() or line.startswith("["):
            explained = line.startswith(("[Install]", "[Unit]", "[Service]", "[Socket]"))
        else:
            assert explained, f"{name}: {line} has no comment above it"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_a_command_with_options_that_there_are(name: str) -> None:
    text = (FOLDER / name).read_text()
    found = re.findall(r"^ExecStart=/opt/kiosk/bin/kiosk (.+)$", text, re.MULTILINE)
    own = re.findall(r"^ExecStart=/opt/kiosk/libexec/(\S+) ", text, re.MULTILINE)
    assert found or own
    assert [each for each in own if not (FOLDER.parent / "provisioning" / "device" / each).exists()] == []
    for words in (line.split() for line in found):
        options = [word for word in words if word.startswith("--")]
        command = [word for word in words[:2] if not word.startswith("-")]
        told = run(*command, "--help")
        assert told.returncode == 0, told.stderr
        assert [option for option in options if f"  {option} " not in told.stdout] == []


@pytest.mark.parametrize("name", ["console", "portal", "sync", "sync-now", "usb@"])
def test_what_reads_photos_or_papers_of_strangers_may_give_up_its_rights_for_it(name: str) -> None:
    # `setpriv` does so by a call that is among the privileged ones: without it, no photo and no paper was ever read.
    assert "\nSystemCallFilter=~@privileged\n#" in (text := (FOLDER / f"kiosk-{name}.service").read_text())
    assert "\nSystemCallFilter=capset\n" in text.split("SystemCallFilter=~@privileged", 1)[1]


def test_the_operator_is_told_of_the_unit_that_is_not_on_by_itself() -> None:
    assert "kiosk-mirror.service" in (FOLDER.parent / "docs" / "operator.md").read_text()


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".timer")])
def test_a_timer_comes_with_the_kiosk_and_not_with_the_next_start_of_the_machine(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert "PartOf=kiosk.target" in text
    assert "WantedBy=kiosk.target" in text
