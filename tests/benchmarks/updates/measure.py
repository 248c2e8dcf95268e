"""Runs programs and tells what they took: time, processor, memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TIMER = "/usr/bin/time"
"""GNU time: small, so that what it measures is not hidden below the memory of the Python that starts it."""

TIMED_OUT = 124
"""How timeout (of coreutils) ends when it ended a program."""


@dataclass(frozen=True)
class Run:
    """What a program printed and took; `peak_bytes` is the largest of its processes."""

    output: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


class ToolFailed(Exception):
    """A program ended with an error."""


def run(
    argv: Sequence[str | Path], folder: Path | None = None, env: Mapping[str, str] | None = None, expect: int = 0,
    most_seconds: int | None = None,
) -> Run:  # fmt: skip
    """Run a program below `nice` and measure it.

    Raises:
        ToolFailed: it took longer than `most_seconds`, or ended with another code than `expect`; what it printed last
            is in the message.
    """
    limit = [] if most_seconds is None else ["timeout", str(most_seconds)]
    with tempfile.NamedTemporaryFile("r", prefix="bench-time-") as told:
        whole = [TIMER, "-q", "-o", told.name, "-f", "%e %U %S %M", *limit, *map(str, argv)]
        done = subprocess.run(
            whole, cwd=folder, env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if limit and done.returncode == TIMED_OUT:
            raise ToolFailed(f"{argv[0]} did not end in {most_seconds} seconds")
        if done.returncode != expect:
            raise ToolFailed(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout[-2000:]}")
        seconds, user, system, kilobytes = map(float, told.read().split()[-4:])
    return Run(done.stdout, seconds, user + system, int(kilobytes) * 1024)


def tree_bytes(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
