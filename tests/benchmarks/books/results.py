"""What was measured on one book, what follows from it, and both as a table.

True always: PASS and FAIL are computed from what was measured in this run; what was not measured is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.books.ours import Ours
from tests.benchmarks.books.peers import Rivals
from tests.benchmarks.books.rightness import Verdict
from tests.benchmarks.updates.peers import Transfer

LEAST_TIMES = {"with index": 25.0, "without": 20.0}
MEDIAN_TIMES = 80.0
MOST_OF_ZIM, MOST_OF_ZIM_FIRST = 0.02, 0.65
MEMORY_BYTES = 100_000_000
SPARE_BYTES = 64_000_000
SLOWER = {"Pi 4": 4.5, "Zero 2 W": 13.5}
"""How many times slower a core is taken to be than one of this machine: the middle of what decision 0023 estimates."""


@dataclass
class Measured:
    """Everything about one book; by form of its ZIM ("with index", "without")."""

    name: str
    told: str
    raw_bytes: int
    entries: int
    zim_bytes: dict[str, int] = field(default_factory=dict)
    rivals: dict[str, Rivals] = field(default_factory=dict)
    oldest_bytes: int = 0
    """Of the ZIM with index that the first install is of."""
    ours: Ours | None = None

    def times(self, form: str) -> float | None:
        """Return how many times the kiosk's bytes the best peer needs."""
        if self.ours is None or form not in self.rivals:
            return None
        found = self.rivals[form]
        return found.bytes[found.best] / self.ours.update.took.total_bytes


def verdicts(found: Measured) -> Iterator[Verdict]:
    """Yield what can be judged of one book."""
    for form, least in LEAST_TIMES.items():
        times = found.times(form)
        if times is not None:
            best = found.rivals[form].best
            yield Verdict(f"best peer ({form})", times >= least, f"{best}, {times:.1f} x ours; at least {least:.0f}")
    if found.ours is not None:
        yield from _own(found, found.ours)
        yield from found.ours.verdicts


def _own(found: Measured, ours: Ours) -> Iterator[Verdict]:
    update, first = ours.update.took.total_bytes, ours.first.took.total_bytes
    whole = found.zim_bytes["with index"]
    share, first_share = update / whole, first / found.oldest_bytes
    yield Verdict("update, of the ZIM", share <= MOST_OF_ZIM, f"{share:.2%}; at most {MOST_OF_ZIM:.0%}")
    told = f"{first_share:.1%}; at most {MOST_OF_ZIM_FIRST:.0%}"
    yield Verdict("first install, of the ZIM", first_share <= MOST_OF_ZIM_FIRST, told)
    if ours.direct is not None:
        hops, each = sum(ours.hops), ", ".join(f"{hop:,}" for hop in ours.hops)
        told = f"{ours.direct:,} B directly, {hops:,} in {len(ours.hops)} hops ({each})"
        yield Verdict("oldest to newest at most the sum of the hops", ours.direct <= hops, told)
    peak = max(each.took.peak_bytes for each in (ours.first, ours.update))
    yield Verdict("memory of the kiosk", peak <= MEMORY_BYTES, f"{peak / 1e6:.1f} MB; at most {MEMORY_BYTES / 1e6:.0f}")
    # An index is made only where the card has room for it, and is none of what a sync needs.
    grown = max(each.grown_bytes for each in ours.alone)
    told = f"{grown / 1e6:.1f} MB; new edition {ours.book_bytes / 1e6:.1f} and 64"
    yield Verdict("room taken while syncing", grown <= ours.book_bytes + SPARE_BYTES, told)


def overall(all_found: Sequence[Measured]) -> Verdict | None:
    """Return the judgement over all books, None if there is nothing to judge."""
    times = [each for found in all_found if (each := found.times("with index")) is not None]
    if not times:
        return None
    median = statistics.median(times)
    told = f"{median:.1f} x ours over {len(times)} pairs; at least {MEDIAN_TIMES:.0f}"
    return Verdict("best peer at the median (with index)", median >= MEDIAN_TIMES, told)


def line(verdict: Verdict) -> str:
    """Return a judgement as text."""
    return f"  {'PASS' if verdict.passed else 'FAIL'} {verdict.what}: {verdict.told}"


def table(found: Measured) -> str:
    """Return everything about one book as text."""
    return "\n".join([*_head(found), *_rivals(found), *_took(found), *map(line, verdicts(found))])


def _head(found: Measured) -> Iterator[str]:
    yield f"\n{found.name}: {found.told}"
    sizes = ", ".join(f"{form} {size:,}" for form, size in found.zim_bytes.items())
    yield f"  {found.entries:,} entries, {found.raw_bytes:,} bytes unpacked; ZIM {sizes}"


def _rivals(found: Measured) -> Iterator[str]:
    for form, rivals in found.rivals.items():
        yield f"  update, ZIM {form:<17}{'bytes':>12}{'of ZIM':>9}{'/ ours':>9}"
        ours = found.ours.update.took.total_bytes if found.ours else 0
        rows = sorted(rivals.bytes.items(), key=lambda row: row[1])
        for name, size in [*rows, *([("kiosk", ours)] if ours else [])]:
            times = f"{size / ours:>8.1f}x" if ours else ""
            yield f"    {name:<27}{size:>12,}{size / found.zim_bytes[form]:>9.2%}{times}"
        for name, why in rivals.refused.items():
            yield f"    {name:<27}not possible: {why}"


def _took(found: Measured) -> Iterator[str]:
    ours = found.ours
    if ours is None:
        return
    parts = ", ".join(f"{kind} {size:,}" for kind, size in sorted(ours.update.parts.items()))
    yield f"  kiosk's update: {parts}, heads of requests and answers {ours.update.took.header_bytes:,}"
    rows: dict[str, Transfer] = {"update": ours.update.took, "first install": ours.first.took, "poll": ours.poll}
    for name, took in rows.items():
        yield f"    {name:<16}{took.total_bytes:>12,} B{took.cpu_seconds:>8.2f} s cpu{took.peak_bytes / 1e6:>8.1f} MB"
    still = ours.poll.cpu_seconds  # what starting the program takes
    first, update = (each.took.cpu_seconds - still for each in ours.alone)
    speeds = {
        "apply the patch": update,
        "first install": first,
        "write all clusters": ours.written.cpu_seconds,
        "index": ours.index.cpu_seconds,
    }
    for name, seconds in speeds.items():
        speed = ours.content_bytes / 1e6 / max(seconds, 0.01)
        slow = ", ".join(f"{kind} {speed / times:.1f}" for kind, times in SLOWER.items())
        yield f"    {name:<18}{speed:>7.1f} MB of content a second of processor here; estimated: {slow}"
    index = f"{ours.index.peak_bytes / 1e6:.0f} MB of memory alone, has {ours.index_bytes:,} bytes"
    grown = max(ours.first.grown_bytes, ours.update.grown_bytes)
    yield f"    the index took {index}, and with it the files grew by {grown / 1e6:.1f} MB at most"
