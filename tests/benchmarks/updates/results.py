"""What was measured on one series, the criteria that follow from it, and both as a table or JSON.

True always: PASS and FAIL are computed from what was measured in this run; a criterion whose parts were not measured is
left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.benchmarks.updates.ours import Ours
from tests.benchmarks.updates.peers import Transfer

PEERS_OVER_OURS, OVER_FLOOR, OVER_DIRECT, OVER_SOLID = 4.0, 1.3, 1.3, 1.03
POLL_BYTES, MEMORY_BYTES = 1024, 120_000_000


@dataclass
class Measured:
    """Everything about one series."""

    name: str
    told: str
    raw_bytes: int
    changed: tuple[int, int]
    """Files that differ, and files in all."""
    peers: dict[str, Transfer] = field(default_factory=dict)
    floors: dict[str, int] = field(default_factory=dict)
    solid_bytes: int = 0
    """`tar | zstd -19 --long=27` of the new version."""
    ours: Ours | None = None
    failed: dict[str, str] = field(default_factory=dict)
    """Peers that could not be measured, and why."""


@dataclass(frozen=True)
class Criterion:
    """One line of the judgement: what was measured against what limit."""

    line: str
    told: str
    value: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return self.value <= self.limit


def criteria(found: Measured) -> Iterator[Criterion]:
    """Yield what can be judged from what was measured."""
    if found.ours is None:
        return
    ours = found.ours
    update = ours.update.total_bytes
    if found.peers:
        best = min(found.peers, key=lambda name: found.peers[name].total_bytes)
        total = found.peers[best].total_bytes
        yield Criterion(
            "1", f"update {update:,} B: at most 1/4 of {best} ({total:,})", update / total, 1 / PEERS_OVER_OURS
        )
    if found.floors:
        best = min(found.floors, key=lambda name: found.floors[name])
        floor = found.floors[best]
        yield Criterion(
            "1", f"update {update:,} B: at most {OVER_FLOOR} x {best} ({floor:,})", update / floor, OVER_FLOOR
        )
    yield Criterion("1", "poll with nothing new, bytes of body", ours.poll.body_bytes, POLL_BYTES)
    if ours.from_oldest and ours.direct:
        old, direct = ours.from_oldest.total_bytes, ours.direct.total_bytes
        yield Criterion("1", f"from the oldest {old:,} B: over a direct patch ({direct:,})", old / direct, OVER_DIRECT)
    first = ours.first.total_bytes
    yield Criterion(
        "2",
        f"first install {first:,} B: over tar|zstd -19 ({found.solid_bytes:,})",
        first / found.solid_bytes,
        OVER_SOLID,
    )
    peak = max(each.peak_bytes for each in (ours.update, ours.first, ours.poll))
    yield Criterion("4", "memory of the largest sync, bytes", peak, MEMORY_BYTES)


def table(all_found: Sequence[Measured]) -> str:
    """Return everything as text, a block a series."""
    return "\n".join(line for found in all_found for line in _block(found))


def _block(found: Measured) -> Iterator[str]:
    changed, files = found.changed
    yield f"\n{found.name}: {found.told}"
    yield f"  {found.raw_bytes:,} bytes in {files:,} files, {changed:,} differ"
    titles = f"{'total':>12}{'body':>12}{'headers':>9}{'requests':>9}{'CPU s':>7}{'peak MB':>8}{'/ ours':>8}"
    yield f"  {'update by':<22}{titles}"
    update = found.ours.update if found.ours else None
    rows = sorted(found.peers.items(), key=lambda row: row[1].total_bytes)
    for name, took in [*rows, *([("kiosk sync", update)] if update else [])]:
        yield f"  {name:<22}{_columns(took)}{_ratio(took.total_bytes, update)}"
    for name, why in found.failed.items():
        yield f"  {name:<22}could not be measured: {why.splitlines()[0][:80]}"
    for name, size in sorted(found.floors.items(), key=lambda row: row[1]):
        yield f"  {f'floor: {name}':<22}{size:>12,}{'':>45}{_ratio(size, update)}"
    if found.ours:
        yield from _own(found.ours)
    if found.solid_bytes:
        yield f"  {'tar | zstd -19':<22}{found.solid_bytes:>12,}"
    for each in criteria(found):
        verdict = "PASS" if each.passed else "FAIL"
        yield f"  {verdict} line {each.line}: {each.told}: {_number(each.value)} (limit {_number(each.limit)})"


def _own(ours: Ours) -> Iterator[str]:
    yield "    of it " + ", ".join(f"{kind} {size:,}" for kind, size in sorted(ours.parts.items()))
    rows = {"kiosk: nothing new": ours.poll, "kiosk: first install": ours.first}
    if ours.from_oldest and ours.direct:
        rows |= {"kiosk: from oldest": ours.from_oldest, "kiosk: oldest, direct": ours.direct}
    for name, took in rows.items():
        yield f"  {name:<22}{_columns(took)}"


def _columns(took: Transfer) -> str:
    size = f"{took.total_bytes:>12,}{took.body_bytes:>12,}{took.header_bytes:>9,}{took.requests:>9,}"
    return f"{size}{took.cpu_seconds:>7.2f}{took.peak_bytes / 1e6:>8.1f}"


def _ratio(size: int, update: Transfer | None) -> str:
    return f"{size / update.total_bytes:>7.2f}x" if update else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3f}"


def as_values(all_found: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return everything as JSON values."""
    return [
        {**asdict(found), "criteria": [{**asdict(each), "passed": each.passed} for each in criteria(found)]}
        for found in all_found
    ]
