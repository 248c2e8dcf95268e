"""The type of a paper is told by its bytes, and what is no paper is refused."""

from __future__ import annotations

import io
import zipfile

import pytest

from kiosk.packs.papers import ENDINGS, opened_zip, type_of
from tests import papers

ODS = "application/vnd.oasis.opendocument.spreadsheet"
GOOD = {
    "pdf": papers.pdf(),
    "odt": papers.odt(),
    "ods": papers.odt(kind=ODS),
    "docx": papers.docx(),
    "xlsx": papers.xlsx(),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(20),
    "jpg": b"\xff\xd8\xff\xe0" + bytes(20),
    "mp3": b"ID3\x04" + bytes(20),
    "ogg": b"OggS\x00" + bytes(20),
    "m4a": b"\0\0\0\x20ftypM4A " + bytes(20),
    "mp4": b"\0\0\0\x20ftypisom" + bytes(20),
    "txt": "Maïs: 40\n".encode(),
}
BAD = {
    "nothing": b"",
    "html": b"<!DOCTYPE html><script>alert(1)</script>",
    "html after a mark": b"\xef\xbb\xbf <html>",
    "html that names PDF": b"<html><!-- %PDF-1.4 -->",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
    "xml": b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>",
    "program": b"\x7fELF" + bytes(60),
    "windows program": b"MZ\x90\0" + bytes(60),
    "zip": papers.archive({"a.txt": b"a"}),
    "zip cut short": papers.odt()[:60],
    "archive that calls itself HTML": papers.archive({"mimetype": b"text/html", "content.xml": b""}),
    "half text": b"text \xff\xfe\x00",
    "old encoding": "Maïs".encode("latin-1"),
}


@pytest.mark.parametrize("ending", GOOD)
def test_papers_are_known_by_their_bytes(ending: str) -> None:
    kind = type_of(io.BytesIO(GOOD[ending]))
    assert kind is not None
    assert ENDINGS[kind] == ending


def test_mpeg_sound_without_a_label() -> None:
    assert type_of(io.BytesIO(b"\xff\xfb\x90\x64" + bytes(400))) == "audio/mpeg"


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_paper_is_none(name: str) -> None:
    assert type_of(io.BytesIO(BAD[name])) is None


def test_a_sign_that_lies_across_two_pieces_is_text() -> None:
    assert type_of(io.BytesIO(b"x" * ((1 << 20) - 1) + "é".encode())) == "text/plain"


def test_a_table_of_contents_without_end_is_not_read() -> None:
    data = bytearray(papers.archive({"a": b"a"}))
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = (500_000_000).to_bytes(4, "little")
    with pytest.raises(zipfile.BadZipFile):
        opened_zip(io.BytesIO(bytes(data)))
