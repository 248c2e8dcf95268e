"""How a kiosk behaves on links that others pay for: whether it may fetch now, what comes first, when to try again.

True always: pure. Time, chance and what was used are given; every "no" is a `Refusal` with its reason, and the moment
it names is one at which the same question gets a yes, if nothing else changes meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kiosk.store.holds import Hold
from kiosk.store.reasons import Reason, Refusal
from kiosk.store.settings import LinkIs, MeteredRule, Pause, SyncSettings
from kiosk.store.usage import Link, Used

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=4)
"""After a failure the wait begins here, doubles with each further one, and never gets longer than this."""
SMALL_KINDS = frozenset({"notice", "document"})
MOST_STEPS = 8
"""The end of a pause, of a month, of a day and the next open hour: who has gone through them all has a yes."""
MOST_DAYS = 366
GUESSED_SPEED = 12_500
"""Bytes per second (100 kbit/s) where nothing was measured yet."""


def link_of(*, free: bool, says: LinkIs, machine: bool | None) -> Link:
    """Return what a byte over a link costs.

    Args:
        free: whether it is a stick or a neighbour.
        says: what the operator says about the internet link.
        machine: what the machine says: metered, not metered, or None for "not known" (then the budget alone holds).
    """
    if free:
        return Link.FREE
    metered = machine if says is LinkIs.ASK else says is LinkIs.METERED
    return Link.METERED if metered else Link.INTERNET


def may_fetch(
    settings: SyncSettings, used: Used, now: datetime, zone: ZoneInfo, link: Link, size_bytes: int = 1
) -> Refusal | None:
    """Return why `size_bytes` must not be fetched over a link now, or None when they may.

    Args:
        used: what the internet has brought on the local day of `now` and in its month.
        size_bytes: with 0 the question is whether more was fetched than there is a budget for.
    """
    first: Refusal | None = None
    moment = now
    for _ in range(MOST_STEPS):
        found = _refusal(settings, _used_on(used, moment.astimezone(zone).date()), moment, zone, link, size_bytes)
        if found is None:
            return replace(first, again=moment) if first else None
        first = first or found
        if found.again is None:
            break
        moment = found.again
    return replace(first, again=None) if first else None


def _refusal(
    settings: SyncSettings, used: Used, now: datetime, zone: ZoneInfo, link: Link, size_bytes: int
) -> Refusal | None:
    pause = settings.pause
    if pause and _holds(pause, now):
        return Refusal(Reason.PAUSED, pause.until)
    if link is Link.FREE:
        return None
    if link is Link.METERED and settings.metered_rule is MeteredRule.NEVER:
        return Refusal(Reason.METERED_NEVER)
    for reason, limit, spent, again in (
        (Reason.MONTH_SPENT, settings.month_bytes, used.month_bytes, _next_month),
        (Reason.DAY_SPENT, settings.day_bytes, used.day_bytes, _next_day),
    ):
        if limit is not None and spent + size_bytes > limit:
            figures = {"used_bytes": spent, "limit_bytes": limit}
            return Refusal(reason, again(now, zone) if size_bytes <= limit else None, figures)
    hours = settings.hours
    if hours and not hours.has(now.astimezone(zone).hour):
        figures = {"from_hour": hours.start, "to_hour": hours.end}
        return Refusal(Reason.OUTSIDE_HOURS, _next_hour(now, zone, hours.start), figures)
    return None


def _holds(pause: Pause, now: datetime) -> bool:
    # A pause that seems longer than it was made has seen the clock go back: it is over, nobody must wait for years.
    return pause.until is None or now < pause.until <= now + (pause.until - pause.since)


def _used_on(used: Used, day: date) -> Used:
    if day == used.day:
        return used
    same_month = (day.year, day.month) == (used.day.year, used.day.month)
    return Used(day, 0, used.month_bytes if same_month else 0)


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def _next_day(now: datetime, zone: ZoneInfo) -> datetime:
    return _at(now.astimezone(zone).date() + timedelta(days=1), 0, zone)


def _next_month(now: datetime, zone: ZoneInfo) -> datetime:
    local = now.astimezone(zone).date()
    return _at((local.replace(day=1) + timedelta(days=32)).replace(day=1), 0, zone)


def _next_hour(now: datetime, zone: ZoneInfo, hour: int) -> datetime:
    local = now.astimezone(zone).date()
    found = _at(local, hour, zone)
    return found if found > now else _at(local + timedelta(days=1), hour, zone)


def may_take(settings: SyncSettings, link: Link, kinds: Collection[str], size_bytes: int) -> Refusal | None:
    """Return why an update of a pack must not come over this link, or None when it may.

    Args:
        kinds: the kinds of the pack's items.
        size_bytes: what the update takes.
    """
    if link is not Link.METERED or settings.metered_rule is MeteredRule.SAME:
        return None
    if settings.metered_rule is MeteredRule.NEVER:
        return Refusal(Reason.METERED_NEVER)
    if not SMALL_KINDS.issuperset(kinds):
        return Refusal(Reason.METERED_KIND)
    if size_bytes > settings.metered_bytes:
        figures = {"size_bytes": size_bytes, "limit_bytes": settings.metered_bytes}
        return Refusal(Reason.METERED_SIZE, None, figures)
    return None


def wanted(
    offered: Mapping[str, int], installed: Mapping[str, int], chosen: tuple[str, ...] | None, holds: Iterable[Hold]
) -> dict[str, int]:
    """Return pack -> version that a sync should bring the kiosk to.

    Args:
        offered: what the channels offer.
        installed: what is there.
        chosen: the packs the operator wants; None: all that are offered.
        holds: what was gone back from; a hold keeps what is installed until something else than that is offered.
    """
    found = {pack: version for pack, version in offered.items() if chosen is None or pack in chosen}
    for hold in holds:
        if offered.get(hold.pack, 0) != hold.refused or (chosen is not None and hold.pack not in chosen):
            continue
        if hold.pack in installed:
            found[hold.pack] = installed[hold.pack]
        else:
            found.pop(hold.pack, None)
    return found


def lifted(offered: Mapping[str, int], holds: Iterable[Hold]) -> list[str]:
    """Return the packs whose holds are over, since the channels offer something else than what was gone back from."""
    return [hold.pack for hold in holds if offered.get(hold.pack, 0) != hold.refused]


def by_importance(sizes: Mapping[str, int], order: tuple[str, ...]) -> list[str]:
    """Return packs (with the bytes each takes) in the order to fetch them: as the operator said, then the smallest."""
    rank = {pack: place for place, pack in enumerate(order)}
    return sorted(sizes, key=lambda pack: (rank.get(pack, len(rank)), sizes[pack], pack))


@dataclass(frozen=True)
class Room:
    """What a sync needs on the card, in bytes.

    Args:
        old_bytes: what is installed; it stays until the new has served, and is on the card already.
        new_bytes: what will be written beside it.
        parts_bytes: what is fetched for it and, but for media, goes when it is installed.
        spare_bytes: what must stay free.
        free_bytes: what is free now.
    """

    old_bytes: int
    new_bytes: int
    parts_bytes: int
    spare_bytes: int
    free_bytes: int

    @property
    def card_bytes(self) -> int:
        """What is to be written beside what is there."""
        return self.new_bytes + self.parts_bytes

    @property
    def short_bytes(self) -> int:
        """How much is missing; 0 when there is room."""
        return max(0, self.card_bytes + self.spare_bytes - self.free_bytes)


@dataclass(frozen=True)
class History:
    """How the last syncs went: the last that ended well, and the failures since, with the next try that was set."""

    success: datetime | None
    failures: int
    next_try: datetime | None


def next_try(failures: int, now: datetime, chance: float) -> datetime:
    """Return when to try again after `failures` in a row (1 or more).

    Args:
        chance: from 0 to 1, at random: five hundred kiosks that lost the same server must not come back at once.
    """
    wait = min(LONGEST_WAIT, FIRST_WAIT * (1 << min(failures - 1, 20)))
    return now + wait * (0.5 + chance)


def due(settings: SyncSettings, history: History, now: datetime) -> Refusal | None:
    """Return why no sync should begin by itself now, or None when one should. The links are not asked about."""
    pause = settings.pause
    if pause and _holds(pause, now):
        return Refusal(Reason.PAUSED, pause.until)
    # What lies further ahead than it can have been set was set by a clock that has since been put right.
    if history.next_try and now < history.next_try <= now + 1.5 * LONGEST_WAIT:
        return Refusal(Reason.BACKING_OFF, history.next_try, {"failures": history.failures})
    every = timedelta(hours=settings.every_hours)
    if history.success and not history.failures and now - every < history.success <= now:
        return Refusal(Reason.NOT_YET, history.success + every, {"every_hours": settings.every_hours})
    return None


@dataclass(frozen=True)
class Estimate:
    """What fetching takes: seconds on the link, and further days for which the budget makes it wait.

    `days` is None when it would take more than a year.
    """

    seconds: int
    days: int | None


def estimate(settings: SyncSettings, used: Used, size_bytes: int, speed_bytes: int) -> Estimate:
    """Return what fetching `size_bytes` over the internet takes at a speed (bytes per second)."""
    rate = max(1, min(speed_bytes, settings.rate_bytes or speed_bytes))
    left, now = size_bytes, used
    for days in range(MOST_DAYS):
        today = min(_left(settings.day_bytes, now.day_bytes, left), _left(settings.month_bytes, now.month_bytes, left))
        left -= today
        if left <= 0:
            return Estimate(math.ceil(size_bytes / rate), days)
        spent = replace(now, month_bytes=now.month_bytes + today)
        now = _used_on(spent, now.day + timedelta(days=1))
    return Estimate(math.ceil(size_bytes / rate), None)


def _left(limit: int | None, spent: int, wish: int) -> int:
    return wish if limit is None else max(0, min(wish, limit - spent))


class Bucket:
    """A rate, kept by waiting: bytes that came too soon must be waited for. Told the time (seconds), never asks it."""

    BURST_SECONDS = 1.0

    def __init__(self, rate_bytes: int, now: float) -> None:
        self.rate_bytes = rate_bytes
        self._paid_until = now

    def wait(self, size_bytes: int, now: float) -> float:
        """Return the seconds to wait before going on, now that `size_bytes` have arrived."""
        self._paid_until = max(self._paid_until, now - self.BURST_SECONDS) + size_bytes / self.rate_bytes
        return max(0.0, self._paid_until - now)
