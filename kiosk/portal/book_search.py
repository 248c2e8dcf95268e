"""The pages of all books: what their indexes have on a question, and the text that shows it.

Owns: the order of pages of different books. True always: asking takes no longer than it may and never fails: what was
not looked at, or is not indexed yet, is told; what is read of a page for showing it is bounded. Two questions are
answered at a time; others wait for their turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from threading import BoundedSemaphore

from kiosk.errors import FormatError, StoreError
from kiosk.packs.zim_entries import ZimEntry
from kiosk.packs.zim_reader import Zim
from kiosk.portal.translations import distance
from kiosk.store import book_index, book_search, books, open_indexes
from kiosk.store.book_search import Hit, Step
from kiosk.store.book_texts import Text
from kiosk.store.books import Book
from kiosk.store.open_indexes import OpenIndex
from kiosk.store.search import Asked, TooSlow
from kiosk.store.search_words import stems, tidy
from kiosk.store.state import State

AT_ONCE = 2
MOST_FROM = 500
"""How far one may go on in what was found."""
SHOWING_SECONDS = 0.3
"""What the texts of pages may take even where the time for finding them is over."""
_turns = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Page:
    """A page of a book that has the words: its path as kiwix-serve has it, its title, and the text about them in single
    spaces.

    `marks` are the beginnings of words that are marked in both: other forms of a word are what was asked for, too.
    """

    book: Book
    path: str
    title: str
    text: str
    marks: tuple[str, ...]


@dataclass
class Pages:
    """What was found in books; whether there is more, whether all was looked at, whether all books are indexed that can
    be, and whether one is broken, so that it can not.
    """

    found: list[Page] = field(default_factory=list)
    more: bool = False
    whole: bool = True
    indexed: bool = True
    broken: bool = False


class _Open:
    # The books that are open for a question, and the time it may take.

    def __init__(self, state: State, generation: int, seconds: float, files: ExitStack) -> None:
        self._state, self._generation, self._files = state, generation, files
        self._end = time.monotonic() + seconds
        self._indexes: dict[str, OpenIndex | None] = {}
        self._zims: dict[str, Zim] = {}

    @property
    def left_seconds(self) -> float:
        return self._end - time.monotonic()

    def pages(self, book: Book, step: Step, asked: Asked, most: int) -> list[Hit] | None:
        index = self._index(book)
        if index is None:
            return None
        with book_search.limited(index.conn, self.left_seconds):
            return book_search.pages(index.conn, step, asked.words, book.item.language, most)

    def names(self, book: Book, asked: Asked, most: int) -> list[int]:
        index = self._index(book)
        if index is None:
            return []
        with book_search.limited(index.conn, self.left_seconds):
            return book_search.names(index.conn, asked.words, most)

    def text(self, book: Book, page: int) -> Text | None:
        index = self._index(book)
        if index is None:
            return None
        with book_search.limited(index.conn, max(self.left_seconds, SHOWING_SECONDS)):
            return index.texts.text(page)

    def _index(self, book: Book) -> OpenIndex | None:
        if book.sha256 not in self._indexes:
            index = open_indexes.opened(book_index.path_of(self._state, book.sha256))
            self._indexes[book.sha256] = self._files.enter_context(index)
        return self._indexes[book.sha256]

    def is_broken(self, book: Book) -> bool:
        return book_index.is_refused(self._state, book.sha256)

    def zim(self, book: Book) -> Zim:
        if book.sha256 not in self._zims:
            file = self._files.enter_context(books.path_of(self._state, self._generation, book).open("rb"))
            self._zims[book.sha256] = Zim(file, book.file)
        return self._zims[book.sha256]


@contextmanager
def _opened(state: State, generation: int, seconds: float) -> Iterator[_Open | None]:
    started = time.monotonic()
    if not _turns.acquire(timeout=seconds):
        yield None
        return
    try:
        with ExitStack() as files:
            yield _Open(state, generation, started + seconds - time.monotonic(), files)
    finally:
        _turns.release()


def find(
    shelf: Sequence[Book], state: State, asked: Asked, *, limit: int, start: int = 0, seconds: float = 1.0
) -> Pages:
    """Return up to `limit` pages of books that have a question's words, from place `start` on.

    Args:
        shelf: the books to look into, of the generation that is asked.
        state: where they and their indexes are.
        asked: the words; pages in the languages named first come first.
        limit: most pages.
        start: how many pages to leave out.
        seconds: how long it may take in all.
    """
    start, pages = min(start, MOST_FROM), Pages()
    with _opened(state, asked.generation, seconds) as opened:
        if opened is None:
            return Pages(whole=False)
        placed: list[tuple[Book, Hit]] = []
        for _, near in groupby(
            _nearest(shelf, asked.languages), lambda book: distance(book.item.language, asked.languages)
        ):
            placed += _of_language(opened, pages, list(near), asked, start + limit + 1)
            if len(placed) > start + limit or not pages.whole:
                break
        pages.more = len(placed) > start + limit
        pages.found = _read(opened, placed[start : start + limit], asked)
    return pages


def titles(shelf: Sequence[Book], state: State, asked: Asked, *, limit: int, seconds: float) -> list[Page]:
    """Return up to `limit` pages that are called so, without their text, the books in turn; fewer where there was no
    time for all. No more books are asked once so many have some, and no more pages are read than are returned.
    """
    found: list[Page] = []
    with _opened(state, asked.generation, seconds) as opened:
        for book, number in _in_turn(opened, shelf, asked, limit) if opened else ():
            if opened and opened.left_seconds > 0:
                with suppress(StoreError, FormatError, OSError):
                    found.append(_called(opened, book, asked, number))
    return found


def _in_turn(opened: _Open, shelf: Sequence[Book], asked: Asked, limit: int) -> list[tuple[Book, int]]:
    hits: list[tuple[int, Book, int]] = []
    for book in _nearest(shelf, asked.languages):
        if opened.left_seconds <= 0 or sum(turn == 0 for turn, _, _ in hits) >= limit:
            break
        with suppress(StoreError):
            hits += [(turn, book, number) for turn, number in enumerate(opened.names(book, asked, limit))]
    return [(book, number) for _, book, number in sorted(hits, key=lambda hit: hit[0])[:limit]]


def _called(opened: _Open, book: Book, asked: Asked, number: int) -> Page:
    zim = opened.zim(book)
    entry = zim.entry(number)
    return Page(book, _path(zim, entry), tidy(book_index.shown_title(entry)), "", asked.words)


def _nearest(shelf: Sequence[Book], languages: tuple[str, ...]) -> list[Book]:
    return sorted(shelf, key=lambda book: distance(book.item.language, languages))


def _of_language(opened: _Open, pages: Pages, shelf: list[Book], asked: Asked, most: int) -> list[tuple[Book, Hit]]:
    found: dict[tuple[str, int], tuple[Book, Hit]] = {}
    for step in Step:
        if len(found) >= most:
            break
        hits: list[tuple[Book, Hit]] = []
        for book in shelf:
            try:
                if (some := opened.pages(book, step, asked, most)) is not None:
                    hits += [(book, hit) for hit in some]
                elif opened.is_broken(book):
                    pages.broken = True
                else:
                    pages.indexed = False
            except TooSlow:
                pages.whole = False
            except StoreError:  # the card gave it back broken
                pages.indexed = False
        for book, hit in _merged(hits):
            found.setdefault((book.sha256, hit.page), (book, hit))
    return list(found.values())


def _merged(hits: list[tuple[Book, Hit]]) -> list[tuple[Book, Hit]]:
    # How good a page is among those of its own book counts half, and among all half: a word that is rare in one book
    # and on every page of another is worth more in the first, though both may be about it.
    best: dict[str, float] = {}
    for book, hit in hits:
        for name in (book.sha256, ""):
            best[name] = min(best.get(name, 0.0), hit.score)

    def key(placed: tuple[Book, Hit]) -> float:
        book, hit = placed
        own, of_all = best[book.sha256], best[""]
        return -(hit.score / own + hit.score / of_all) if own and of_all else hit.score

    return sorted(hits, key=key)


def _read(opened: _Open, placed: list[tuple[Book, Hit]], asked: Asked) -> list[Page]:
    pages = []
    for book, hit in placed:
        with suppress(StoreError):  # a page that the card gives back broken is not shown
            if text := opened.text(book, hit.page):
                marks = tuple(dict.fromkeys((*asked.words, *stems(asked.words, book.item.language))))
                pages.append(Page(book, text.path, text.title or text.path, text.body, marks))
    return pages


def _path(zim: Zim, entry: ZimEntry) -> str:
    return f"{entry.namespace}/{entry.path}" if zim.has_old_namespaces else entry.path
