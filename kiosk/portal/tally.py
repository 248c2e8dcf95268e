"""Numbers in memory until they are written: once a minute in one transaction, which spares the card.

True always: counting never waits for the card and never fails a page; a power cut loses a minute; what can not be
written is kept for the next time, up to a limit.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing, suppress
from datetime import date
from zoneinfo import ZoneInfo

from kiosk.clock import Now, Timekeeper
from kiosk.errors import KioskError
from kiosk.store import clock, counts, db, sought
from kiosk.store.counts import Counted, Kind
from kiosk.store.state import State

EVERY_SECONDS = 60.0
QUIET_TURNS = 10
"""When only time goes by, so many minutes are written at once."""
MOST_KEPT, MOST_SOUGHT = 5_000, 200


class Tally:
    """What one process has counted and not yet written.

    Args:
        state: where the database is.
        zone: of the village's clocks.
        timekeeper: what the machine says of the time.
        watches: whether it also counts the minutes in which the kiosk is on: one process of several does.
    """

    def __init__(self, state: State, zone: ZoneInfo, timekeeper: Timekeeper, *, watches: bool) -> None:
        self._state, self._zone, self._timekeeper, self._watches = state, zone, timekeeper, watches
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._writing = threading.Lock()
        self._fresh: Counter[tuple[str, str]] = Counter()
        self._sought: set[tuple[str, ...]] = set()
        self._dated: Counter[Counted] = Counter()
        self._turns = 0
        self._tidied: date | None = None

    def count(self, kind: Kind, what: str = "", number: int = 1) -> None:
        """Count something; of any thread."""
        with self._lock:
            if number > 0 and ((kind, what) in self._fresh or len(self._fresh) < MOST_KEPT):
                self._fresh[kind, what] += number

    def missed(self, words: tuple[str, ...]) -> None:
        """Count a search that found nothing, and hold its words until the next writing."""
        self.count(Kind.MISSED)
        with self._lock:
            if len(self._sought) < MOST_SOUGHT and sought.may_be_told(words):
                self._sought.add(words)

    def keep(self) -> None:
        """Write what was counted once a minute from now on, until `end`."""
        threading.Thread(target=self._run, daemon=True, name="tally").start()

    def end(self) -> None:
        """Write for the last time."""
        self._stop.set()
        self.write()

    def minute(self) -> None:
        """Do what is done every minute: note that the kiosk is on, and write if there is something to write."""
        self._turns += 1
        with self._lock:
            quiet = not self._fresh
        self._turn(minutes=1 if self._watches else 0, writes=not quiet or self._turns >= QUIET_TURNS)

    def write(self) -> None:
        """Write all that was counted, under the hour it is now."""
        self._turn(minutes=0, writes=True)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self.minute()

    def _turn(self, *, minutes: int, writes: bool) -> None:
        database = self._state.database
        # What fails is told by the pages; the numbers wait.
        with suppress(KioskError, OSError), self._writing, closing(db.connect(database)) as conn:
            now = clock.now(conn, self._timekeeper())
            span = counts.span_of(now, self._zone)
            if minutes and now.trusted:
                self._dated[Counted(span, Kind.MINUTES, "")] += minutes
            if writes:
                self._write(conn, span, now)

    def _write(self, conn: db.Connection, span: str, now: Now) -> None:
        with self._lock:
            fresh, self._fresh = self._fresh, Counter()
            words, self._sought = self._sought, set()
        for (kind, what), number in fresh.items():
            key = counts.place(span, kind, what)
            if key in self._dated or len(self._dated) < MOST_KEPT:
                self._dated[key] += number
        today = now.at.astimezone(self._zone).date()
        tidy = now.trusted and today != self._tidied
        if not (self._dated or words or tidy):
            return
        with db.transaction(conn):
            counts.add(conn, self._dated)
            for each in words:
                sought.note(conn, self._state.secret(sought.KEY), each, span, today)
            if tidy:
                counts.fold(conn, today)
                sought.prune(conn, today)
        self._dated.clear()
        self._turns = 0
        self._tidied = today if tidy else self._tidied
