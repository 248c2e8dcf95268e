"""Ansible's way into a system that does not run: a tree of files, entered by systemd-nspawn, command by command.

True always: what the roles do stays in the tree. They see no network, no device, no process and no mount of the
laptop, and can not turn its swap off, say. Where the tree is for another processor the kernel asks QEMU to run it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: tree
short_description: enter a system that does not run
description: [Runs each command in a tree of files by systemd-nspawn, as root.]
author: the kiosk
extends_documentation_fragment: [connection_pipelining]
options:
  tree:
    description: Where the tree is on this laptop.
    type: path
    required: true
    vars: [{name: ansible_tree}]
"""
# `offline`: systemctl enables and masks, and starts nothing. /tmp has to last from one command to the next.
ENTER = (
    "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", "--private-network", "--link-journal=no",
    "--resolv-conf=off", "--timezone=off", "--setenv=SYSTEMD_OFFLINE=1",
    "--setenv=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
)  # fmt: skip


class Connection(ConnectionBase):
    """One tree."""

    transport = "tree"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command in the tree to its end; return its code and what it printed."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        tree = self._root()
        # The folder of the first disk and the firmware is a partition on the card, and has to look like one.
        command = [*ENTER, f"--directory={tree}", f"--bind={tree}/boot/firmware:/boot/firmware", "/bin/sh", "-c", cmd]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_NSPAWN_TMPFS_TMP": "0"}
        given = in_data or b""
        done = subprocess.run(command, input=given, capture_output=True, env=environment, check=False)  # noqa: S603
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        """Bring a file into the tree."""
        super().put_file(in_path, out_path)
        shutil.copyfile(in_path, self._inside(out_path))

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Bring a file out of the tree."""
        super().fetch_file(in_path, out_path)
        shutil.copyfile(self._inside(in_path), out_path)

    def close(self) -> None:
        """Nothing is open."""
        self._connected = False

    def _root(self) -> Path:
        tree = Path(str(self.get_option("tree")))
        if not (tree / "usr/bin").is_dir():
            raise AnsibleConnectionFailure(f"there is no system in {tree}")
        return tree

    def _inside(self, path: Any) -> Path:
        return self._root() / str(path).lstrip("/")
