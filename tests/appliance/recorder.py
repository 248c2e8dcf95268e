"""A recorded disk without an emulated machine: its file system is mounted here, at this machine's own speed.

Owns: the emulator's storage program, which gives a recorded disk as a file (FUSE), and the mount of that file. The
same log is written as for a machine: a flush of the file system is a flush of the disk.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.appliance import cuts
from tests.appliance.cuts import Recording
from tests.appliance.running import ENVIRONMENT, end, need, until


@contextmanager
def recorded(found: Recording, disk: Path, at: Path) -> Iterator[None]:
    """Mount a disk of which all writes are recorded; `disk` is what is written to. At the end the power goes."""
    need("qemu-storage-daemon")
    given = disk.with_suffix(".given")
    given.touch()
    command = [
        "qemu-storage-daemon",
        "--blockdev", found.drive(disk),
        "--export", f"type=fuse,id=given,node-name=recorded,mountpoint={given},writable=on",
    ]  # fmt: skip
    with ExitStack() as stack:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
        stack.callback(end, process)
        until(lambda: process.poll() is not None or (given.stat().st_dev != disk.stat().st_dev), "a disk", 20)
        stack.enter_context(cuts.mounted(given, at))
        yield
