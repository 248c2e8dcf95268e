"""Disks for the emulated machine: a tree as the file system of a file, with a door in it for the tests.

The door is a service that runs commands which come by a virtual serial line, not through the kiosk's network: that may
be cut, or closed by the kiosk's own firewall, and a test still gets in.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tests.appliance import tree as trees
from tests.appliance.running import need, run
from tests.appliance.tree import Tree

DISK_BYTES = 4 << 30
DOOR = "rig-door.service"
PORT = "rig"
"""The name of the virtual serial line."""
SERVER = f"""\
import json, subprocess, time
with open("/dev/virtio-ports/{PORT}", "r+b", buffering=0) as line:
    while True:
        text = b""
        while not text.endswith(b"\\n"):
            some = line.read(65536)
            text += some or b""
            if not some:  # nobody is at the other end: to ask on and on would take half of the machine
                time.sleep(0.05)
        asked = json.loads(text)
        given = asked["given"]
        how = {{"stdin": subprocess.DEVNULL}} if given is None else {{"input": given.encode()}}
        try:
            done = subprocess.run(asked["words"], capture_output=True, timeout=asked["seconds"], **how)
            code, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as error:
            code, out, err = 124, error.stdout or b"", b"it has not ended in time"
        except OSError as error:
            code, out, err = 127, b"", str(error).encode()
        answer = {{"code": code, "out": out.decode(errors="replace"), "err": err.decode(errors="replace")}}
        data = json.dumps(answer).encode() + b"\\n"
        while data:
            data = data[line.write(data):]
"""
UNIT = f"""\
[Unit]
Description=Commands of the tests
DefaultDependencies=no
ConditionPathExists=/dev/virtio-ports/{PORT}
Wants=dev-virtio\\x2dports-{PORT}.device
After=dev-virtio\\x2dports-{PORT}.device
[Service]
ExecStart=python3 -u /usr/local/lib/rig-door
Environment=HOME=/root
[Install]
WantedBy=sysinit.target
"""


def of_plain(tree: Tree, *packages: str) -> Path:
    """Return a disk with the plain tree and some packages; it is made once and kept. Never write to it."""
    words = "\0".join([SERVER, UNIT, *sorted(packages)])
    path = tree.key.parent / f"disk-{hashlib.sha256(words.encode()).hexdigest()[:12]}"
    if not path.exists():
        with trees.copy(tree.root) as root:
            if packages:
                trees.install(root, *packages)
            write(root, path.with_suffix(".new"))
        path.with_suffix(".new").rename(path)
    return path


def write(root: Path, path: Path, size_bytes: int = DISK_BYTES) -> None:
    """Write a tree, which may be changed by it, as a file system of `size_bytes` into `path`."""
    need("mkfs.ext4", "chroot")
    (root / "usr/local/lib/rig-door").write_text(SERVER)
    (root / "etc/systemd/system" / DOOR).write_text(UNIT)
    run("chroot", root, "systemctl", "enable", DOOR)
    empty(path, size_bytes)
    run("mkfs.ext4", "-q", "-F", "-L", "system", "-d", root, path, seconds=300)


def empty(path: Path, size_bytes: int) -> None:
    """Make an empty file for a disk; it takes no room yet."""
    with path.open("wb") as file:
        os.truncate(file.fileno(), size_bytes)


def of_folder(folder: Path, path: Path, label: str, size_bytes: int) -> None:
    """Write a folder as a file system of its own, with its owner and rights."""
    need("mkfs.ext4", "debugfs")
    empty(path, size_bytes)
    run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", "-L", label, "-d", folder, path, seconds=300)
    found = folder.stat()
    for field, value in (("mode", f"0{found.st_mode:o}"), ("uid", found.st_uid), ("gid", found.st_gid)):
        run("debugfs", "-w", "-R", f"set_inode_field / {field} {value}", path)
