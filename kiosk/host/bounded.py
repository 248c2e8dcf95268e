"""Running a program on a stranger's bytes, which may be made to mislead it.

True always: a run has an end in time, in memory and in what it writes, and ends with this process; it goes behind
everything else the machine does, and can gain no rights. The limits are set by Debian's util-linux, not between fork
and exec, so that it is safe to call from any thread.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What one run may take: seconds of the processor and by the clock, memory, and bytes of any file it writes."""

    cpu_seconds: int
    wall_seconds: int
    memory_bytes: int
    output_bytes: int


def run(command: Sequence[str | Path], limits: Limits) -> tuple[int, bytes]:
    """Run a command to its end and return its exit code (negative: the signal that ended it) and what it wrote to its
    standard output.

    Raises:
        OSError: it can not be started.
    """
    words = [
        "setpriv", "--pdeathsig", "KILL", "--no-new-privs", "nice", "-n", "10", "prlimit",
        f"--cpu={limits.cpu_seconds}", f"--as={limits.memory_bytes}", f"--fsize={limits.output_bytes}", "--core=0",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as out:  # a file, so that the kernel ends who writes too much
        child = subprocess.Popen(  # noqa: S603 - a fixed program
            [*words, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        )
        try:
            code = child.wait(limits.wall_seconds)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        out.seek(0)
        # All that is there, which the kernel has bounded: to read up to a limit is to ask for so much memory first.
        return code, out.read()
