"""The indexes of a generation's books, made before it is served.

True always: a sync never fails for a book: one that is broken, or for whose index the card has no room, is served
without, and the search says so; the next sync goes on. The work is a process of its own, so that it has an end in
memory whatever the book is, and the card and the processor serve all else first.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from kiosk.host import bounded
from kiosk.host.bounded import Limits
from kiosk.store import book_index, books
from kiosk.store.db import Connection
from kiosk.store.state import State

LIMITS = Limits(cpu_seconds=172_800, wall_seconds=345_600, memory_bytes=500_000_000, output_bytes=1 << 34)
"""Of one book. The memory is that of addresses; what the process really takes is a tenth of it."""
IDLE = ("ionice", "--class", "idle", "--ignore")


def build(state: State, conn: Connection, generation: int, spare_bytes: int) -> None:
    """Index the books of a generation that have no index yet; `spare_bytes` stay free on the card."""
    for book in books.all_of(conn, generation):
        target = book_index.path_of(state, book.sha256)
        if not target.exists():
            file = books.path_of(state, generation, book)
            command: list[str | Path] = [
                *IDLE,
                sys.executable,
                "-m",
                book_index.__name__,
                file,
                target,
                str(spare_bytes),
            ]
            with suppress(OSError):  # no memory for another process
                bounded.run(command, LIMITS)


def prune(state: State, conn: Connection, numbers: list[int]) -> None:
    """Remove the indexes of books that none of these generations has, and what was left of making them."""
    book_index.prune(state, {book.sha256 for number in numbers for book in books.all_of(conn, number)})
