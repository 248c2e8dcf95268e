"""What the portal weighs and takes, in a table: a crowd beside one visitor, a full board beside a young one, memory.

make bench-portal
python -m tests.benchmarks.portal --visitors 50 --pages 10
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import psutil

from tests.benchmarks.portal import scene
from tests.benchmarks.portal.visitors import FILM_RATE, Measured, Phone, crowd
from tests.benchmarks.portal.weights import weights
from tests.portal.serving import Served, serving
from tests.web.catalogues import compile_catalogues

VIEWERS = 10
MOST_TAIL, MOST_BOARD, MEMORY_BYTES = 20, 1.5, 80_000_000
BOARD_ROUNDS = 200
LARGE, SMALL = (1_000, 50_000), (20, 100)
"""Threads and posts of a board."""


@click.command()
@click.option("--visitors", default=100, show_default=True, help="Who asks at once.")
@click.option("--pages", default=30, show_default=True, help="Pages that each of them sees.")
def main(visitors: int, pages: int) -> None:
    """Measure the portal under load, and say whether it stays below its limits."""
    compile_catalogues()
    verdicts: list[bool] = []

    def judge(good: bool, what: str) -> None:
        verdicts.append(good)
        click.echo(f"{'PASS' if good else 'FAIL'} {what}")

    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder, "large"), Path(folder, "small")
        configs = [scene.make(large, board_threads=LARGE[0], posts=LARGE[1])]
        configs.append(scene.make(small, board_threads=SMALL[0], posts=SMALL[1]))
        with serving(configs[0], large) as portal, serving(configs[1], small) as young:
            for what, requests, size, good in weights(portal):
                judge(good, f"{what}: {size:,} bytes, {requests} requests")
            _load(portal, visitors, pages, judge)
            _board(portal, young, judge)
            used = psutil.Process(portal.process.pid).memory_info().rss
            judge(used <= MEMORY_BYTES, f"memory after that: {used / 1e6:.1f} MB (at most {MEMORY_BYTES / 1e6:.0f})")
    sys.exit(0 if all(verdicts) else 1)


def _load(portal: Served, visitors: int, pages: int, judge: Callable[[bool, str], None]) -> None:
    first, few, all_of_them = range(200, 201), range(210, 220), range(visitors)
    asyncio.run(crowd(portal.port, first, pages, 0, at_once=False))  # what is loaded at the first asking is loaded
    alone = asyncio.run(crowd(portal.port, few, pages, 1, at_once=False))
    begun = time.monotonic()
    many = asyncio.run(crowd(portal.port, all_of_them, pages, VIEWERS, at_once=True))
    seconds = time.monotonic() - begun
    click.echo(f"{'milliseconds':12} {'1 visitor at a time':>22} {f'{visitors} visitors':>28}")
    click.echo(f"{'':12} {'median':>11}{'p99':>11} {'pages':>6}{'median':>11}{'p99':>11}")
    for kind in ("all", *many.seconds):
        click.echo(_row(kind, _of(alone, kind), _of(many, kind)))
    errors = alone.errors + many.errors
    judge(not errors, f"errors: {len(errors)} {sorted(set(errors))[:3] or ''}")
    tail = _at(many.all(), 99) / statistics.median(many.all())
    judge(tail <= MOST_TAIL, f"p99 is {tail:.1f} times the median of {visitors} at once (at most {MOST_TAIL})")
    pace = many.film_bytes / (many.film_seconds or 1)
    click.echo(
        f"     {len(many.all()) / seconds:.0f} pages a second; a film to {VIEWERS}: {pace / FILM_RATE:.0%} of its pace"
    )


def _of(measured: Measured, kind: str) -> list[float]:
    return measured.all() if kind == "all" else sorted(measured.seconds[kind])


def _at(seconds: list[float], percent: int) -> float:
    return seconds[min(len(seconds) - 1, len(seconds) * percent // 100)]


def _row(kind: str, alone: list[float], many: list[float]) -> str:
    one, crowded = (
        f"{statistics.median(each) * 1000:>11.1f}{_at(each, 99) * 1000:>11.1f}" if each else f"{'-':>11}{'-':>11}"
        for each in (alone, many)
    )
    return f"{kind:12} {one} {len(many):>6}{crowded}"


def _board(portal: Served, young: Served, judge: Callable[[bool, str], None]) -> None:
    for path in ("/board", "/board/in/talk", "/"):
        full, few = asyncio.run(_compared(portal.port, young.port, path))
        what = (
            f"{path} with {LARGE[0]:,} threads and {LARGE[1]:,} posts takes {full / few:.2f} times what it takes with"
        )
        judge(full <= MOST_BOARD * few, f"{what} {SMALL[1]} ({full * 1000:.1f} and {few * 1000:.1f} ms)")


async def _compared(first: int, second: int, path: str) -> tuple[float, float]:
    """Return the median seconds of a page of two portals, asked in turns so that both have the same weather."""
    phones = Phone(first, 9000), Phone(second, 9000)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(BOARD_ROUNDS):
        for phone, found in zip(phones, seconds, strict=True):
            begun = time.monotonic()
            answer = await phone.ask(path)
            found.append(time.monotonic() - begun)
            assert answer.status == 200, (path, answer.status)
    for phone in phones:
        phone.leave()
    return statistics.median(seconds[0]), statistics.median(seconds[1])


if __name__ == "__main__":
    main()
