"""A paper as PDF, to print (ISO 32000, through reportlab).

True always: the same paper gives the same bytes, and a sign that the standard fonts lack is refused, not printed as a
black box. The fonts are those every reader has (Times, cp1252): nothing is embedded, so papers stay small.
"""

from __future__ import annotations

import io
from html import escape
from itertools import zip_longest
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, ListFlowable, ListItem, SimpleDocTemplate, Spacer
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from kiosk.errors import FormatError
from kiosk.publish.paper import Blank, Block, Box, Content, Heading, Listing, PageBreak, Paper, Paragraph, Run, Table

MARGIN = 22 * mm
ROW_HEIGHT = 9 * mm
"""Least height of a table's row: there must be room to write by hand."""
BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=15, spaceAfter=6)
BEFORE_TABLE = ParagraphStyle("lead", parent=BODY, keepWithNext=1)
"""What is said right before a table stays with it: signatures alone on a page prove nothing."""
CELL = ParagraphStyle("cell", parent=BODY, fontSize=10, leading=12, spaceAfter=0)
HEADINGS = {
    1: ParagraphStyle("title", parent=BODY, fontName="Times-Bold", fontSize=20, leading=25, spaceAfter=12),
    2: ParagraphStyle(
        "part", parent=BODY, fontName="Times-Bold", fontSize=14, leading=18, spaceBefore=12, keepWithNext=1
    ),
    3: ParagraphStyle(
        "section", parent=BODY, fontName="Times-BoldItalic", fontSize=12, leading=15, spaceBefore=8, keepWithNext=1
    ),
}
TICK_BOX = "[\u00a0\u00a0\u00a0]"
"""Drawn with signs that every font has: a reader that lacks a font of symbols would print something black."""


def render(paper: Paper, *, title: str, language: str) -> bytes:
    """Return the paper as a PDF of A4 pages, with `title` and `language` in its metadata.

    Raises:
        FormatError: a sign that the standard fonts do not have.
    """
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=title, author="", subject="", creator="", producer="Telecenter Kiosk", lang=language, invariant=1,
    )  # fmt: skip
    flow: list[Flowable] = []
    for block, following in zip_longest(paper.blocks, paper.blocks[1:]):
        flow += _flow(block, BEFORE_TABLE if isinstance(following, Table) else BODY)
    document.build(flow, canvasmaker=_NumberedCanvas)
    return target.getvalue()


def _flow(block: Block, style: ParagraphStyle = BODY) -> list[Flowable]:
    if isinstance(block, Heading):
        return [Text(_markup(block.content), HEADINGS[block.level])]
    if isinstance(block, Paragraph):
        return [Text(_markup(block.content), style)]
    if isinstance(block, PageBreak):
        return [NewPage()]
    if isinstance(block, Table):
        return [KeepTogether(_grid(block)), Spacer(1, 8)]
    return [_list(block)]


def _list(listing: Listing) -> ListFlowable:
    items: list[Any] = [ListItem([each for block in item for each in _flow(block)]) for item in listing.items]
    if listing.start is None:
        return ListFlowable(items, bulletType="bullet", bulletFontSize=7, bulletOffsetY=-3, leftIndent=16)
    numbers: dict[str, Any] = {"bulletFontName": BODY.fontName, "bulletFontSize": BODY.fontSize, "bulletFormat": "%s."}
    return ListFlowable(items, bulletType="1", start=listing.start, leftIndent=22, **numbers)


def _grid(table: Table) -> Grid:
    header = [Text(f"<b>{_markup(cell)}</b>", CELL) for cell in table.header]
    rows = [[Text(_markup(cell), CELL) for cell in row] for row in table.rows]
    width = (A4[0] - 2 * MARGIN) / max(1, len(table.header))
    grid = Grid([header, *rows], colWidths=[width] * len(header), minRowHeights=[ROW_HEIGHT] * (len(rows) + 1))
    grid.repeatRows = 1
    grid.setStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ]
    )
    return grid


def _markup(content: Content) -> str:
    return "".join(_piece(piece) for piece in content)


def _piece(piece: Run | Blank | Box) -> str:
    if isinstance(piece, Blank):
        return "<u>" + "\u00a0" * (2 * piece.letters) + "</u>"  # a letter is about as wide as two spaces
    if isinstance(piece, Box):
        return TICK_BOX
    try:
        piece.text.encode("cp1252")
    except UnicodeEncodeError as error:
        sign = piece.text[error.start]
        raise FormatError(
            f"the sign '{sign}' (U+{ord(sign):04X}) is not in the standard fonts", "replace it"
        ) from error
    text = escape(piece.text, quote=False).replace("\n", "<br/>")
    text = f"<i>{text}</i>" if piece.italic else text
    return f"<b>{text}</b>" if piece.bold else text


class _NumberedCanvas(Canvas):
    """Writes "2 / 5" below each page, which is known only when all pages are drawn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._drawn: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._drawn.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]  # the way reportlab's own guide keeps a page

    def save(self) -> None:
        for number, page in enumerate(self._drawn, start=1):
            self.__dict__.update(page)
            self.setFont("Times-Roman", 9)
            self.drawRightString(A4[0] - MARGIN, 12 * mm, f"{number} / {len(self._drawn)}")
            super().showPage()
        super().save()
