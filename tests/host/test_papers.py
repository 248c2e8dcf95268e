"""Reading papers with the real Poppler: good ones, broken ones, and those made to do harm."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.errors import HostError
from kiosk.host import papers as reader
from kiosk.host import poppler
from kiosk.packs.papers import Reading
from tests import papers

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read(tmp_path: Path, data: bytes, kind: str) -> Reading:
    path = tmp_path / "paper"
    path.write_bytes(data)
    return reader.read(path, kind)


def test_a_pdf_has_pages_words_and_a_small_picture(tmp_path: Path) -> None:
    reading = read(tmp_path, papers.pdf(3), PDF)
    assert reading.pages == 3
    assert f"{papers.SENTENCE}, page 3" in reading.text
    assert reading.picture.startswith(b"\xff\xd8\xff")
    assert len(reading.picture) < 10_000


def test_a_pdf_that_only_forbids_changes_is_read(tmp_path: Path) -> None:
    assert papers.SENTENCE in read(tmp_path, papers.pdf(locked_with=""), PDF).text


@pytest.mark.parametrize(
    "data",
    [papers.pdf(locked_with="secret"), papers.pdf()[:700], b"%PDF-1.4\n" + bytes(range(256)) * 40, b"", b"no PDF"],
    ids=["locked", "cut", "noise", "empty", "not one"],
)
def test_what_can_not_be_read_is_read_as_nothing(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data, PDF) == Reading()


def test_pages_that_are_only_claimed_do_not_count(tmp_path: Path) -> None:
    assert read(tmp_path, papers.boasting_pdf(10_000), PDF) == Reading()
    reading = read(tmp_path, papers.boasting_pdf(200), PDF)
    assert reading.pages is None
    assert papers.SENTENCE in reading.text
    assert reading.picture


READ_A_BOMB = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from kiosk.host import papers, poppler
poppler.LIMITS = replace(poppler.LIMITS, cpu_seconds=2)
reading = papers.read(Path(sys.argv[1]), "application/pdf")
print(reading.pages, len(reading.picture), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def test_a_pdf_that_unpacks_to_a_gigabyte_ends_within_its_limits(tmp_path: Path) -> None:
    """In a process of its own: what its children took at most is told of all that it ever had."""
    bomb = tmp_path / "bomb"
    bomb.write_bytes(papers.bomb_pdf(1_000_000_000))
    ended = subprocess.run([sys.executable, "-c", READ_A_BOMB, bomb], capture_output=True, text=True, check=True)
    pages, picture_bytes, memory_bytes = map(int, ended.stdout.split())
    assert pages == 1
    assert picture_bytes <= poppler.MOST_PICTURE_BYTES
    assert memory_bytes <= poppler.MEMORY_BYTES * 1.5


def test_a_page_of_any_size_makes_a_small_picture(tmp_path: Path) -> None:
    assert len(read(tmp_path, papers.vast_pdf(), PDF).picture) <= poppler.MOST_PICTURE_BYTES


def test_many_pages(tmp_path: Path) -> None:
    assert read(tmp_path, papers.pdf(600), PDF).pages == 600


def test_without_poppler_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _program: None)
    with pytest.raises(HostError, match="Poppler is not installed"):
        read(tmp_path, papers.pdf(), PDF)


def test_office_papers_have_words(tmp_path: Path) -> None:
    assert read(tmp_path, papers.odt(), papers.ODT) == Reading(2, f"Minutes\n{papers.SENTENCE}")
    assert read(tmp_path, papers.docx(), DOCX) == Reading(7, papers.SENTENCE)
    assert read(tmp_path, papers.xlsx(), XLSX) == Reading(None, f"{papers.SENTENCE}\nsecond")


@pytest.mark.parametrize(
    "data",
    [
        papers.odt()[:90],
        papers.odt("<unclosed>"),
        papers.odt("&many;", before='<!DOCTYPE x [<!ENTITY many "many many">]>'),
        papers.archive({"mimetype": b"x"}),
        b"",
    ],
    ids=["cut", "broken XML", "entities", "no content", "empty"],
)
def test_office_papers_that_can_not_be_read(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data, papers.ODT) == Reading()


def test_an_office_paper_that_unpacks_to_very_much_is_read_in_part(tmp_path: Path) -> None:
    text = read(tmp_path, papers.odt("word " * 5_000_000), papers.ODT).text
    assert 1_900_000 < len(text) <= reader.MOST_TEXT_BYTES
    nested = papers.odt("<text:p>" * 3_000_000)
    assert len(read(tmp_path, nested, papers.ODT).text) <= reader.MOST_TEXT_BYTES


def test_plain_text(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfMa\xc3\xafs", "text/plain").text == "Maïs"
    assert read(tmp_path, b"x" * (reader.MOST_TEXT_BYTES - 1) + "é".encode(), "text/plain").text.startswith("xx")
    assert read(tmp_path, b"Ma\xefs", "text/plain").text == ""


def test_a_picture_is_not_read(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xff\xd8\xff", "image/jpeg") == Reading()
