"""Files that the card does not give back any more: found by reading all that is kept, a little at a time.

Owns: the file `unreadable.json`. True always: nothing is changed but that file; what was found stays told until a later
pass over all files has read it. Whether the bytes are the right ones is not asked here: the sync does that.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.store.db import from_text, to_text
from kiosk.store.state import State, write_durably

EVERY = timedelta(days=7)
CHUNK = 1 << 20
DONE = -1
"""The offset of a file that was read to its end."""
MOST = 1000
"""So many files are named; a card that has lost more is told by the first."""
FOLDERS = ("attachments", "backups", "copies", "documents", "notices", "objects", "pictures")


@dataclass(frozen=True)
class Pass:
    """A pass over all files.

    Args:
        path, offset: where it goes on, below the state folder; "" at its beginning, and when it has ended.
        found: files that could not be read in it.
        told: those of the last whole pass.
        ended: when that ended; "" for never.
    """

    path: str = ""
    offset: int = 0
    found: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    ended: str = ""


def files(state: State) -> tuple[str, ...]:
    """Return the files that the card did not give back, in the last whole pass or in this one."""
    read = _read(state)
    return tuple(sorted({*read.told, *read.found}))


def look(state: State, now: datetime, seconds: float) -> None:
    """Go on reading for some seconds; a week after the end of a pass the next begins."""
    at = _read(state)
    if not at.path and at.ended and timedelta() <= now - from_text(at.ended) < EVERY:
        return
    ends = time.monotonic() + seconds
    for path in _after(state.folder, at.path):
        name = str(path.relative_to(state.folder))
        at = at if at.path == name else replace(at, path=name, offset=0)
        if at.offset == DONE:
            continue
        at = _over(path, name, at, ends)
        if time.monotonic() > ends:
            _write(state, at)
            return
    _write(state, Pass(told=at.found, ended=to_text(now)))


def _over(path: Path, name: str, at: Pass, ends: float) -> Pass:
    """Read on in a file until its end, an error, or the time is over."""
    try:
        with path.open("rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # from the card, not from memory
            file.seek(at.offset)
            while file.read(CHUNK):
                if time.monotonic() > ends:
                    return replace(at, offset=file.tell())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # nor in the way of what visitors read
    except (FileNotFoundError, PermissionError):
        pass  # it went meanwhile, or is another account's
    except OSError:
        return replace(at, offset=DONE, found=(*at.found, name)[:MOST])
    return replace(at, offset=DONE)


def _after(folder: Path, name: str) -> Iterator[Path]:
    """Return the files from one on, in an order that stays; never more names at once than a folder has."""
    for top in FOLDERS:
        if name and top < Path(name).parts[0]:
            continue
        yield from _below(folder / top, folder, name)


def _below(folder: Path, root: Path, name: str) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        parts = entry.relative_to(root).parts
        if parts < Path(name).parts[: len(parts)]:
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _below(entry, root, name)
        elif entry.is_file() and not entry.is_symlink():
            yield entry


def _path(state: State) -> Path:
    return state.folder / "unreadable.json"


def _read(state: State) -> Pass:
    try:
        found = json.loads(_path(state).read_text(encoding="utf-8"))
        here, told = (tuple(map(str, found[key])) for key in ("found", "told"))
        return Pass(str(found["path"]), int(found["offset"]), here, told, str(found["ended"]))
    except (OSError, ValueError, TypeError, KeyError):
        return Pass()


def _write(state: State, at: Pass) -> None:
    draft = state.folder / ".unreadable.new"
    with suppress(OSError):  # a card that is full, or can only be read: the next time begins where this one did
        write_durably(draft, json.dumps(asdict(at)).encode())
        draft.replace(_path(state))
