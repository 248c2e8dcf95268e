"""The one command: `python -m tests.benchmarks.updates` (or `make bench-updates`)."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import click

from tests.benchmarks.updates.floors import floors, whole
from tests.benchmarks.updates.measure import ToolFailed, tree_bytes
from tests.benchmarks.updates.ours import ours
from tests.benchmarks.updates.peers import PEERS
from tests.benchmarks.updates.results import Measured, as_values, criteria, table
from tests.benchmarks.updates.series import SERIES
from tests.benchmarks.updates.trees import Series, changed_files, chosen

CACHE = Path("build/benchmarks/updates")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(SERIES)))
@click.option("--json", "json_", is_flag=True, help="Print the results as JSON.")
@click.option("--peers/--no-peers", default=True, help="Measure the peers and the floor too.")
@click.option("--ours/--no-ours", "ours_", default=True, help="Measure the kiosk.")
def main(names: tuple[str, ...], json_: bool, peers: bool, ours_: bool) -> None:
    """Measure what an update costs on the series NAMES (all, if none is named), beside the peers."""
    found = []
    for series in chosen(SERIES, names, CACHE, _tell):
        found.append(_measure(series, peers, ours_))
        if not json_:
            click.echo(table(found[-1:]))
    if json_:
        click.echo(json.dumps(as_values(found), indent=1))
    missed = [f"{each.name}: {one.told}" for each in found for one in criteria(each) if not one.passed]
    if not json_:
        click.echo(f"\n{len(missed)} criteria missed" + "".join(f"\n  {line}" for line in missed))
    sys.exit(1 if missed else 0)


def _measure(series: Series, peers: bool, ours_: bool) -> Measured:
    work = CACHE.resolve() / "work" / f"{series.name}-{os.getpid()}"
    work.mkdir(parents=True)
    found = Measured(series.name, series.told, tree_bytes(series.new), changed_files(series))
    if peers:
        for name in PEERS:
            _peer(name, series, work, found)
        _tell(f"{series.name}: the floor")
        found.floors = floors(series, work)
    _tell(f"{series.name}: tar | zstd -19")
    found.solid_bytes = whole(series.new, work)
    if ours_:
        found.ours = ours(series, work, lambda step: _tell(f"{series.name}: {step}"))
    shutil.rmtree(work)
    return found


def _peer(name: str, series: Series, work: Path, found: Measured) -> None:
    _tell(f"{series.name}: {name}")
    scratch = work / "peer"
    scratch.mkdir()
    try:
        found.peers[name] = PEERS[name](series, scratch)
    except ToolFailed as error:
        found.failed[name] = str(error)
    shutil.rmtree(scratch)


def _tell(step: str) -> None:
    click.echo(f"… {step}", err=True)


if __name__ == "__main__":
    main()
