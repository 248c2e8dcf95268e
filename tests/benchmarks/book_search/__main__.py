"""The search in books beside kiwix-serve's: same books, same questions, in turns, in one run; and the index's cost.

Each reads books in its own form: kiwix-serve as zimwriterfs makes them by itself, with the index that it searches; the
kiosk in clusters of 512 KiB, as it installs them.

python -m tests.benchmarks.book_search                      # some minutes; 120,000 words of a dictionary and manuals
python -m tests.benchmarks.book_search --entries 5000 --questions 50
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import click
import psutil

from kiosk.config import Config
from kiosk.store import book_index, books, db
from kiosk.store.state import State
from tests.benchmarks.book_search import questions
from tests.benchmarks.book_search.books import Shelved, shelf
from tests.benchmarks.book_search.questions import Question
from tests.benchmarks.book_search.rival import Kiwix, served
from tests.benchmarks.updates.measure import run
from tests.portal import bookcase
from tests.portal.conftest import Packer, configuration
from tests.portal.serving import Served, serving
from tests.web.catalogues import compile_catalogues

CACHE = Path("build/benchmarks/book-search")
LEAST_TIMES = 5.0
Act = Callable[[Question], object]


@click.command()
@click.option("--entries", default=120_000, show_default=True, help="Words of the dictionary.")
@click.option("--questions", "count", default=200, show_default=True, help="Questions whose answers are timed.")
@click.option("--cache", default=CACHE, show_default=True, type=click.Path(path_type=Path))
def main(entries: int, count: int, cache: Path) -> None:
    """Measure, print, and end with 1 if a limit was missed."""
    compile_catalogues()
    os.environ.update(bookcase.AS_IN_ITS_UNIT)
    shelved = shelf(cache, entries)
    with tempfile.TemporaryDirectory(dir=cache.resolve()) as name:
        folder = Path(name)
        config = configuration(folder)
        state = _installed(config, shelved)
        for book in shelved:
            _indexed(state, book)
        with served(shelved, folder) as kiwix, serving(config, folder) as portal:
            good = [_judged(state, shelved, kiwix), _timed(state, portal, kiwix, shelved, count)]
    click.echo(f"{sum(book.entries for book in shelved):,} entries in {len(shelved)} books")
    sys.exit(0 if all(good) else 1)


def _installed(config: Config, shelved: list[Shelved]) -> State:
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    for book in shelved:
        bookcase.put(packer, bookcase.bound(book.file), book.language)
    packer.install()
    return state


def _indexed(state: State, shelved: Shelved) -> None:
    with closing(db.connect(state.database)) as conn:
        book = next(each for each in books.all_of(conn, 1) if each.file == shelved.file.name)
    target = book_index.path_of(state, book.sha256)
    took = run([sys.executable, "-m", book_index.__name__, shelved.file, target, "0"])
    content, size = questions.page_bytes(shelved.file), target.stat().st_size
    click.echo(
        f"index of {book.name}: {shelved.entries:,} entries, {content / 1e6:.1f} MB of pages,"
        f" ZIM {book.size_bytes / 1e6:.1f} MB;"
        f" {took.cpu_seconds:.1f} s of processor ({content / 1e6 / took.cpu_seconds:.1f} MB/s),"
        f" {took.seconds:.1f} s, {took.peak_bytes / 1e6:.0f} MB of memory, {size / 1e6:.1f} MB"
    )


def _judged(state: State, shelved: list[Shelved], kiwix: Kiwix) -> bool:
    asked = questions.judged()
    ours, theirs = 0, 0
    for question in asked:
        here = question.place(questions.found(state, question))
        there = question.place(kiwix.found(question.text, question.language, 10))
        ours, theirs = ours + (here > 0), theirs + (there > 0)
        if here != 1 or there != 1:
            click.echo(f"  {question.language} {question.text}: place {here or '-'}, kiwix-serve {there or '-'}")
    good = ours >= theirs
    click.echo(
        f"{_verdict(good=good)} right page in the first ten: {ours} of {len(asked)} questions, kiwix-serve {theirs}"
    )
    return good


def _timed(state: State, portal: Served, kiwix: Kiwix, shelved: list[Shelved], count: int) -> bool:
    english = [book for book in shelved if book.language == "en"]
    asked = questions.made([book.file for book in english], 3 * count)
    rest = psutil.Process(portal.process.pid).memory_info().rss
    click.echo(f"{count} questions over {sum(book.entries for book in english):,} entries, words shown in place:")
    results: tuple[Act, Act] = (
        lambda question: questions.shown(state, question),
        lambda question: kiwix.found(question.text, "en", 10),
    )
    pages: tuple[Act, Act] = (
        lambda question: portal_page(portal, question),
        lambda question: kiwix.page(question.text, "en"),
    )
    # Each is asked what it was not asked before: kiwix-serve remembers a search.
    good = _told("ten results, the kiosk's function and kiwix-serve's /search as XML", results, asked[:count])
    good &= _told(
        "the page of results as visitors get it, both by HTTP (10 and 25 results)", pages, asked[count : 2 * count]
    )
    tens: tuple[Act, Act] = (pages[0], lambda question: kiwix.page(question.text, "en", 10))
    _told("told only: the pages with ten results each", tens, asked[2 * count :], wanted=1)
    floor = _p50([_seconds(lambda _: kiwix.nothing(), question) for question in asked[:count]])
    click.echo(f"an answer of kiwix-serve's without a search takes {floor * 1e3:.1f} ms at the median")
    used = psutil.Process(portal.process.pid).memory_info().rss
    small = used <= kiwix.memory_bytes
    click.echo(
        f"{_verdict(good=small)} memory: the whole portal {rest / 1e6:.0f} MB before and {used / 1e6:.0f} MB after,"
        f" kiwix-serve {kiwix.memory_bytes / 1e6:.0f} MB"
    )
    return good and small


def _told(what: str, acts: tuple[Act, Act], asked: list[Question], wanted: float = LEAST_TIMES) -> bool:
    # In turns, so that what else the machine does meets both; each goes first as often as the other.
    took: tuple[list[float], list[float]] = [], []
    for number, question in enumerate(asked):
        for each in (0, 1) if number % 2 else (1, 0):
            took[each].append(_seconds(acts[each], question))
    (ours, our_tail), (theirs, their_tail) = ((_p50(seconds), _p99(seconds)) for seconds in took)
    click.echo(
        f"  {what}: p50 {ours * 1e3:.1f} and {theirs * 1e3:.1f} ms,"
        f" p99 {our_tail * 1e3:.1f} and {their_tail * 1e3:.1f} ms"
    )
    quick, steady = theirs >= wanted * ours, our_tail <= their_tail
    click.echo(f"  {_verdict(good=quick)} {theirs / ours:.1f} times as fast at the median, {wanted:.0f} wanted")
    click.echo(f"  {_verdict(good=steady)} {their_tail / our_tail:.1f} times as fast at p99, 1 wanted")
    return quick and steady


def _verdict(*, good: bool) -> str:
    return "OK" if good else "missed"


def portal_page(portal: Served, question: Question) -> None:
    """Ask the portal for its page of what is in books, as a phone does."""
    request = Request(f"{portal.url}/search?in=library&q={quote(question.text)}", headers={"Host": "kiosk.test"})
    with urlopen(request, timeout=30) as answer:
        assert b"/content/" in answer.read(), question


def _seconds(act: Act, question: Question) -> float:
    started = time.perf_counter()
    act(question)
    return time.perf_counter() - started


def _p50(seconds: list[float]) -> float:
    return statistics.median(seconds)


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100]


if __name__ == "__main__":
    main()
