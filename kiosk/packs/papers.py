"""What a paper is, told by its bytes: its type, and what can be read in it.

Owns: which types of papers there are. Pure. True always: a type is told by the content, never by a name; what a browser
would run, such as HTML, is no paper.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

ENDINGS = {
    "application/pdf": "pdf",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "image/jpeg": "jpg",
    "image/png": "png",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
    "text/plain": "txt",
}
"""The types of papers, each with the ending that phones know it by."""
OFFICE = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
HEAD_BYTES = 4096
MOST_DIRECTORY_BYTES = 1_000_000
"""The largest table of contents of a ZIP that is read: of some ten thousand files."""
END = b"PK\x05\x06"
MARKUP = re.compile(rb"\s*<(?:!doctype|html|head|body|script|svg|\?xml|!--|iframe)", re.IGNORECASE)
CONTROL = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1a\x1b")
PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Reading:
    """What was read in a paper: how many pages (None: not known), its words, and its first page as a small JPEG."""

    pages: int | None = None
    text: str = ""
    picture: bytes = b""


def type_of(file: BinaryIO) -> str | None:
    """Return the media type of a paper, one of `ENDINGS`; None when it is of none of them.

    Args:
        file: the paper, open for reading, seekable.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if b"%PDF-" in head[:1024] and not MARKUP.match(head):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(file)
    return _sound_or_picture(head) or _text_type(file, head)


def _sound_or_picture(head: bytes) -> str | None:
    for start, found in (
        (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"ID3", "audio/mpeg"),
        (b"OggS\x00", "audio/ogg"),
    ):  # fmt: skip
        if head.startswith(start):
            return found
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:11] == b"M4A" else "video/mp4"
    # A frame of MPEG audio, layer 3, that has a bit rate and a sampling rate.
    if (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] & 0xE6 == 0xE2
        and head[2] >> 4 not in (0, 15)
        and head[2] & 12 != 12
    ):
        return "audio/mpeg"
    return None


def _text_type(file: BinaryIO, head: bytes) -> str | None:
    if not head or MARKUP.match(head.removeprefix(codecs.BOM_UTF8)):
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while piece := file.read(PIECE_BYTES):
            if not CONTROL.isdisjoint(piece):
                return None
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return "text/plain"


def _zip_type(file: BinaryIO) -> str | None:
    try:
        with opened_zip(file) as archive:
            names = archive.namelist()
            if names[:1] == ["mimetype"]:
                with archive.open("mimetype") as entry:
                    kind = entry.read(100).decode("ascii", "replace").strip()
                return kind if kind.startswith("application/vnd.oasis.") and kind in ENDINGS else None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return None
    ending = next((OFFICE[name] for name in names if name in OFFICE), None)
    return next((kind for kind, each in ENDINGS.items() if each == ending), None)


def opened_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Open a ZIP whose table of contents is of a size that can be held.

    Raises:
        zipfile.BadZipFile: it is no ZIP, or its table is too long.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(END)
    if at < 0 or int.from_bytes(tail[at + 12 : at + 16], "little") > MOST_DIRECTORY_BYTES:
        raise zipfile.BadZipFile("no table of contents that could be read")
    return zipfile.ZipFile(file)
