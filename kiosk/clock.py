"""The one port to the time, and the rules for what may be believed of it on a machine that has no clock.

Owns: which moment `now` is, and how far a signed moment may move it; all pure, the cases are tabled in
docs/decisions/0007-time-without-a-clock.md. True always: what is *firm* never runs backwards by anything that comes
over a link; a clock that nobody vouches for never gets metadata refused; a single online key moves the time by no more
than `LONE_JUMP` beyond what others have said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

Clock = Callable[[], datetime]
"""Returns the time now, aware, in UTC."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)
"""No kiosk runs this code before it was written."""
SKEW = timedelta(days=1)
"""By how much clocks may differ that are right: a publisher's laptop, a time server."""
LONE_JUMP = timedelta(days=30)
"""How far one role alone may move the time beyond what others have said."""
LONGEST_AWAY = timedelta(days=5 * 365)
"""A machine's clock that is further ahead than this of all that is known is not believed."""


@dataclass(frozen=True)
class Reading:
    """What the machine says.

    Args:
        at: its clock, aware, UTC.
        vouched: somebody vouches for that clock: a time server it is in step with, or the operator who set it.
        built: when the system was put together; no moment before that can be now.
    """

    at: datetime
    vouched: bool
    built: datetime = WRITTEN


Timekeeper = Callable[[], Reading]
"""Returns what the machine says now."""


@dataclass(frozen=True)
class Memory:
    """What a kiosk remembers of the time, over any number of power cuts.

    Args:
        agreed: the latest moment that two roles with different keys, or the root, have signed.
        signed: the latest moment that one role alone has signed, bounded.
        saved: the latest reading of a clock that was believed.
        guess: the latest moment that was taken for now while no clock could be believed; binds nobody.
    """

    agreed: datetime = NEVER
    signed: datetime = NEVER
    saved: datetime = NEVER
    guess: datetime = NEVER


@dataclass(frozen=True)
class Now:
    """The moment to reckon with, and whether it is good enough to refuse what has expired; if not, why."""

    at: datetime
    trusted: bool
    doubt: str = ""


@dataclass(frozen=True)
class Witness:
    """A verified role, when its holders say they signed it, and the ids of the keys that may sign for it."""

    role: str
    issued: datetime
    keys: frozenset[str]


@dataclass(frozen=True)
class Freshness:
    """How new content is: `until` is when the first of the signatures that it stands on runs out."""

    now: Now
    until: datetime

    @property
    def stale_since(self) -> datetime | None:
        """The moment since which there should have been news, or None while all is fresh."""
        return self.until if self.until <= self.now.at else None

    def __str__(self) -> str:
        since = self.stale_since
        told = f"may be stale since {since:%Y-%m-%d}" if since else f"fresh until {self.until:%Y-%m-%d}"
        return f"{told} ({self.now.doubt})" if self.now.doubt else told


def system_clock() -> datetime:
    """Return what the machine believes to be the time (aware, UTC, whole seconds)."""
    return datetime.now(UTC).replace(microsecond=0)


def firm(reading: Reading, memory: Memory) -> datetime:
    """Return the moment that is certainly past."""
    return max(reading.built, memory.agreed, memory.signed, memory.saved)


def judge(reading: Reading, memory: Memory) -> Now:
    """Return the moment to reckon with.

    A clock that is vouched for is believed unless it contradicts what is known: behind what is certainly past, or
    further ahead than a kiosk can have been away. Without one, `now` is the best guess, and only good for warnings.
    """
    past = firm(reading, memory)
    ahead = reading.at > past + LONGEST_AWAY
    if reading.vouched and not ahead and reading.at >= past - SKEW:
        return Now(max(reading.at, past), trusted=True)
    guess = max(past, memory.guess, NEVER if ahead else reading.at)
    if not reading.vouched:
        return Now(guess, trusted=False, doubt="nobody vouches for this machine's clock")
    word = "far ahead of" if ahead else "behind"
    return Now(guess, trusted=False, doubt=f"this machine's clock says {reading.at:%Y-%m-%d}, {word} {past:%Y-%m-%d}")


def saved(memory: Memory, reading: Reading, now: Now) -> Memory:
    """Return the memory after `judge`: what was believed is kept; what was only guessed goes once a clock is there."""
    if now.trusted:
        return replace(memory, saved=max(memory.saved, reading.at), guess=NEVER)
    return replace(memory, guess=now.at)


def learned(memory: Memory, witnesses: Iterable[Witness], reading: Reading, now: Now) -> Memory:
    """Return the memory after signed moments were accepted.

    With a clock that is believed nothing signed moves the time beyond it; without one, two roles that share no key
    may, and the root; a role alone by `LONE_JUMP` beyond those, however often it signs.
    """
    ceiling = reading.at + SKEW if now.trusted else datetime.max.replace(tzinfo=UTC)
    heard = [replace(witness, issued=min(witness.issued, ceiling)) for witness in witnesses]
    pairs = [min(a.issued, b.issued) for a, b in combinations(heard, 2) if not a.keys & b.keys]
    roots = [witness.issued for witness in heard if witness.role == "root"]
    agreed = max([memory.agreed, *pairs, *roots])
    bound = max(reading.built, agreed, memory.saved) + LONE_JUMP
    alone = max([NEVER, *(witness.issued for witness in heard)])
    return replace(memory, agreed=agreed, signed=max(memory.signed, min(alone, bound)))


def disowned(memory: Memory) -> Memory:
    """Return the memory after the root took the online keys away: what they said of the time counts no more."""
    return replace(memory, agreed=NEVER, signed=NEVER)


def set_by_operator(at: datetime) -> Memory:
    """Return the memory after the operator said what the time is: all else is forgotten, signed or not."""
    return Memory(saved=at)
