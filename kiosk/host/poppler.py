"""Poppler (Debian's poppler-utils), which reads PDF: how many pages, which words, and a picture of the first page.

True always: a PDF is a stranger's program for a large reader, so each run has an end: in time, in memory and in what it
may write; whatever it does, the answer is a value or nothing.
"""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

from kiosk.host import bounded
from kiosk.host.bounded import Limits

PROGRAMS = ("pdfinfo", "pdftotext", "pdftoppm")
MEMORY_BYTES = 512_000_000
LIMITS = Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=MEMORY_BYTES, output_bytes=8_000_000)
MOST_PAGES = 5_000
"""Pages whose words are looked for; more than that are counted, not read."""
PICTURE_PIXELS = 204
"""The longer side of a picture; twice what a page shows, for phones with fine screens."""
MOST_PICTURE_BYTES = 60_000
PAGES = re.compile(rb"^Pages:\s+(\d{1,9})$", re.MULTILINE)
SIZE = re.compile(rb"^Page\s+\d+ size:\s+(?!0 x 0 )\S", re.MULTILINE)
"""What is said of a page that is there; one that is only claimed measures nothing."""
JPEG = b"\xff\xd8\xff"


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
    code, said = bounded.run((program, *words), LIMITS)
    return said if code in (0, -signal.SIGXFSZ) else b""
