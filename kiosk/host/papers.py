"""Reading papers: what the shelf shows of one, and which words the search finds it by.

Owns: from a file to a `Reading`. True always: reading ends, in time and memory, whatever the file is; a paper
that can not be read is read as nothing, which is an ordinary answer.
"""

from __future__ import annotations

import codecs
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.parsers import expat

from kiosk.errors import HostError
from kiosk.host import poppler
from kiosk.packs.papers import ENDINGS, Reading, opened_zip

MOST_TEXT_BYTES = 2_000_000
MOST_XML_BYTES = 20_000_000
"""The most of an office paper's unpacked XML that is looked at."""
PIECE_BYTES = 1 << 16
CONTENT = {
    "odt": "content.xml", "ods": "content.xml", "odp": "content.xml", "docx": "word/document.xml",
    "xlsx": "xl/sharedStrings.xml",
}  # fmt: skip
"""Where the words of an office paper stand."""
ABOUT = {"odt": "meta.xml", "docx": "docProps/app.xml"}
"""Where office papers say how many pages they had when they were last laid out."""
PAGE_COUNT = re.compile(rb'(?:meta:page-count="|<Pages>)(\d{1,5})\b')
BREAKS = frozenset(("p", "h", "br", "line-break", "tab", "table-cell", "si", "tr"))
"""Elements, without their prefix, between whose words there is a space."""
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, NotImplementedError, RuntimeError, EOFError, ValueError, KeyError,
    HostError,
)  # fmt: skip


def read(file: Path, kind: str) -> Reading:
    """Read a paper of a media type.

    Raises:
        HostError: Poppler is not installed, which PDFs need.
        OSError: the file can not be read.
    """
    ending = ENDINGS.get(kind)
    if ending == "pdf":
        if not poppler.is_installed():
            raise HostError("Poppler is not installed: PDFs can not be read", "apt-get install poppler-utils")
        return Reading(poppler.pages(file), poppler.text(file), poppler.picture(file))
    if ending == "txt":
        return Reading(text=_plain(file))
    if ending in CONTENT:
        try:
            return _office(file, ending)
        except UNREADABLE:
            return Reading()
    return Reading()


def _plain(file: Path) -> str:
    with file.open("rb") as opened:
        data = opened.read(MOST_TEXT_BYTES)
    try:  # cut within a sign it is still text
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError:
        return ""


def _office(file: Path, ending: str) -> Reading:
    with file.open("rb") as opened, opened_zip(opened) as archive:
        names = frozenset(archive.namelist())
        words = ""
        if CONTENT[ending] in names:
            with archive.open(CONTENT[ending]) as entry:
                words = _words(entry)
        count = None
        if ABOUT.get(ending) in names:
            with archive.open(ABOUT[ending]) as entry:
                match = PAGE_COUNT.search(entry.read(PIECE_BYTES))
            count = int(match[1]) or None if match else None
    return Reading(count, words)


def _words(file: IO[bytes]) -> str:
    found: list[str] = []
    length = 0

    def start(name: str, _attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] in BREAKS:
            found.append("\n")

    def said(text: str) -> None:
        nonlocal length
        length += len(text)
        found.append(text)

    def refuse(*_about: object) -> None:
        raise ValueError("an office paper declares no entities")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.CharacterDataHandler = said
    parser.EntityDeclHandler = refuse
    for piece in _pieces(file):
        parser.Parse(piece, False)
        if length > MOST_TEXT_BYTES:
            break
    return re.sub(r"\s*\n\s*", "\n", "".join(found)).strip()[:MOST_TEXT_BYTES]


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    left = MOST_XML_BYTES
    while left > 0 and (piece := file.read(min(PIECE_BYTES, left))):
        left -= len(piece)
        yield piece
