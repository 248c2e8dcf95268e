"""The full text of all books, by the search of kiwix-serve.

True always: asking takes no longer than it may and never fails: what did not answer is told; what was typed is words to
the library, not its syntax; the addresses that come back are on the library's own origin.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from kiosk.config import Site

MOST_BYTES = 500_000
MOST_START = 10_000
SYNTAX = re.compile(r"[^\w\s'’]+")
"""What is not part of words: to the library's search it would be syntax."""
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


@dataclass(frozen=True)
class Page:
    """A page of a book that has the words: where it is read, the book's title, and a piece of its text."""

    path: str
    title: str
    book: str
    text: str
    language: str


@dataclass(frozen=True)
class Pages:
    """What was found in books; `whole` tells whether all of them answered in time."""

    found: tuple[Page, ...] = ()
    whole: bool = True


def search(library: Site, question: str, languages: Sequence[str], limit: int, start: int, seconds: float) -> Pages:
    """Return up to `limit` pages of books that have all of a question's words, from place `start` on.

    Args:
        library: where it listens.
        question: as it was typed.
        languages: of the books, that whose pages shall come first in front. The library finds the stems of words by the
            language of one book, so books of two languages are never asked together.
        limit: most pages.
        start: how many pages to leave out.
        seconds: how long it may take in all.
    """
    end, found, pattern = time.monotonic() + seconds, list[Page](), as_indexed(question)
    for language in languages if pattern and start <= MOST_START else ():
        query = {
            "pattern": pattern, "format": "xml", "books.filter.lang": language,
            "start": start + 1, "pageLength": limit - len(found),
        }  # fmt: skip
        try:
            pages, total = read(_get(library, f"/search?{urlencode(query)}", end - time.monotonic()), language)
        except (OSError, HTTPException, ElementTree.ParseError, ValueError):
            return Pages(tuple(found), whole=False)
        found += pages[: limit - len(found)]
        start = max(0, start - total)
        if len(found) == limit:
            break
    return Pages(tuple(found))


def as_indexed(question: str) -> str:
    """Return a question as words like those in the index of a book: lower case, without accents and vowel signs.

    The library itself leaves them in the question, in Debian 12, and then finds nothing.
    """
    signs = unicodedata.normalize("NFD", question.lower())
    plain = "".join(sign for sign in signs if not unicodedata.category(sign).startswith("M"))
    return " ".join(SYNTAX.sub(" ", unicodedata.normalize("NFC", plain)).split())


def read(data: bytes, language: str) -> tuple[list[Page], int]:
    """Return the pages in an answer of the library's search (RSS), and how many there are in all.

    Raises:
        xml.etree.ElementTree.ParseError: this is not XML.
        ValueError: it does not say how many there are.
    """
    found, answer = [], ElementTree.fromstring(data)  # noqa: S314 - from our own service
    for each in answer.iter("item"):
        path = quote(each.findtext("link", ""), safe="/%:@!$&'()*+,;=~-._")
        if path.startswith("/") and not path.startswith("//"):
            text = "".join(part for piece in each.iter("description") for part in piece.itertext())
            found.append(Page(path, each.findtext("title", ""), each.findtext("book/title", ""), text, language))
    return found, int(answer.findtext(f"channel/{OPENSEARCH}totalResults", "").replace(",", ""))


def _get(library: Site, address: str, seconds: float) -> bytes:
    if seconds <= 0:
        raise TimeoutError
    connection = HTTPConnection(library.address, library.port, timeout=seconds)
    try:
        connection.request("GET", address)
        response = connection.getresponse()
        data = response.read(MOST_BYTES)
    finally:
        connection.close()
    if response.status != 200:
        raise HTTPException(f"the library answers {response.status}")
    return data
