"""Papers: one source, the same words as PDF and ODT, the same bytes every time, and nothing dropped in silence."""

from __future__ import annotations

import io
import re
import time
import zipfile

import pytest
from pypdf import PdfReader

from kiosk.errors import FormatError
from kiosk.publish import paper, paper_odt, paper_pdf
from kiosk.publish.paper import Blank, Box, Heading, Listing, PageBreak, Paragraph, Run, Table

SOURCE = """\
# Loan agreement

Between ________ (____) and the **cooperative**, *in full*.

## Terms

4. The loan is repaid.
5. Second term:
   - with a point

- [ ] I agree

| Month | Paid |
|---|---|
| 1 | ______ |

---

After “the break” – née Wanjirũ
""".replace("ũ", "u")


def test_every_construct_has_its_place_in_the_tree() -> None:
    blocks = paper.parse(SOURCE).blocks
    assert [type(block) for block in blocks] == [
        Heading, Paragraph, Heading, Listing, Listing, Table, PageBreak, Paragraph,
    ]  # fmt: skip
    first = blocks[1]
    assert isinstance(first, Paragraph)
    assert [piece for piece in first.content if isinstance(piece, Blank)] == [Blank(8), Blank(4)]
    assert Run("cooperative", bold=True) in first.content
    assert Run("in full", italic=True) in first.content
    numbered, ticked = blocks[3], blocks[4]
    assert isinstance(numbered, Listing)
    assert numbered.start == 4
    assert isinstance(numbered.items[1][1], Listing)
    assert isinstance(ticked, Listing)
    assert ticked.items[0][0] == Paragraph((Box(), Run(" I agree")))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("ok\n\n<b>x</b>", "line 3: 'html inline' can not be used"),
        ("<div>\n</div>", "line 1: 'html block'"),
        ("ok\n\n[a](b.html)", "line 3: 'link'"),
        ("![a](b.png)", "line 1: 'image'"),
        ("> quoted", "line 1: 'blockquote'"),
        ("a `b`", "line 1: 'code inline'"),
        ("", "the paper is empty"),
        ("a\n\ue000", "line 2: a sign of a private area"),
    ],
)
def test_what_a_paper_can_not_hold_is_told_with_its_line(source: str, told: str) -> None:
    with pytest.raises(FormatError) as refusal:
        paper.parse(source)
    assert told in refusal.value.message


def test_the_pdf_says_what_the_source_says() -> None:
    data = paper_pdf.render(paper.parse(SOURCE), title="Loan", language="en")
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) == 2
    first, second = (page.extract_text() for page in reader.pages)
    for words in ("Loan agreement", " " * 16, "cooperative", "4.", "with a point", "Month", "1 / 2"):
        assert words in first
    assert "After “the break” – née" in second
    assert reader.metadata is not None
    assert reader.metadata.title == "Loan"
    assert str(reader.root_object["/Lang"]) == "en"


def test_a_sign_the_fonts_lack_is_refused() -> None:
    with pytest.raises(FormatError, match=r"'字' \(U\+5B57\)"):
        paper_pdf.render(paper.parse("a 字"), title="x", language="en")


def test_the_odt_says_what_the_source_says_and_is_a_right_package() -> None:
    data = paper_odt.render(paper.parse(SOURCE), title="Loan", language="en")
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        first = package.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert package.read("mimetype") == b"application/vnd.oasis.opendocument.text"
        content, meta = package.read("content.xml").decode(), package.read("meta.xml").decode()
    text = re.sub(r"<[^>]+>", "", content)
    for words in ("Loan agreement", "\u00a0" * 8, "cooperative", "with a point", "\u2610 I agree", "Month", "née"):
        assert words in text
    assert 'text:start-value="4"' in content
    assert 'fo:break-before="page"' in content
    assert "<dc:title>Loan</dc:title>" in meta


def test_the_same_source_gives_the_same_bytes() -> None:
    def both() -> list[bytes]:
        return [module.render(paper.parse(SOURCE), title="x", language="en") for module in (paper_pdf, paper_odt)]

    before = both()
    time.sleep(1.1)  # dates in PDF and ODT have whole seconds
    assert both() == before
