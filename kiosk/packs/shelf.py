"""The list of books that kiwix-serve reads: `library.xml`.

Source: what kiwix-manage writes and libkiwix reads (library version 20110515). Paths are relative to the file itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

VERSION = "20110515"


@dataclass(frozen=True)
class ShelfBook:
    """A book as the shelf names it; `size_bytes` of its file, `path` relative to library.xml."""

    uuid: str
    path: str
    name: str
    title: str
    summary: str
    language: str
    publisher: str
    size_bytes: int


def to_xml(books: Iterable[ShelfBook]) -> bytes:
    """Return the library.xml that lists the books."""
    library = ElementTree.Element("library", version=VERSION)
    for book in books:
        ElementTree.SubElement(
            library,
            "book",
            id=book.uuid,
            path=book.path,
            name=book.name,
            title=book.title,
            description=book.summary,
            language=book.language,
            publisher=book.publisher,
            size=str(book.size_bytes // 1024),
        )
    ElementTree.indent(library)
    text: bytes = ElementTree.tostring(library, encoding="utf-8", xml_declaration=True)
    return text + b"\n"
