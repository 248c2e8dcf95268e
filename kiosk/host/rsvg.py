"""librsvg (Debian's librsvg2-bin), which makes a PDF of drawings: letters of every script are joined and ordered as
they are written, in the fonts of this machine, and stay letters.

True always: a run has an end, in time, in memory and in what it writes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kiosk.errors import HostError
from kiosk.host import bounded
from kiosk.host.bounded import Limits

PROGRAM = "rsvg-convert"
LIMITS = Limits(cpu_seconds=40, wall_seconds=120, memory_bytes=512_000_000, output_bytes=50_000_000)


def is_installed() -> bool:
    """Tell whether librsvg's program is on this machine."""
    return shutil.which(PROGRAM) is not None


def pdf(pages: Sequence[str]) -> bytes:
    """Return a PDF with a page for each SVG, as large as the SVG says.

    Raises:
        HostError: librsvg is not installed, or did not come to its end.
    """
    if not is_installed():
        raise HostError("librsvg is not installed", "apt-get install librsvg2-bin")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number:04}.svg" for number in range(len(pages))]
        for file, page in zip(files, pages, strict=True):
            file.write_text(page, "utf-8")
        code, made = bounded.run((PROGRAM, "--format", "pdf", *files), LIMITS)
    if code or not made.startswith(b"%PDF"):
        raise HostError("librsvg could not make the PDF")
    return made
