"""Ansible's way into a system that does not run: a tree of files, in which `inside.py` waits for commands.

True always: what the roles do stays in the tree. They see no network, no device, no process and no mount of the
laptop, and can not turn its swap off, say. Where the tree is for another processor the kernel asks QEMU to run it.
"""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: tree
short_description: enter a system that does not run
description: [Has each command run in a tree of files, as root.]
author: the kiosk
extends_documentation_fragment: [connection_pipelining]
options:
  tree:
    description: Where the tree is on this laptop.
    type: path
    required: true
    vars: [{name: ansible_tree}]
  door:
    description: The socket by which commands come in.
    type: path
    required: true
    vars: [{name: ansible_door}]
"""


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
        with ExitStack() as stack:
            files = [stack.enter_context(TemporaryFile()) for _ in range(4)]
            for file, data in zip(files, (cmd.encode(), in_data or b""), strict=False):
                file.write(data)
                file.seek(0)
            door = stack.enter_context(socket.socket(socket.AF_UNIX))
            door.connect(str(self.get_option("door")))
            socket.send_fds(door, [b"."], [file.fileno() for file in files])
            code = door.recv(16)
            if not code:
                raise AnsibleConnectionFailure("what waits for commands in the tree has ended")
            for file in files[2:]:
                file.seek(0)
            return int(code), files[2].read(), files[3].read()

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

    def _inside(self, path: Any) -> Path:
        return Path(str(self.get_option("tree"))) / str(path).lstrip("/")
