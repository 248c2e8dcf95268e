"""Counts every byte that arrives, keeps the rate, and stops a sync when the budget says so.

True always: a byte is counted before anyone may go on; at most `FLUSH_BYTES` or `FLUSH_SECONDS` of counting is lost
when the power goes; the card sees one write for these, not one for every piece.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from kiosk.clock import Clock
from kiosk.errors import NoSpace
from kiosk.store import manners, reasons, usage
from kiosk.store import settings as stored_settings
from kiosk.store.db import Connection, transaction
from kiosk.store.manners import Bucket
from kiosk.store.reasons import Refusal
from kiosk.store.settings import SyncSettings
from kiosk.store.usage import Link, Used

FLUSH_BYTES, FLUSH_SECONDS = 256 * 1024, 5.0
LINK_SECONDS = 60.0
"""How often the machine is asked about its link."""
LONGEST_GAP = 60.0
"""A silence longer than this (seconds) is not the link's speed: the kiosk was at something else."""


class Costing(Protocol):
    """What the meter must know of a mirror: whether its bytes come over the internet (and may cost)."""

    @property
    def metered(self) -> bool:
        """True for the internet, False for a stick or a neighbour."""
        ...


M = TypeVar("M", bound=Costing)


class Meter:
    """Counts the bytes of one sync; call it with (mirror, bytes) for all that arrives, as it arrives.

    Args:
        conn: the database; written in transactions of the meter's own, so none may be open meanwhile.
        clock, zone: the time, and the zone of days and hours.
        machine_says: whether the machine calls its internet link metered (None: it does not know); asked now and then.
        by_hand: an operator stands there with a stick: a pause does not hold.
        sleep, monotonic: how to wait, and seconds that only rise.
    """

    def __init__(
        self,
        conn: Connection,
        clock: Clock,
        zone: ZoneInfo,
        machine_says: Callable[[], bool | None],
        *,
        by_hand: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conn = conn
        self._clock = clock
        self._zone = zone
        self._machine_says = machine_says
        self._by_hand = by_hand
        self._sleep = sleep
        self._monotonic = monotonic
        self._pending: dict[tuple[datetime, Link], list[int]] = {}
        self._last = self._flushed = monotonic()
        self._ask_machine_at = self._last
        self._machine: bool | None = None
        self._bucket: Bucket | None = None
        self.total_bytes = 0
        self.settings = self._settings()
        self._used = self._used_today()
        self._load()

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(NoSpace):  # the sync's own end is what counts; at most FLUSH_BYTES stay uncounted
            self.flush()

    def __call__(self, mirror: Costing, size_bytes: int) -> None:
        """Count bytes that arrived, and wait as long as the rate asks for.

        Raises:
            BudgetSpent: more has now arrived than the budget has, or a pause or the hours ended it.
        """
        link = self.link(mirror)
        self._count(link, size_bytes)
        if link is not Link.FREE and self._bucket:
            self._sleep(self._bucket.wait(size_bytes, self._monotonic()))
        if refusal := self._ask(link, 0):
            self.flush()
            raise reasons.stop(refusal, self._zone)

    def link(self, mirror: Costing) -> Link:
        """Return what a byte from a mirror costs now."""
        return manners.link_of(free=not mirror.metered, says=self.settings.link, machine=self._machine)

    def refusal(self, mirror: Costing) -> Refusal | None:
        """Return why nothing may be fetched from a mirror now, or None."""
        return self._ask(self.link(mirror), 1)

    def usable(self, mirrors: Iterable[M]) -> list[M]:
        """Return the mirrors that may be asked now, in their order.

        Raises:
            BudgetSpent: there are mirrors, and none may be asked.
        """
        found, refused = [], []
        for mirror in mirrors:
            if refusal := self.refusal(mirror):
                refused.append(refusal)
            else:
                found.append(mirror)
        if refused and not found:
            raise reasons.stop(refused[0], self._zone)
        return found

    def flush(self) -> None:
        """Write down what was counted, and take up what an operator has changed meanwhile."""
        if self._pending:
            with transaction(self._conn):
                for (hour, link), (size_bytes, milliseconds) in self._pending.items():
                    usage.add(self._conn, hour, self._zone, link, size_bytes, milliseconds)
            self._pending.clear()
        self._flushed = self._monotonic()
        self._load()

    def _count(self, link: Link, size_bytes: int) -> None:
        now = self._monotonic()
        waited = min(now - self._last, LONGEST_GAP)
        self._last = now
        hour = self._clock().astimezone(self._zone).replace(minute=0, second=0)
        tally = self._pending.setdefault((hour, link), [0, 0])
        tally[0] += size_bytes
        tally[1] += round(waited * 1000)
        self.total_bytes += size_bytes
        if link is not Link.FREE:
            self._used = replace(
                self._used,
                day_bytes=self._used.day_bytes + size_bytes,
                month_bytes=self._used.month_bytes + size_bytes,
            )
        full = sum(each[0] for each in self._pending.values()) >= FLUSH_BYTES
        if full or now - self._flushed >= FLUSH_SECONDS or self._used.day != hour.date():
            self.flush()

    def _ask(self, link: Link, size_bytes: int) -> Refusal | None:
        return manners.may_fetch(self.settings, self._used, self._clock(), self._zone, link, size_bytes)

    def _load(self) -> None:
        self.settings = self._settings()
        self._used = self._used_today()
        if self._monotonic() >= self._ask_machine_at:
            self._machine = self._machine_says()
            self._ask_machine_at = self._monotonic() + LINK_SECONDS
        rate = self.settings.rate_bytes
        if rate is None:
            self._bucket = None
        elif self._bucket is None or self._bucket.rate_bytes != rate:
            self._bucket = Bucket(rate, self._monotonic())

    def _settings(self) -> SyncSettings:
        found = stored_settings.sync(self._conn)
        return replace(found, pause=None) if self._by_hand else found

    def _used_today(self) -> Used:
        return usage.used(self._conn, self._clock().astimezone(self._zone).date())
