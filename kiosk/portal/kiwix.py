"""What the library service, kiwix-serve, says of itself: whether it answers, which books it serves, and their covers.

Owns: what the portal asks another process. True always: asking takes no more than a moment and never fails; a library
that does not answer is an ordinary answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote
from xml.etree import ElementTree

from kiosk.config import Site

CATALOGUE = "/catalog/v2/entries?count=-1"
A_BOOK = "/catalog/v2/entries?count=1"
MOST_PAGE_BYTES = 4_000_000
TIMEOUT_SECONDS = 1.0
MOST_CATALOGUE_BYTES = 4_000_000
MOST_COVER_BYTES = 100_000
CONTENT = "/content"
PNG = b"\x89PNG\r\n\x1a\n"
ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(frozen=True)
class OpenBook:
    """A book that the library serves: the path kiwix-serve has it at, its title and language."""

    path: str
    title: str
    language: str

    @property
    def name(self) -> str:
        """What the library calls it in its addresses."""
        return self.path.removeprefix(CONTENT).strip("/")


def open_books(library: Site) -> dict[str, OpenBook] | None:
    """Return the books the library serves, by UUID; None when it does not answer."""
    data = _ask(library, CATALOGUE, MOST_CATALOGUE_BYTES)
    try:
        return None if data is None else read_catalogue(data)
    except ElementTree.ParseError:
        return None


def opens_a_book(library: Site, seconds: float = TIMEOUT_SECONDS) -> bool:
    """Tell whether the library has a book it can open a page of; where there are no books, whether it answers."""
    data = _ask(library, A_BOOK, MOST_CATALOGUE_BYTES, seconds)
    try:
        books = None if data is None else read_catalogue(data)
    except ElementTree.ParseError:
        return False
    if not books:
        return books is not None
    name = next(iter(books.values())).name
    return _ask(library, f"/raw/{quote(name, safe='')}/meta/Title", MOST_PAGE_BYTES, seconds) is not None


def cover(library: Site, name: str) -> bytes | None:
    """Return the small picture (PNG) that a book brings of itself; None when it has none."""
    data = _ask(library, f"/raw/{quote(name, safe='')}/meta/Illustration_48x48@1", MOST_COVER_BYTES)
    return data if data is not None and data.startswith(PNG) else None


def _ask(library: Site, target: str, most_bytes: int, seconds: float = TIMEOUT_SECONDS) -> bytes | None:
    connection = HTTPConnection(library.address, library.port, timeout=seconds)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        data = response.read(most_bytes + 1)
        return data if response.status == 200 and len(data) <= most_bytes else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def read_catalogue(data: bytes) -> dict[str, OpenBook]:
    """Return the books in a catalogue (OPDS).

    The path is taken from the catalogue because it differs between versions: `/NAME` in kiwix-serve 3.3,
    `/content/NAME` in later ones.

    Raises:
        xml.etree.ElementTree.ParseError: this is not XML.
    """
    found = {}
    for entry in ElementTree.fromstring(data).iter(f"{ATOM}entry"):  # noqa: S314 - from our own service
        uuid = entry.findtext(f"{ATOM}id", "").removeprefix("urn:uuid:")
        for link in entry.iter(f"{ATOM}link"):
            path = link.get("href", "")
            if link.get("type") == "text/html" and path.startswith("/"):
                title, language = entry.findtext(f"{ATOM}title", ""), entry.findtext(f"{ATOM}language", "")
                found[uuid] = OpenBook(path, title, language)
    return found
