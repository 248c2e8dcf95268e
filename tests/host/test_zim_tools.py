"""Building ZIM books with the real zimwriterfs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kiosk.errors import FormatError
from kiosk.host import zim_tools
from kiosk.host.zim_tools import MOST_DESCRIPTION, MOST_TITLE, BookLabels, shortened

COVER = Path(__file__).parents[2] / "content-packs" / "farming-handbook" / "handbook" / "cover.png"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder with one page."""
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "index.html").write_text(
        "<!doctype html><html><head><title>Maize</title></head><body>Maize</body></html>"
    )
    return folder


def labels(*, title: str = "Maize", summary: str = "How it grows.", front: str = "index.html") -> BookLabels:
    return BookLabels("test_maize_en", front, title, summary, "en", "Telecenter Federation")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Maize", "Maize"),
        ("thirty characters, no one more", "thirty characters, no one more"),
        ("From the soil to the store: maize and beans", "From the soil to the store:…"),
        ("စပါးစိုက်ပျိုးခြင်းအတွက်လမ်းညွှန်စာအုပ်ကြီး", "စပါးစိုက်ပျိုးခြင်းအတွက်လမ်းညွှန်စာအုပ်ကြီး"[:29] + "…"),
    ],
)
def test_a_long_text_is_cut_between_words_where_there_are_any(text: str, expected: str) -> None:
    assert shortened(text, 30) == expected


def test_a_book_may_have_a_long_title_and_summary(pages: Path, tmp_path: Path) -> None:
    book = tmp_path / "book.zim"
    zim_tools.write_book(
        pages, COVER, labels(title="Maize " * (MOST_TITLE // 2), summary="grow " * MOST_DESCRIPTION), book
    )
    assert book.read_bytes()[:4] == b"ZIM\x04"


def test_a_refused_book_is_named_with_the_words_of_the_program(pages: Path, tmp_path: Path) -> None:
    shutil.rmtree(pages)
    pages.mkdir()
    with pytest.raises(FormatError, match="test_maize_en: zimwriterfs refused the book:\n"):
        zim_tools.write_book(pages, COVER, labels(), tmp_path / "book.zim")
