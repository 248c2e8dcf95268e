"""Programs of this machine, run for the rig: to their end, in bounded time, and heard when they fail."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil

ENVIRONMENT = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
INSIDE = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8")
"""What a command begins with that shall know nothing of the environment of the tests."""


class Place(Protocol):
    """A running system in which commands can be run as root."""

    def run(self, *command: str | Path, check: bool = True, seconds: float = 60, given: str | None = None) -> str:
        """Run a command there to its end and return what it printed."""
        ...


def run(*command: str | Path, check: bool = True, seconds: float = 60, given: str | None = None) -> str:
    """Run a command to its end; return its output.

    Raises:
        AssertionError: it ended with an error, and `check` is not off; or it took longer than `seconds`.
    """
    words = [*map(str, command)]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=seconds, check=False, env=ENVIRONMENT,
            **({"stdin": subprocess.DEVNULL} if given is None else {"input": given}),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"{' '.join(words)} has not ended in {seconds} s: {error.stdout!r}") from error
    assert done.returncode == 0 or not check, f"{' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def need(*programs: str) -> None:
    """Fail with a plain sentence if this machine lacks a program, or we are not root: nothing is skipped for it."""
    assert os.geteuid() == 0, "the appliance is tested as root: it needs mounts and networks of its own"
    missing = [name for name in programs if not shutil.which(name, path=ENVIRONMENT["PATH"])]
    assert not missing, f"missing on this machine: {', '.join(missing)}; `make appliance` installs what is needed"


def until(found: Callable[[], bool], what: str, seconds: float = 60, pause: float = 0.2) -> float:
    """Wait until something is found; return the seconds it took."""
    begun = time.monotonic()
    while not found():
        assert time.monotonic() < begun + seconds, f"not in {seconds} s: {what}"
        time.sleep(pause)
    return time.monotonic() - begun


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def end(process: subprocess.Popen[bytes], seconds: float = 10) -> None:
    """End a process that we started, and all that it started, kindly or else."""
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait(seconds)
