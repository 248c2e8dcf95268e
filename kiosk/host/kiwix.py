"""kiwix-serve, the real server of ZIM books: found, started, and told when the shelf has changed.

True always: kiwix-serve reads the `library.xml` of the generation that is current; it is told within a second of a
switch (SIGHUP) and needs no restart.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from kiosk.config import Site
from kiosk.errors import HostError
from kiosk.host.processes import start_bound

PROGRAM = "kiwix-serve"
POLL_SECONDS = 0.5
EMPTY = '<?xml version="1.0" encoding="UTF-8"?>\n<library version="20110515"/>\n'


def is_installed() -> bool:
    """Tell whether kiwix-serve is on this machine."""
    return shutil.which(PROGRAM) is not None


def serve(site: Site, current: Path, empty: Path) -> NoReturn:
    """Run kiwix-serve on the current generation until this process is asked to end.

    Args:
        site: where to listen.
        current: the link to the current generation.
        empty: where to write the list of no books that is served while there is no generation.

    Raises:
        HostError: kiwix-serve is missing, or ended by itself.
    """
    if not is_installed():
        raise HostError("kiwix-serve is not installed", "apt-get install kiwix-tools")
    if not empty.exists():  # a card that takes no more writes has it from before
        empty.write_text(EMPTY, encoding="utf-8")
    signal.signal(signal.SIGTERM, _end)
    while True:
        shelf = _shelf(current, empty)
        child = _start(site, shelf)
        try:
            _watch(child, current, shelf, empty)
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            child.wait()


def _shelf(current: Path, empty: Path) -> Path:
    library = current / "library.xml"
    return library if library.exists() else empty


def _start(site: Site, shelf: Path) -> subprocess.Popen[bytes]:
    command = [
        PROGRAM, "--library", "--address", site.address, "--port", str(site.port), "--threads", "2",
        "--nodatealiases", "--nosearchbar", *_forgiving(), str(shelf),
    ]  # fmt: skip
    # One malloc arena keeps its memory at a third under load (measured).
    environment = os.environ | {"MALLOC_ARENA_MAX": "1"}
    return start_bound(command, env=environment)


def _forgiving() -> list[str]:
    """Return the option by which one spoilt book does not keep all others from being read, where there is one."""
    told = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    return ["--skipInvalid"] if "--skipInvalid" in told.stdout + told.stderr else []


def _watch(child: subprocess.Popen[bytes], current: Path, shelf: Path, empty: Path) -> None:
    # Returns when kiwix-serve must be started anew (the first generation has come).
    seen = _target(current)
    while True:
        time.sleep(POLL_SECONDS)
        if (code := child.poll()) is not None:
            raise HostError(f"kiwix-serve ended by itself (exit code {code})", "is its port free?")
        if _shelf(current, empty) != shelf:
            return
        if (target := _target(current)) != seen:
            seen = target
            child.send_signal(signal.SIGHUP)


def _target(current: Path) -> str:
    try:
        return str(current.readlink())
    except OSError:
        return ""


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
