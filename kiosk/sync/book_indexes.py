"""The indexes of a generation's books, made before it is served.

True always: a sync never fails for a book: one that is broken, or for whose index the card has no room, is served
without, and the search says so; the next sync goes on. The work is a process of its own, so that it has an end in
memory whatever the book is, and the card and the processor serve all else first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kiosk.host import bounded
from kiosk.host.bounded import Limits
from kiosk.packs.kinds import BOOK
from kiosk.packs.manifest import Item
from kiosk.store import book_index, books
from kiosk.store.db import Connection
from kiosk.store.state import State
from kiosk.sync import adoption
from kiosk.sync.plan import Step
from kiosk.sync.progress import Work, untold

LIMITS = Limits(cpu_seconds=172_800, wall_seconds=345_600, memory_bytes=500_000_000, output_bytes=1 << 34)
"""Of one book. The memory is that of addresses; what the process really takes is a tenth of it."""
IDLE = ("ionice", "--class", "idle", "--ignore")


ROOM_SHARE = 2
"""How many times the room of its book an index takes, about: 1.6 to 2.5 were measured (docs/decisions/0024)."""


def room_bytes(state: State, steps: Iterable[Step]) -> int:
    """Return about how many bytes the indexes of the books that come with these packs will take on the card.

    Of a pack whose manifest is not here yet, all that it installs counts as books, if it has any.
    """
    return ROOM_SHARE * sum(_book_bytes(state, step) for step in steps)


def _book_bytes(state: State, step: Step) -> int:
    if BOOK not in step.head.kinds:
        return 0
    manifest = step.adoption.manifest if step.adoption else adoption.manifest_of(state, step.head)
    if manifest is None:
        return step.head.installed_bytes
    books = [item for item in manifest.items if item.kind == BOOK]
    return sum(item.installed_bytes for item in books if not book_index.path_of(state, _zim_of(item)).exists())


def _zim_of(item: Item) -> str:
    # The SHA-256 of its file.
    if item.is_laid_out:
        return item.installed_as
    return next((each.entry.sha256 for each in item.media if each.entry.path == item.attributes["file"]), "")


def build(state: State, conn: Connection, generation: int, spare_bytes: int, work: Work = untold) -> None:
    """Index the books of a generation that have no index yet; `spare_bytes` stay free on the card, and `work` is told
    of each.
    """
    todo = [each for each in books.all_of(conn, generation) if not book_index.path_of(state, each.sha256).exists()]
    for number, book in enumerate(todo):
        work(f"making the book '{book.item.title}' searchable", number, len(todo))
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
