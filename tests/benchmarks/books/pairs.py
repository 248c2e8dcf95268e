"""The books that are measured, by name: each in successive editions, as folders of pages."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from html import escape
from pathlib import Path

from tests.benchmarks.book_search.books import word_place, words, write_words
from tests.benchmarks.updates import series, sources
from tests.benchmarks.updates.trees import Made, Series
from tests.benchmarks.updates.wiki import ADDED, EDITED, REMOVED

SEED = 20261126
GCIDE, GCIDE_FILES = "dict-gcide", "usr/share/dictd"
REDIRECTED = 20
"""One word in so many is also found where it stood before, by a page of which zimwriterfs makes a redirect."""
REDIRECT = '<html><head><title>{title}</title><meta http-equiv="refresh" content="0; url=../{target}"></head></html>'
Word = tuple[int, tuple[str, str]]


def dictionary(cache: Path, prose: Path) -> Series:
    """Return two editions of the dictionary gcide, all its words; new text is from the HTML pages below `prose`."""
    folders = tuple(cache / "series" / "dictionary" / edition for edition in ("v1", "v2"))
    if not folders[1].exists():
        newest = sources.debian_versions(GCIDE, 1)[0]
        first = list(enumerate(words(sources.unpacked(GCIDE, newest, cache) / GCIDE_FILES)))
        fresh, seeded = sources.sentences(prose), random.Random(SEED)
        seeded.shuffle(fresh)
        for folder, found in zip(folders, (first, list(_next(first, seeded, fresh))), strict=True):
            shutil.rmtree(folder, ignore_errors=True)
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            write_words(found, part)
            _write_redirects(found, part / "old")
            part.rename(folder)
    return Series("dictionary", f"{GCIDE}, {EDITED:.0%} of words edited (synthetic, seed {SEED})", folders)


def _next(first: list[Word], seeded: random.Random, fresh: list[str]) -> Iterator[Word]:
    chances = (REMOVED, EDITED, ADDED)
    new = len(first)
    for number, (word, text) in first:
        removed, edited, added = (seeded.random() < chance for chance in chances)
        if added:
            yield new, (f"{word} ({new})", " ".join(fresh.pop() for _ in range(seeded.randint(1, 3))))
            new += 1
        if not removed:
            yield number, (word, _edited(text, seeded, fresh) if edited else text)


def _edited(text: str, seeded: random.Random, fresh: list[str]) -> str:
    if seeded.random() < 0.3:  # something is added
        return f"{text.rstrip()}\n     {fresh.pop()}\n"
    said = text.split(" ")  # a few words are said otherwise
    at = seeded.randrange(len(said))
    said[at : at + seeded.randint(1, 3)] = seeded.choice(fresh).split(" ")[: seeded.randint(1, 4)]
    return " ".join(said)


def _write_redirects(found: list[Word], folder: Path) -> None:
    folder.mkdir()
    for number, (word, _) in found:
        if number % REDIRECTED == 0:
            page = REDIRECT.format(title=escape(f"{word} (old)"), target=word_place(number, word))
            (folder / f"{number}.html").write_text(page)


def _linux_whole(cache: Path) -> Series | None:
    found = sources.debian_series("linux-doc-whole", series.LINUX, series.LINUX_HTML, cache, 2)
    return found and Series(found.name, f"{found.told}, with Sphinx's own search index", found.folders, found.start)


PAIRS: Made = {
    **{name: series.SERIES[name] for name in ("django", "postgresql-doc", "linux-doc", "wiki")},
    "linux-doc-whole": _linux_whole,
    "dictionary": lambda cache: dictionary(cache, series.prose(cache)),
}
