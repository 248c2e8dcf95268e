"""`strace` over one run of a command: the calls that change a folder, and the same run with one of them tampered with.

A **point** is a system call by name and number: the n-th call of that name since the command began, counted as strace
counts in `inject=…:when=n`. Killing at a point kills before the call does anything, so the points of a run are all the
states that a process that dies can leave behind (but for a write that is cut within; the replay has those). Only the
command's own thread is traced: its helpers (who asks what the link costs, say) touch no state, and were it otherwise,
the replay would notice that a step is missing.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

CHANGING = (
    "write", "pwrite64", "writev", "pwritev", "copy_file_range", "sendfile", "fallocate", "truncate", "ftruncate",
    "fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "open", "openat", "mkdir", "mkdirat", "rmdir",
    "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat",
    "chmod", "fchmod", "fchmodat",
)  # fmt: skip
"""Every call that can change a folder or make a change durable; `open` is among them since it can make a file."""
EVERYWHERE = ("sync",)
"""Calls that name no path and yet concern every folder."""
Case = TypeVar("Case")
LINE = re.compile(r"^(?P<name>[a-z0-9_]+)\((?P<rest>.*)$")


@dataclass(frozen=True, repr=False)
class Point:
    """The `number`-th call of `name`, and how strace told it."""

    name: str
    number: int
    told: str

    @property
    def creates(self) -> bool:
        """Whether it may make a file."""
        return "O_CREAT" in self.told

    def __repr__(self) -> str:
        return f"call {self.number} of {self.name}({self.told}"


def calls(log: Path) -> list[tuple[str, str]]:
    """Return the name and the rest of the line of every call in a log of strace, in order."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        match = LINE.match(line)
        if match:
            found.append((match["name"], match["rest"]))
    return found


def points(log: Path, folder: Path) -> list[Point]:
    """Return the points of a logged run (see `watch`) that concern `folder`."""
    seen: Counter[str] = Counter()
    found = []
    for name, rest in calls(log):
        seen[name] += 1
        if name in EVERYWHERE or f"{folder}/" in rest or f'{folder}"' in rest or f"{folder}>" in rest:
            found.append(Point(name, seen[name], rest[:300]))
    return found


def spread(found: Sequence[Case], most: int) -> list[Case]:
    """Return at most `most` (2 or more) of them, spread evenly, the first and the last among them."""
    if len(found) <= most:
        return list(found)
    return [found[round(i * (len(found) - 1) / (most - 1))] for i in range(most)]


class Tracer:
    """One strace, to be attached to one process."""

    def __init__(self, options: Sequence[str], besides: Sequence[str] = ()) -> None:
        self._options = (f"-etrace={','.join((*CHANGING, *besides))}", *options)
        self._process: subprocess.Popen[str] | None = None

    def attach(self, pid: int) -> None:
        """Trace the process from now on; it must be waiting."""
        command = ["strace", "-esignal=none", *self._options, "-p", str(pid)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr
        told = self._process.stderr.readline()
        if "attached" not in told:
            raise RuntimeError(f"strace could not attach: {told}{self._process.stderr.read()}")

    def finish(self) -> None:
        """Wait for the end of the log; the process has ended."""
        if self._process:
            self._process.communicate()


def watching(log: Path) -> Tracer:
    """Return a tracer that logs the changing calls, with the paths of descriptors."""
    return Tracer(("-y", "-s", "0", "-o", str(log)))


def recording(log: Path) -> Tracer:
    """Return a tracer that logs all that a replay needs: every byte written, and where to."""
    return Tracer(("-y", "-xx", "-s", "100000000", "-o", str(log)), ("lseek", "read"))


IDLE = {"sync", "syncfs"}
"""What the whole machine still has to write is not these tests' business: such a call would wait for it."""


def idling() -> Tracer:
    """Return a tracer that lets a command run, but for the calls that wait for the whole machine."""
    return Tracer((f"-einject={','.join(sorted(IDLE))}:retval=0", "-o", "/dev/null"))


def tampering(point: Point, how: str, *, always: bool = False) -> Tracer:
    """Return a tracer that tampers with one call.

    Args:
        point: which call.
        how: as strace has it: `signal=KILL`, `error=ENOSPC`.
        always: with that call and all later ones of its name.
    """
    when = f"{point.number}{'+' if always else ''}"
    idle = f"-einject={','.join(sorted(IDLE - {point.name}))}:retval=0"
    return Tracer((idle, f"-einject={point.name}:{how}:when={when}", "-o", "/dev/null"))
