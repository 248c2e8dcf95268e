"""What a new edition of a book costs, beside the peers: `python -m tests.benchmarks.books` (or `make bench-books`)."""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from pathlib import Path

import click

from tests.benchmarks.books.ours import ours
from tests.benchmarks.books.pairs import PAIRS
from tests.benchmarks.books.peers import rivals
from tests.benchmarks.books.results import Measured, line, overall, table, verdicts
from tests.benchmarks.books.zims import FORMS, editions, entries
from tests.benchmarks.updates.measure import tree_bytes
from tests.benchmarks.updates.trees import Series, chosen

SOURCES, CACHE = Path("build/benchmarks/updates"), Path("build/benchmarks/books")
INDEXED = "with index"


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(PAIRS)))
@click.option("--peers/--no-peers", default=True, help="Measure the peers too.")
@click.option("--ours/--no-ours", "ours_", default=True, help="Measure the kiosk.")
def main(names: tuple[str, ...], peers: bool, ours_: bool) -> None:
    """Measure the pairs NAMES (all, if none is named); end with 1 if a limit was missed."""
    found = []
    for series in chosen(PAIRS, names, SOURCES, _tell):
        found.append(_measure(series, peers, ours_))
        click.echo(table(found[-1]))
    over_all = overall(found)
    if over_all is not None:
        click.echo(f"\n{line(over_all)}")
    all_verdicts = [*(each for one in found for each in verdicts(one)), *([over_all] if over_all else [])]
    missed = sum(not each.passed for each in all_verdicts)
    click.echo(f"\n{missed} of {len(all_verdicts)} limits missed")
    sys.exit(1 if missed else 0)


def _measure(series: Series, peers: bool, ours_: bool) -> Measured:
    work = CACHE.resolve() / "work" / f"{series.name}-{os.getpid()}"
    forms = {form: editions(series, form, CACHE.resolve()) for form in FORMS}
    indexed = forms[INDEXED]
    found = Measured(series.name, series.told, tree_bytes(series.new), entries(indexed.new))
    found.zim_bytes = {form: pair.new.stat().st_size for form, pair in forms.items()}
    work.mkdir(parents=True)
    found.oldest_bytes = indexed.files[0].stat().st_size
    for form, pair in forms.items() if peers else ():
        scratch = work / form.replace(" ", "-")
        scratch.mkdir()
        found.rivals[form] = rivals(pair, scratch, partial(_tell_of, f"{series.name} {form}"))
        shutil.rmtree(scratch)
    if ours_:
        (work / "ours").mkdir()
        # The kiosk leaves indexes out, so what it fetches is the same for both forms.
        found.ours = ours(indexed, work / "ours", partial(_tell_of, series.name))
    shutil.rmtree(work)
    return found


def _tell_of(what: str, step: str) -> None:
    _tell(f"{what}: {step}")


def _tell(step: str) -> None:
    click.echo(f"… {step}", err=True)


if __name__ == "__main__":
    main()
