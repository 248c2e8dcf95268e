"""The books that are searched: documentation in four languages and a large dictionary, from Debian's packages.

Built with zimwriterfs, once as others make books, with its own full-text index for kiwix-serve, and once in the form
that the kiosk installs; what was fetched or built stays in a cache.
"""

from __future__ import annotations

import gzip
import io
import itertools
import re
import shutil
import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from kiosk.host import zim_tools
from kiosk.packs import zim
from tests.benchmarks.updates.measure import run
from tests.benchmarks.updates.sources import debian_versions, unpacked

COVER = Path(__file__).parents[3] / "content-packs" / "farming-handbook" / "handbook" / "cover.png"
HANDBOOK = {"en": "en-US", "fr": "fr-FR", "es": "es-ES", "de": "de-DE"}
CLUSTER_BYTES = 512 * 1024
"""The clusters of a book that the kiosk installs; those of others have two to four times as much."""
DIGITS = {sign: n for n, sign in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
"""How dictd writes numbers."""


@dataclass(frozen=True)
class Shelved:
    """A book of the benchmark: its file as a kiosk installs it, its file as others are made, with an index for
    kiwix-serve, what it is called in `questions.tsv`, and its language.
    """

    file: Path
    whole: Path
    name: str
    language: str

    @property
    def uuid(self) -> str:
        """The UUID of the one that kiwix-serve has."""
        return str(uuid.UUID(bytes=self.whole.read_bytes()[8:24]))

    @property
    def size_bytes(self) -> int:
        """How many bytes it has."""
        return self.file.stat().st_size

    @property
    def entries(self) -> int:
        """How many entries it has."""
        with self.file.open("rb") as file:
            return zim.read_header(file, self.file.name).entries


def shelf(cache: Path, entries: int) -> list[Shelved]:
    """Return the books: manuals in four languages, and a dictionary of up to so many words."""
    found = []
    for language, folder in HANDBOOK.items():
        gimp = _package(f"gimp-help-{language}", cache) / f"usr/share/gimp/2.0/help/{language}"
        handbook = _package("debian-handbook", cache) / f"usr/share/doc/debian-handbook/html/{folder}"
        found.append(_bound(cache, "gimp", language, gimp))
        found.append(_bound(cache, "handbook", language, handbook))
    pages = cache / f"words-{entries}"
    if not pages.exists():
        _write_dictionary(_package("dict-gcide", cache) / "usr/share/dictd", pages, entries)
    found.append(_bound(cache, f"words{entries}", "en", pages))
    return found


def _package(name: str, cache: Path) -> Path:
    return unpacked(name, debian_versions(name, 1)[0], cache)


def _bound(cache: Path, name: str, language: str, source: Path) -> Shelved:
    whole = cache / "zim-whole" / f"{name}_{language}.zim"
    installed = cache / "zim-installed" / whole.name
    for file, options in ((whole, ()), (installed, (f"--clusterSize={CLUSTER_BYTES}", "--withoutFTIndex"))):
        bind(source, file, f"{name}_{language}", language, options, "*.html")
    return Shelved(installed, whole, name, language)


def bind(source: Path, file: Path, name: str, language: str, options: Sequence[str | Path], wanted: str = "*") -> None:
    """Make a book of the files of a folder, and a cover, with zimwriterfs; keeps one that is there already.

    Args:
        source: the folder; its index.html is the first page.
        file: the book's, its folder is made.
        name: what the book is called, at most 30 characters.
        language: of the book, in two letters.
        options: further ones of zimwriterfs.
        wanted: pattern of the names of files that belong to it.
    """
    if file.exists():
        return
    pages, made = file.with_suffix(".pages"), file.with_suffix(".made.zim")
    for path in (pages, made):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    pages.mkdir(parents=True)
    for page in source.rglob(wanted):
        if page.is_file():
            target = pages / page.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, target)
    shutil.copyfile(COVER, pages / "cover.png")
    run([
        zim_tools.PROGRAM, *options, "--welcome=index.html", "--illustration=cover.png",
        f"--language={zim_tools.ISO_639_3[language]}", f"--title={name}", "--description=Benchmark",
        "--creator=Debian", "--publisher=Debian", f"--name={name}", pages, made,
    ])  # fmt: skip
    shutil.rmtree(pages)
    made.rename(file)


def _write_dictionary(source: Path, pages: Path, most: int) -> None:
    draft = pages.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    write_words(enumerate(itertools.islice(words(source), most)), draft)
    draft.rename(pages)


def write_words(found: Iterable[tuple[int, tuple[str, str]]], folder: Path) -> None:
    """Write a dictionary as a folder of pages: words with a number each, and what is said of them."""
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<!DOCTYPE html><title>Dictionary</title><h1>Dictionary</h1>")
    for number, (word, text) in found:
        page = folder / word_place(number, word)
        page.parent.mkdir(exist_ok=True)
        page.write_text(
            f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(word)}</title></head>'
            f"<body><h1>{escape(word)}</h1><pre>{escape(text)}</pre></body></html>"
        )


def word_place(number: int, word: str) -> str:
    """Return the path of the page of a word in the folder."""
    name = re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", word).lower()).strip("-")[:40]
    return f"{number % 100:02}/{name or 'word'}-{number}.html"


def words(source: Path) -> Iterator[tuple[str, str]]:
    """Yield the words of a dictionary and what is said of them, from the folder of dictd's files."""
    with gzip.open(source / "gcide.dict.dz") as file:
        data = io.BytesIO(file.read()).getbuffer()
    for line in (source / "gcide.index").read_text("utf-8", "replace").splitlines():
        word, start, size = line.split("\t")[:3]
        if not word.startswith("00-database"):
            at = _number(start)
            yield word, str(data[at : at + _number(size)], "utf-8", "replace")


def _number(text: str) -> int:
    number = 0
    for sign in text:
        number = number * 64 + DIGITS[sign]
    return number
