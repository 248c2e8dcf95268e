"""What kiwix-serve finds in a book: the question to it, and its answer, read.

Pure. True always: what was typed is words to the search, not its syntax; what can not be read is no answer; a hit
lies in the book that was asked for, whatever stands in the answer.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote, urlencode
from xml.etree import ElementTree

SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
MOST_TOLD = 220
"""Letters of a page that are shown beside its title."""
SYNTAX = re.compile(r"[^\w\s'’]+")
"""What is not part of words: to the search it would be syntax."""


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


def words(typed: str) -> str:
    """Return what was typed as words like those in the index of a book: small letters without accents and vowel signs.

    The search itself leaves them in, in Debian 12, and then finds nothing.
    """
    signs = unicodedata.normalize("NFD", typed.lower())
    plain = "".join(sign for sign in signs if not unicodedata.category(sign).startswith("M"))
    return " ".join(SYNTAX.sub(" ", unicodedata.normalize("NFC", plain)).split())


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
    if DECLARATION.search(data):
        return None
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - from our own service, without entities
        count = int(root.findtext(f".//{SEARCH}totalResults", "").replace(",", ""))
    except (ElementTree.ParseError, ValueError):
        return None
    hits = []
    for item in root.iter("item"):
        path = unquote(item.findtext("link", ""))
        if path.startswith(inside):
            told = " ".join("".join(part for each in item.iter("description") for part in each.itertext()).split())
            told = textwrap.shorten(told.strip(". "), MOST_TOLD, placeholder=" …")
            hits.append(Hit(item.findtext("title", "").strip() or path, path.removeprefix(inside), told))
    return Found(count, tuple(hits))
