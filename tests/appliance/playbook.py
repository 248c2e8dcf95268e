"""Ansible's playbooks, run against a kiosk as an operator runs them: from a laptop, over ssh with a key."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.appliance.running import ENVIRONMENT, end

PROGRAM = Path(sys.executable).with_name("ansible-playbook")
NAME = "kiosk"
"""What the kiosk is called in the inventory."""
SETTINGS = {
    "ANSIBLE_HOST_KEY_CHECKING": "false",
    "ANSIBLE_PIPELINING": "true",
    "ANSIBLE_NOCOLOR": "true",
    "ANSIBLE_STDOUT_CALLBACK": "default",
    "ANSIBLE_RETRY_FILES_ENABLED": "false",
}
OPTIONS = (
    "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
    "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20",
)  # fmt: skip


@dataclass(frozen=True)
class Ssh:
    """How root of a kiosk is reached: from the place that `laptop` leads to."""

    address: str
    port: int
    key: Path
    laptop: tuple[str, ...] = ()

    def command(self, *words: str) -> list[str]:
        """Return the command that runs `words` there."""
        login = ["-i", str(self.key), "-p", str(self.port), f"root@{self.address}"]
        return [*self.laptop, "ssh", *OPTIONS, *login, "--", *words]


@dataclass(frozen=True)
class Recap:
    """How a run ended."""

    code: int
    ok: int
    changed: int
    failed: int
    unreachable: int
    seconds: float
    printed: str

    @property
    def well(self) -> bool:
        """Whether nothing failed."""
        return self.code == 0


def play(
    ssh: Ssh,
    playbook: Path,
    variables: Mapping[str, object] | None = None,
    *options: str,
    seconds: float = 1800,
    groups: tuple[str, ...] = ("kiosks",),
) -> Recap:
    """Run a playbook; the kiosk is in each of `groups`. `options` are ansible-playbook's own, as `--check`.

    Raises:
        AssertionError: ansible is not installed, or has not ended in `seconds`.
    """
    assert PROGRAM.exists(), "ansible-playbook is missing: `make setup-test` installs it"
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rig-") as name:
        folder = Path(name)
        inventory = folder / "inventory.json"
        inventory.write_text(json.dumps({group: {"hosts": {NAME: _reached(ssh)}} for group in groups}))
        command = [
            *ssh.laptop,
            str(PROGRAM),
            "-i",
            str(inventory),
            "-e",
            json.dumps(dict(variables or {})),
            *options,
            str(playbook),
        ]
        environment = ENVIRONMENT | SETTINGS | {"ANSIBLE_HOME": name, "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{name}/c"}
        process = subprocess.Popen(
            command, cwd=playbook.parent, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        told = _told(process, playbook.name, seconds)
    return _recap(process.returncode, told, time.monotonic() - begun)


def _told(process: subprocess.Popen[bytes], name: str, seconds: float) -> str:
    """Return all that a run printed; whatever happens, nothing of it goes on."""
    try:
        return process.communicate(timeout=seconds)[0].decode(errors="replace")
    except subprocess.TimeoutExpired as error:
        said = (error.stdout or b"").decode(errors="replace")[-3000:]
        raise AssertionError(f"{name} has not ended in {seconds} s: {said}") from error
    finally:
        end(process)


def _reached(ssh: Ssh) -> dict[str, object]:
    return {
        "ansible_host": ssh.address,
        "ansible_port": ssh.port,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(ssh.key),
        "ansible_ssh_common_args": " ".join([*OPTIONS, "-o ControlMaster=auto -o ControlPersist=5s"]),
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def _recap(code: int, printed: str, seconds: float) -> Recap:
    line = re.search(rf"^{NAME}\s+: (.*)$", printed, re.MULTILINE)
    counts = dict(word.split("=") for word in line[1].split()) if line else {}
    ok, changed, failed, unreachable = (int(counts.get(name, 0)) for name in ("ok", "changed", "failed", "unreachable"))
    return Recap(code, ok, changed, failed, unreachable, seconds, printed)
