"""Reading the papers that packs brought, while their generation is not served yet.

True always: a sync never fails for a paper: one that can not be read is noted as read, with nothing in it; what the
machine could not do (no Poppler, no room) is tried again by the next sync.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from kiosk.errors import KioskError, NoSpace
from kiosk.host import papers
from kiosk.store import facts
from kiosk.store.db import Connection, transaction
from kiosk.store.state import State


def read(state: State, conn: Connection, generation: int, now: datetime) -> None:
    """Read every paper of a generation, and of those added here, in which nothing was read yet."""
    why = ""
    for file, kind, sha256 in _unread(state, conn, generation):
        try:
            reading = papers.read(file, kind)
            with transaction(conn):
                facts.record(conn, state, sha256, reading, now)
        except (KioskError, OSError) as error:
            why = str(error)
    with suppress(NoSpace), transaction(conn):  # on a full card it is noted by the sync that finds room
        if why:
            facts.note_left(conn, why, now)
        else:
            facts.note_done(conn, now)


def read_left(state: State, conn: Connection, generation: int, now: datetime) -> None:
    """Read what the machine could not read before; when nothing was left, nothing is even looked for."""
    if facts.are_left(conn):
        read(state, conn, generation, now)


def _unread(state: State, conn: Connection, generation: int) -> Iterator[tuple[Path, str, str]]:
    for pack, item, language, entry in facts.unread(conn, generation):
        yield state.generations / str(generation) / pack / item / language / entry.path, entry.type, entry.sha256
    for sha256, kind in facts.unread_here(conn):
        yield state.document_path(sha256), kind, sha256
