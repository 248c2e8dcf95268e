"""A whole demonstration as its own processes: federation, mirror, kiosk, and the three sites, on free ports."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from kiosk.packs import head as heads
from kiosk.packs.head import Head

KIOSK = [sys.executable, "-m", "kiosk"]
ROOT = Path(__file__).parents[2]
REAL_BOOKS = Path(os.environ.get("REAL_BOOKS", ROOT.parent / "shared" / "data" / "zim"))
UP_SECONDS = 180
ADDRESSES = ("127.0.0.1", "127.0.0.1", "127.0.0.3", "127.0.0.4")  # of portal, library, console and mirror


def free_port() -> int:
    """Return the first of four free ports in a row, begun from a place of this process's own: others may test too."""
    first = os.getpid() % 1000
    for port in (20000 + 10 * ((first + step) % 1000) for step in range(1000)):
        if all(_is_free(address, port + n) for n, address in enumerate(ADDRESSES)):
            return port
    raise AssertionError("no free ports")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def kiosk(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command `kiosk` to its end."""
    command = [*KIOSK, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=os.environ | environment, check=False
    )


def copy_recipes(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Copy recipes of the project into `folder`, to be changed there."""
    for name in names:
        shutil.copytree(ROOT / "content-packs" / name, folder / name)
    return {name: folder / name for name in names}


def copy_real_books(folder: Path) -> Path | None:
    """Make a recipe of the real ZIM books, if they are on this machine."""
    if not REAL_BOOKS.is_dir():
        return None
    shutil.copytree(ROOT / "tests" / "recipes" / "real-books", folder / "real-books")
    for path in REAL_BOOKS.glob("*.zim"):
        shutil.copyfile(path, folder / "real-books" / path.name)
    return folder / "real-books"


class Demonstration:
    """`kiosk demo` in a folder; `start` returns when it has printed its addresses."""

    def __init__(self, folder: Path, recipes: Sequence[Path]) -> None:
        self.folder = folder
        self.recipes = list(recipes)
        self.port = free_port()
        self.portal, self.library, self.console = (
            f"http://{host}:{self.port + n}" for n, host in enumerate(("127.0.0.1", "localhost", "127.0.0.3"))
        )
        self.config = folder / "kiosk" / "kiosk.yaml"
        self.repository = folder / "federation" / "repository"
        self.keys = folder / "federation" / "keys"
        self._log = folder.with_suffix(".log")
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> str:
        """Start it and return what it printed."""
        command = [*KIOSK, "demo", "--folder", str(self.folder), "--port", str(self.port), *map(str, self.recipes)]
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | environment, start_new_session=True
            )
        until = time.monotonic() + UP_SECONDS
        while "Ctrl-C stops everything" not in self.printed():
            assert self._child.poll() is None, self.printed()
            assert time.monotonic() < until, self.printed()
            time.sleep(0.05)
        return self.printed()

    def printed(self) -> str:
        """Return what it has printed so far."""
        return self._log.read_text() if self._log.exists() else ""

    def password(self) -> str:
        """Return the operator's one-time password that it printed."""
        match = re.search(r"one-time password: (\S+)", self.printed())
        assert match
        return match[1]

    def newest_head(self, pack: str) -> Head:
        """Return the head of the newest version of a pack in the repository."""
        found = [heads.parse(path.read_bytes()) for path in self.repository.glob(f"targets/*/*.{pack}.json")]
        return max(found, key=lambda head: head.version)

    def children(self) -> list[psutil.Process]:
        """Return all processes it started."""
        assert self._child
        return psutil.Process(self._child.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process:
        """Return the process that has `word` among its arguments."""
        return next(each for each in self.children() if word in each.cmdline())

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """Press Ctrl-C (or send another signal) and return the exit code."""
        assert self._child
        if self._child.poll() is None:
            self._child.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """Kill it outright (SIGKILL), and nothing that it started."""
        assert self._child
        self._child.kill()
        self._child.wait(30)

    def wait(self) -> int:
        """Return the exit code when it has ended."""
        assert self._child
        return self._child.wait(30)
