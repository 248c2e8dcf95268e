"""What an operator asked to have restored: a file and its recovery key, until the restore begins or it is left.

Owns: the folder `asked/`. True always: the key is on the card, readable by the kiosk's own accounts only, no longer
than it takes to look and to agree; whoever takes the order removes it first. The card holds the same data open, so
the key opens nothing there that is not read anyway.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from kiosk.errors import NoSpace, NotFound
from kiosk.store.db import from_text, full_card_told, to_text
from kiosk.store.state import State, sync_folder, write_durably

LONGEST = timedelta(hours=1)
UPLOAD, ORDER = "uploaded.age", "order.json"


@dataclass(frozen=True)
class Asked:
    """Which file, with which key, which operator asks, and when."""

    path: Path
    key: str
    who: str
    at: datetime


def receive(state: State, source: BinaryIO, size_bytes: int, spare_bytes: int) -> Path:
    """Put a file that was uploaded on the card and return its path.

    Raises:
        NoSpace: there is no room.
    """
    with full_card_told():
        folder = _emptied(state)
        if shutil.disk_usage(folder).free - size_bytes < spare_bytes:
            raise NoSpace("there is no room for this file on the card", "make room")
        path = folder / UPLOAD
        with path.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 16)
    return path


def ask(state: State, asked: Asked) -> None:
    """Keep an order."""
    folder = state.folder / "asked"
    if not asked.path.is_relative_to(folder):
        _emptied(state)
    value = {"path": str(asked.path), "key": asked.key, "who": asked.who, "at": to_text(asked.at)}
    write_durably(folder / ORDER, json.dumps(value).encode(), mode=0o640)
    sync_folder(folder)


def asked(state: State, now: datetime) -> Asked:
    """Return the order; one that nobody agreed to for an hour is forgotten.

    Raises:
        NotFound: there is none.
    """
    try:
        value = json.loads((state.folder / "asked" / ORDER).read_text())
        found = Asked(Path(value["path"]), value["key"], value["who"], from_text(value["at"]))
    except (OSError, ValueError, KeyError) as error:
        raise NotFound("nobody asked for a restore") from error
    if abs(now - found.at) > LONGEST:
        forget(state)
        raise NotFound("nobody asked for a restore")
    return found


def take(state: State, now: datetime) -> Asked:
    """Return the order and remove it; what was uploaded stays until `forget`.

    Raises:
        NotFound: there is none.
    """
    found = asked(state, now)
    (state.folder / "asked" / ORDER).unlink()
    return found


def forget(state: State) -> None:
    """Remove the order and what was uploaded."""
    shutil.rmtree(state.folder / "asked", ignore_errors=True)


def _emptied(state: State) -> Path:
    folder = state.folder / "asked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    folder.chmod(0o770)  # the console asks and another account of its group takes the order
    return folder
