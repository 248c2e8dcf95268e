"""Programs that run beside us, and the ports they listen on.

True always: what was started here is stopped here, by its own process group, when the `Processes` ends; and should
this process be killed outright, the kernel ends the children, so that no orphan holds a port.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import psutil

from kiosk.config import Site
from kiosk.errors import HostError

STOP_SECONDS = 5
PR_SET_PDEATHSIG = 1
"""From linux/prctl.h: the signal a process gets when its parent dies."""
_LIBC = ctypes.CDLL(None)  # loaded here: between fork and exec there is no time for it


class Processes:
    """A set of child processes, each with a name and a log; stops them all when its `with` block ends."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str]) -> int:
        """Start a command with its output in `<name>.log` and return its process id."""
        with (self._logs / f"{name}.log").open("wb") as log:
            try:
                child = start_bound(command, stdout=log, stderr=log, start_new_session=True)
            except OSError as error:
                raise HostError(f"{command[0]}: can not be started: {error.strerror}") from error
        self._children[name] = child
        return child.pid

    def dead(self) -> str | None:
        """Return the name of a child that ended by itself, or None."""
        return next((name for name, child in self._children.items() if child.poll() is not None), None)

    def log(self, name: str) -> str:
        """Return the last lines that a child wrote."""
        lines = (self._logs / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-8:])

    def wait_for(self, name: str, url: str, seconds: float = 30) -> None:
        """Wait until a child answers at `url`.

        Raises:
            HostError: it ended, or did not answer in time; with its last words.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._children[name].poll() is not None:
                break
            if answers(url):
                return
            time.sleep(0.05)
        raise HostError(f"{name} did not come up:\n{self.log(name)}", f"its log is {self._logs / name}.log")

    def stop(self) -> None:
        """End every child: ask, wait a little, then insist."""
        for child in self._children.values():
            _signal_group(child, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for child in self._children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, until - time.monotonic()))
            _signal_group(child, signal.SIGKILL)
            child.wait()
        self._children.clear()


def start_bound(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a command that the kernel asks to end (SIGTERM) when this process dies, however it dies.

    To be called from the main thread: the kernel counts the thread that started a child as its parent.
    """
    parent = os.getpid()

    def bind() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died in between
            os._exit(0)

    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=bind, **options)  # noqa: S603, PLW1509


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def answers(url: str) -> bool:
    """Tell whether something answers HTTP at `url`, whatever it says; see `site_answers` for a site of the kiosk."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def site_answers(site: Site, path: str = "/healthz", seconds: float = 2.0, name: str = "") -> bool:
    """Tell whether a site of the kiosk answers, at its unix socket or its address, and not with a fault of its own.

    Args:
        site: the site.
        path: what it is asked for.
        seconds: how long it is waited for.
        name: what asks, for the sites that count who does.
    """
    connection = HTTPConnection(site.address or "localhost", site.port or None, timeout=seconds)
    try:
        if site.socket:
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(seconds)
            connection.sock.connect(str(site.socket))
        headers = {"Host": urlsplit(site.url).netloc, "User-Agent": name or "kiosk", "Connection": "close"}
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def free_port(address: str) -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def check_port(address: str, port: int, what: str) -> None:
    """Make sure that a port is free.

    Raises:
        HostError: it is taken; names the process that holds it where the system tells.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise HostError(
                f"port {port} on {address}, wanted for the {what}, can not be used: {error.strerror}{_holder(port)}",
                "stop that program, or take other ports: make run PORT=9080",
            ) from error


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                return f" (held by {psutil.Process(connection.pid).name()}, process {connection.pid})"
    except psutil.Error:
        pass
    return ""
