"""The progress of what a meter counts, for whoever watches a sync: a terminal, or the console by the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from kiosk.clock import Clock
from kiosk.errors import NoSpace
from kiosk.store import transfers
from kiosk.store.db import Connection, transaction
from kiosk.store.transfers import Step, Transfer
from kiosk.sync.meter import Meter
from kiosk.sync.mirrors import Mirror

Progress = Callable[[int, int, str], None]
"""Told (bytes done, bytes in all, pack) as bytes arrive."""
Work = Callable[[str, int, int], None]
"""Told (what is being done, how much of it is done, how much there is) at what takes long besides fetching."""
TOLD_ENTRIES = 200
"""After how many entries it is told again."""
NOTED_SECONDS = 5.0
"""How often it is written down for the console: a card wears by every write."""


def untold(what: str, done: int, total: int) -> None:
    """Tell nobody."""


class Entries:
    """Counts entries that are read or written towards `total`, and tells `work` now and then."""

    def __init__(self, work: Work, what: str, total: int) -> None:
        self._work, self._what, self._total = work, what, total
        self._done = 0

    def __call__(self, count: int = 1) -> None:
        """Count entries."""
        before, self._done = self._done, self._done + count
        if before // TOLD_ENTRIES < self._done // TOLD_ENTRIES or not before:
            self._work(self._what, min(self._done, self._total), self._total)


class Noted:
    """Writes down for the console how far a sync is, and tells `progress`.

    Args:
        conn: the database, in which no transaction is open when it is told.
        clock: the time.
        progress: who else is told of the bytes, or None.
        monotonic: seconds that only rise.
    """

    def __init__(
        self,
        conn: Connection,
        clock: Clock,
        progress: Progress | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conn, self._clock, self._progress, self._monotonic = conn, clock, progress, monotonic
        self._began = clock()
        self._noted: float | None = None

    def step(self, step: Step, total: int = 0) -> None:
        """Note that another step begins; `total` is what is to be fetched in it."""
        self._began, self._noted = self._clock(), None
        self._note(Transfer(self._began, self._began, step, total_bytes=total))

    def __call__(self, done: int, total: int, pack: str) -> None:
        """Note the bytes that came, now and then."""
        if self._progress:
            self._progress(done, total, pack)
        now = self._monotonic()
        if self._noted is None or now - self._noted >= NOTED_SECONDS:
            self._noted = now
            self._note(Transfer(self._began, self._clock(), Step.FETCH, pack, done, total))

    def end(self) -> None:
        """Note that the sync is over."""
        with suppress(NoSpace), transaction(self._conn):
            transfers.clear(self._conn)

    def _note(self, now: Transfer) -> None:
        with (
            suppress(NoSpace),
            transaction(self._conn),
        ):  # a full card is told where it ends the sync
            transfers.put(self._conn, now)


class Counted:
    """A meter that also tells the progress towards `total` bytes; `what` names the pack that is fetched."""

    def __init__(self, meter: Meter, total: int, progress: Progress) -> None:
        self.what = ""
        self._meter = meter
        self._before = meter.total_bytes
        self._total = total
        self._progress = progress

    def __call__(self, mirror: Mirror, count: int) -> None:
        """Count bytes that arrived from a mirror. Raises what the meter raises."""
        self._meter(mirror, count)
        self._progress(min(self._meter.total_bytes - self._before, self._total), self._total, self.what)
