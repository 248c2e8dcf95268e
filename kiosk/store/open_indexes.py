"""Indexes of books that stay open from one question to the next: to open one takes as long as to ask it.

Owns: the connections that are idle. True always: they are few, each is of one question at a time, and each is closed
when it was not used for a while, so that a book that is gone soon takes no room on the card.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Timer

from kiosk.store import book_search
from kiosk.store.book_texts import Reader
from kiosk.store.db import Connection

CACHE_KB, OPEN_SECONDS = 256, 1.0
MOST_IDLE, IDLE_SECONDS = 16, 60.0
Identity = tuple[Path, int, int, int]
"""Path, inode, size, and time of change in nanoseconds of a file."""


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """An index that is open: to be asked (store/book_search.py), and the texts of its pages."""

    identity: Identity
    conn: Connection
    texts: Reader


class _Idle:
    # Those that nobody uses now, the one that was used last at the end, each with the time when that was.

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: list[tuple[float, OpenIndex]] = []
        self._timer: Timer | None = None

    def take(self, identity: Identity) -> OpenIndex | None:
        with self._lock:
            for at, (_, index) in enumerate(self._kept):
                if index.identity == identity:
                    return self._kept.pop(at)[1]
        return None

    def give_back(self, index: OpenIndex) -> None:
        with self._lock:
            # More books than are kept are asked one after the other: to close the oldest would close each before
            # its turn comes again.
            if len(self._kept) >= MOST_IDLE:
                index.conn.close()
                return
            self._kept.append((time.monotonic(), index))
            self._wait()

    def close(self, since_seconds: float = 0.0) -> None:
        with self._lock:
            until = time.monotonic() - since_seconds
            for used, index in self._kept:
                if used <= until:
                    index.conn.close()
            self._kept = [(used, index) for used, index in self._kept if used > until]
            self._timer = None
            self._wait()

    def _wait(self) -> None:
        if self._kept and self._timer is None:
            self._timer = Timer(IDLE_SECONDS, self.close, (IDLE_SECONDS,))
            self._timer.daemon = True
            self._timer.start()


_idle = _Idle()


@contextmanager
def opened(index: Path) -> Iterator[OpenIndex | None]:
    """Open an index for the block; gives None where there is none yet.

    Raises:
        StoreError: the card gave it back broken.
    """
    try:
        found = index.stat()
    except FileNotFoundError:
        yield None
        return
    identity = (index, found.st_ino, found.st_size, found.st_mtime_ns)
    taken = _idle.take(identity) or _connected(identity)
    try:
        yield taken
    except BaseException:
        taken.conn.close()
        raise
    _idle.give_back(taken)


def close() -> None:
    """Close those that are idle now."""
    _idle.close()


def _connected(identity: Identity) -> OpenIndex:
    # Whoever has it from here on is the only one, but it is not always the same thread.
    place = f"{identity[0].absolute().as_uri()}?mode=ro&immutable=1"
    conn = sqlite3.connect(place, uri=True, isolation_level=None, check_same_thread=False)
    try:
        with book_search.limited(conn, OPEN_SECONDS):
            conn.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    except BaseException:
        conn.close()
        raise
    return OpenIndex(identity, conn, Reader(conn))
