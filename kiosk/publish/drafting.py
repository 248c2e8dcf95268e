"""One writer at a time in a repository, and a place for its drafts.

True always: the place for drafts goes when the writer ends, and what a power cut left in it goes with the next; it is
hidden, so it is never published; it lies beside the repository's files, so that a draft gets its name by one rename.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk.errors import ConfigError, Conflict

DRAFTS = ".drafts"


@contextmanager
def alone(repository: Path) -> Iterator[None]:
    """Run the block as the only writer of a repository.

    Raises:
        Conflict: another is at it.
        ConfigError: there is no repository.
    """
    try:
        folder = os.open(repository, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(f"{repository}: can not be opened: {error.strerror}", "kiosk repo init") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the folder itself: no file to leave behind
        shutil.rmtree(repository / DRAFTS, ignore_errors=True)
        try:
            yield
        finally:
            shutil.rmtree(repository / DRAFTS, ignore_errors=True)
    except BlockingIOError as error:
        raise Conflict(f"{repository}: another command is writing to it", "wait for it to end") from error
    finally:
        os.close(folder)


def drafts(folder: Path) -> Path:
    """Return the place for drafts in a folder, which is made."""
    place = folder / DRAFTS
    place.mkdir(exist_ok=True)
    return place
