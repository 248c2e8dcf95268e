"""The index of one book: a file of its own beside the book, made once and only read from then on.

Owns: the folder `indexes/` of the state; what is in it is named by the SHA-256 of the book and the version of this
form. True always: an index under its name is whole and on the card, for it gets its name last; one that is being made
goes on where it was cut, at the last transaction. Which words stand on which entry is in it, what store/common_words.py
and store/book_texts.py keep of them, and the titles. How it is read: store/book_search.py. Run as a program it makes
one, so that it can be bounded and go behind all else.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from array import array
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from kiosk.errors import FormatError, KioskError, NoSpace
from kiosk.packs.zim_entries import ZimEntry
from kiosk.packs.zim_reader import Zim, ZimContent
from kiosk.store import book_texts, common_words, page_text
from kiosk.store.book_texts import Text
from kiosk.store.db import Connection, full_card_told, transaction
from kiosk.store.search_words import fold, tidy
from kiosk.store.state import State, sync_folder

VERSION = 2
"""Another one makes all indexes anew: raised when their form changes, or what counts as the same word."""
PAGES = ("text/html", "application/xhtml+xml")
CONTENT = ("A", "C")
"""Namespaces of pages: of books before 2021, and of today's."""
MOST_TEXT = 500_000
"""Characters of a page that are indexed."""
MOST_TITLE = 300
BATCH_CHARACTERS, BATCH_ENTRIES = 8_000_000, 20_000
"""A transaction is closed when it holds so much: what a cut costs, and a bound for memory."""
HASH_BYTES = 8 << 20
"""What SQLite gathers before it writes a piece of the index."""
MERGED_PAGES = 500
"""Pages of the index that are written at a time when its pieces are brought together."""
PAGE_BYTES = 8192
"""SQLite's pages: several blocks of texts fill one, where one of 4096 bytes would be left half empty."""
SCHEMA = """\
CREATE TABLE made (pages INTEGER NOT NULL, step TEXT NOT NULL, fault TEXT NOT NULL) STRICT;
INSERT INTO made VALUES (0, 'pages', '');
CREATE TABLE names (place INTEGER PRIMARY KEY, entry INTEGER NOT NULL, page INTEGER NOT NULL, letters INTEGER NOT NULL)
    STRICT;
CREATE VIRTUAL TABLE words USING fts5 (
    title, body, content = '', tokenize = "unicode61 categories 'L* N* Co Mn Mc'"
);
CREATE VIRTUAL TABLE titles USING fts5 (
    title, content = '', columnsize = 0, prefix = '2 3', tokenize = "unicode61 categories 'L* N* Co Mn Mc'"
)
"""
# The row of `words` is the number of the entry in the book; that of `titles` a place in `names`, where the shortest
# titles come first: `entry` has the title, `page` is the page that is meant.


def path_of(state: State, sha256: str) -> Path:
    """Return where the index of the book with this SHA-256 lies when it is whole."""
    return state.indexes / f"{sha256}-{VERSION}"


def is_refused(state: State, sha256: str) -> bool:
    """Tell whether the book with this SHA-256 has no index since it is broken, as far as the card tells."""
    draft = path_of(state, sha256).with_suffix(".part")
    try:
        with closing(sqlite3.connect(f"{draft.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)) as conn:
            return bool(conn.execute("SELECT fault FROM made").fetchone()[0])
    except (sqlite3.Error, TypeError):  # not begun, or at work
        return False


def prune(state: State, wanted: set[str]) -> None:
    """Remove what no book of these SHA-256 needs, and indexes of another version."""
    keep = {path_of(state, sha256).name for sha256 in wanted}
    for path in state.indexes.iterdir():
        if path.name.partition(".")[0] not in keep:
            path.unlink()


def build(book: Path, target: Path, spare_bytes: int = 0) -> None:
    """Make the index of a book, or go on making it; nothing if it is there.

    Args:
        book: the ZIM file.
        target: where the index shall lie.
        spare_bytes: what must stay free on the card.

    Raises:
        NoSpace: the card has not so much; what was made so far stays.
        FormatError: the book is broken; it will not be tried again.
        StoreError: the card can not be read or written.
    """
    if target.exists():
        return
    draft = target.with_name(f"{target.name}.part")
    with full_card_told(), closing(_draft(draft)) as conn, book.open("rb") as file:
        if fault := conn.execute("SELECT fault FROM made").fetchone()[0]:
            raise FormatError(fault)
        try:
            _make(conn, Zim(file, book.name), draft.parent, spare_bytes)
        except FormatError as error:
            with transaction(conn):
                conn.execute("UPDATE made SET fault = ?", (str(error),))
            raise
        _pack(conn, draft, target, spare_bytes)
    draft.unlink()


def _draft(path: Path) -> Connection:
    conn = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        "journal_mode = DELETE",
        "synchronous = FULL",
        "cache_size = -4000",
        "temp_store = MEMORY",
    ):
        conn.execute(f"PRAGMA {pragma}")
    if not conn.execute("PRAGMA user_version").fetchone()[0]:
        with transaction(conn):
            for statement in ";\n".join((SCHEMA, common_words.SCHEMA, book_texts.SCHEMA)).split(";\n"):
                conn.execute(statement)
            conn.execute(f"PRAGMA user_version = {VERSION}")
    for table in ("words", "titles"):
        conn.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('hashsize', {HASH_BYTES})")  # noqa: S608
    return conn


def _pack(conn: Connection, draft: Path, target: Path, spare_bytes: int) -> None:
    # A copy without what merging left free, page after page as they are read.
    if shutil.disk_usage(draft.parent).free < spare_bytes + draft.stat().st_size:
        raise NoSpace("the card is too full to index a book", "make room")
    packed = target.with_name(f"{target.name}.packed")
    packed.unlink(missing_ok=True)
    conn.execute("VACUUM INTO ?", (str(packed),))
    with packed.open("rb") as file:
        os.fsync(file.fileno())
    packed.replace(target)
    sync_folder(target.parent)


def _make(conn: Connection, zim: Zim, folder: Path, spare_bytes: int) -> None:
    if _step(conn) == "pages":
        _add_pages(conn, zim, folder, spare_bytes)
    if _step(conn) == "titles":
        with transaction(conn):
            _add_titles(conn, zim)
            conn.execute("UPDATE made SET step = 'merge'")
    for table in ("words", "titles"):
        _merge(conn, table)
    common_words.add(conn)


def _step(conn: Connection) -> str:
    return str(conn.execute("SELECT step FROM made").fetchone()[0])


def _add_pages(conn: Connection, zim: Zim, folder: Path, spare_bytes: int) -> None:
    done = int(conn.execute("SELECT pages FROM made").fetchone()[0])
    contents = islice(enumerate(zim.by_cluster(), 1), done, None)
    more = True
    while more:
        if shutil.disk_usage(folder).free < spare_bytes + 2 * BATCH_CHARACTERS:
            raise NoSpace("the card is too full to index a book", "make room")
        with transaction(conn):
            more = _add_some(conn, contents, prefixed=zim.has_old_namespaces)


def _add_some(conn: Connection, contents: Iterator[tuple[int, ZimContent]], *, prefixed: bool) -> bool:
    characters, texts = 0, book_texts.Writer(conn)
    for count, (number, content) in enumerate(contents, 1):
        if is_page(content.entry):
            text = _text(content, prefixed=prefixed)
            row = (content.entry.number, fold(text.title), fold(text.body))
            conn.execute("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", row)
            texts.add(content.entry.number, text)
            characters += len(text.body)
        if characters >= BATCH_CHARACTERS or count == BATCH_ENTRIES:
            texts.close()
            conn.execute("UPDATE made SET pages = ?", (number,))
            return True
    texts.close()
    conn.execute("UPDATE made SET step = 'titles'")
    return False


def _text(content: ZimContent, *, prefixed: bool) -> Text:
    entry, page = content.entry, page_text.decoded(content.pieces)
    path = f"{entry.namespace}/{entry.path}" if prefixed else entry.path
    title = tidy(entry.title or page_text.title(page))[:MOST_TITLE]
    return Text(path, title, tidy(page_text.plain(page))[:MOST_TEXT])


def is_page(entry: ZimEntry) -> bool:
    """Tell whether an entry is a page, whose words are found."""
    return entry.namespace in CONTENT and entry.type.partition(";")[0].strip().lower() in PAGES


def _add_titles(conn: Connection, zim: Zim) -> None:
    listed = bytearray(len(zim))
    for number in zim.front():
        listed[number] = True
    by_letters = [array("I") for _ in range(MOST_TITLE)]
    for entry in zim.entries():
        if entry.namespace in CONTENT and (listed[entry.number] or (entry.redirect is not None and entry.title)):
            by_letters[min(len(shown_title(entry)), MOST_TITLE) - 1].append(entry.number)
    place = 0
    for letters, numbers in enumerate(by_letters, 1):
        for number in numbers:
            entry = zim.entry(number)
            if (page := _page_of(zim, entry)) is not None:
                place += 1
                conn.execute("INSERT INTO names VALUES (?, ?, ?, ?)", (place, number, page, letters))
                row = (place, fold(tidy(shown_title(entry)[:MOST_TITLE])))
                conn.execute("INSERT INTO titles (rowid, title) VALUES (?, ?)", row)


def shown_title(entry: ZimEntry) -> str:
    """Return how an entry is called: by its path if it has no title; never ""."""
    return entry.title or entry.path or "/"


def _page_of(zim: Zim, entry: ZimEntry) -> int | None:
    try:
        target = zim.target(entry)
    except FormatError:  # a redirect that leads nowhere; the others lead somewhere
        return None
    return target.number if is_page(target) else None


def _merge(conn: Connection, table: str) -> None:
    # All pieces become one, some pages at a time: a cut costs little, and a search has one piece to look into.
    pages, changes = -MERGED_PAGES, -2
    while conn.total_changes - changes >= 2:
        changes = conn.total_changes
        conn.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (pages,))  # noqa: S608 - our own words
        pages = MERGED_PAGES


def main() -> None:
    """Make the index of the book that is named first, at the place that is named second."""
    book, target, spare_bytes = sys.argv[1:]
    try:
        build(Path(book), Path(target), int(spare_bytes))
    except (KioskError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
