"""Fetching, once, the large files that a recipe leaves where they are: their book's metadata and hashes are needed.

True always: what lies in the cache under its SHA-256 was verified; a cut is gone on from at the byte, as on a kiosk.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import click

from kiosk.cli.output import ProgressLine
from kiosk.errors import MirrorError, TrustError
from kiosk.packs.blobs import Blob
from kiosk.publish.external import External, Fetch
from kiosk.sync.fetch import Fetcher
from kiosk.sync.mirrors import FileMissing, Mirror, file_at
from kiosk.sync.rounds import Source


def default_cache() -> Path:
    """Return where files are kept that recipes leave where they are; the folder may be emptied at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telecenter-kiosk" / "files"


CACHE = click.option("--cache", type=click.Path(file_okay=False, path_type=Path), default=default_cache,
                     help="Where fetched files are kept.  [default: ~/.cache/telecenter-kiosk/files]")  # fmt: skip


def fetcher(cache: Path, line: ProgressLine, pause: Callable[[float], None] = time.sleep) -> Fetch:
    """Return what fetches a file into a cache, unless it is there, with a progress line; `pause` waits for seconds."""

    def fetch(wanted: External) -> Path:
        there = cache / f"{wanted.sha256}.part"
        done = there.stat().st_size if there.is_file() else 0

        def told(_mirror: Mirror, count: int) -> None:
            nonlocal done
            done += count
            line.bytes(min(done, wanted.size_bytes), wanted.size_bytes, wanted.name)

        sources = [Source(*file_at(url)) for url in wanted.urls]
        try:
            return Fetcher([], cache, told, pause=pause).blob(Blob(wanted.sha256, wanted.size_bytes), sources)
        except TrustError as error:
            places = ", ".join(wanted.urls)
            hint = "was the file changed there? Then write its new sha256 and size_bytes, and raise 'version'"
            raise TrustError(f"{places}: its bytes are not those that the recipe names", hint) from error
        except FileMissing as error:
            raise MirrorError(f"{', '.join(wanted.urls)}: there is no such file", "look at the addresses") from error

    return fetch
