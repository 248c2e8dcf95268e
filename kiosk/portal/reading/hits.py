"""What kiwix-serve finds in one book: the question to it, and its answer, read.

Pure. True always: what can not be read is no answer; a hit lies in the book that was asked for, whatever stands in the
answer.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from urllib.parse import unquote, urlencode
from xml.etree import ElementTree

from kiosk.portal import book_search

MOST_TOLD = 220
"""Letters of a page that are shown beside its title."""


@dataclass(frozen=True)
class Hit:
    """A page of a book: its title, its path in the book, and the words around what was found."""

    title: str
    path: str
    words: str


@dataclass(frozen=True)
class Found:
    """How many pages there are, and some of them."""

    count: int
    hits: tuple[Hit, ...]


def target(uuid: str, pattern: str, first: int, most: int) -> str:
    """Return the address at which kiwix-serve answers a question.

    Args:
        uuid: of the book.
        pattern: words as they are in its index.
        first: how many hits to leave out.
        most: how many to tell.
    """
    query = {"pattern": pattern, "books.id": uuid, "format": "xml", "start": first + 1, "pageLength": most}
    return f"/search?{urlencode(query)}"


def read(data: bytes, inside: str) -> Found | None:
    """Read an answer in the form `format=xml`; None when it is not one.

    Args:
        inside: what the addresses of pages in the book begin with.
    """
    try:
        pages, count = book_search.read(data, "")
    except (ElementTree.ParseError, ValueError):
        return None
    hits = []
    for page in pages:
        path = unquote(page.path)
        if path.startswith(inside):
            told = textwrap.shorten(page.text.strip(" ."), MOST_TOLD, placeholder=" …")
            hits.append(Hit(page.title.strip() or path, path.removeprefix(inside), told))
    return Found(count, tuple(hits))
