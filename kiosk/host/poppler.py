"""Poppler (Debian's poppler-utils), which reads PDF: how many pages, which words, and a picture of the first page.

True always: a PDF is a stranger's program for a large reader, so each run has an end: in time, in memory and in what it
may write; whatever it does, the answer is a value or nothing.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = ("pdfinfo", "pdftotext", "pdftoppm")
CPU_SECONDS, WALL_SECONDS = 20, 60
MEMORY_BYTES = 512_000_000
MOST_OUTPUT_BYTES = 8_000_000
MOST_PAGES = 5_000
"""Pages whose words are looked for; more than that are counted, not read."""
PICTURE_PIXELS = 204
"""The longer side of a picture; twice what a page shows, for phones with fine screens."""
MOST_PICTURE_BYTES = 60_000
PAGES = re.compile(rb"^Pages:\s+(\d{1,9})$", re.MULTILINE)
SIZE = re.compile(rb"^Page\s+\d+ size:\s+(?!0 x 0 )\S", re.MULTILINE)
"""What is said of a page that is there; one that is only claimed measures nothing."""
JPEG = b"\xff\xd8\xff"
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def is_installed() -> bool:
    """Tell whether Poppler's programs are on this machine."""
    return all(shutil.which(program) for program in PROGRAMS)


def pages(pdf: Path) -> int | None:
    """Return how many pages a PDF has; None when it can not be read, or lies about them."""
    match = PAGES.search(_run("pdfinfo", pdf))
    count = int(match[1]) if match else 0
    # A file may claim any number: the last one must be there.
    if count and SIZE.search(_run("pdfinfo", "-f", str(count), "-l", str(count), pdf)):
        return count
    return None


def text(pdf: Path) -> str:
    """Return the words of a PDF, "" when there are none or it can not be read."""
    said = _run("pdftotext", "-q", "-enc", "UTF-8", "-nopgbrk", "-l", str(MOST_PAGES), pdf, "-")
    return said.decode("utf-8", "replace")


def picture(pdf: Path) -> bytes:
    """Return the first page as a small JPEG, b"" when it can not be drawn."""
    options = ("-jpegopt", "quality=40,progressive=n,optimize=y", "-scale-to", str(PICTURE_PIXELS), "-singlefile")
    drawn = _run("pdftoppm", "-q", "-jpeg", *options, "-f", "1", "-l", "1", pdf)
    return drawn if drawn.startswith(JPEG) and len(drawn) <= MOST_PICTURE_BYTES else b""


def _run(program: str, *words: str | Path) -> bytes:
    with tempfile.TemporaryFile() as out:  # a file, so that the kernel ends who writes too much
        child = subprocess.Popen(  # noqa: S603 - a fixed program
            [program, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_bound,  # noqa: PLW1509 - plain calls, no locks
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        )
        try:
            code = child.wait(WALL_SECONDS)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        out.seek(0)
        return out.read(MOST_OUTPUT_BYTES) if code in (0, -signal.SIGXFSZ) else b""


def _bound() -> None:
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(10)
    for what, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, MOST_OUTPUT_BYTES), (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))
