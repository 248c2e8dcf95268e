"""A paper as ODT, to change (OpenDocument 1.3, through odfdo).

True always: the same paper gives the same bytes: dates are fixed, and the package is packed anew with fixed times, its
`mimetype` first and stored, as part 3 (packages), section 3.3, wants.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

from odfdo import Cell, Document, Element, Header, List, ListItem, Row, Span, Style
from odfdo import Paragraph as Text
from odfdo import Table as Grid

from kiosk.publish.paper import Blank, Block, Box, Content, Heading, Listing, PageBreak, Paper, Run, Table

FIXED = datetime(2000, 1, 1, tzinfo=UTC)
FIXED_ZIP_TIME = (2000, 1, 1, 0, 0, 0)
FACES = {(True, False): "Paper_Bold", (False, True): "Paper_Italic", (True, True): "Paper_BoldItalic"}
BLANK, NEW_PAGE, CELL = "Paper_Blank", "Paper_NewPage", "Paper_Cell"
BULLETS, NUMBERS = "List_20_1", "Numbering_20_1"
"""List styles that the library's template brings."""
TICK_BOX = "\u2610"


def render(paper: Paper, *, title: str, language: str) -> bytes:
    """Return the paper as an OpenDocument text with `title` and `language` in its metadata."""
    document = Document("text")
    document.body.clear()
    for style in _styles():
        document.insert_style(style, automatic=True)
    _label(document, title, language)
    new_page = False
    for number, block in enumerate(paper.blocks):
        if isinstance(block, PageBreak):
            new_page = True
            continue
        document.body.append(_element(block, number, new_page=new_page))
        new_page = False
    packed = io.BytesIO()
    document.save(packed, pretty=False)
    return _repacked(packed)


def _label(document: Document, title: str, language: str) -> None:
    meta = document.meta
    meta.title, meta.language, meta.generator = title, language, "Telecenter Kiosk"
    meta.creation_date = meta.date = FIXED


def _styles() -> list[Style]:
    underline = {"style:text-underline-style": "solid", "style:text-underline-width": "auto"}
    blank = Style("text", name=BLANK)
    blank.set_properties(underline, area="text")
    new_page = Style("paragraph", name=NEW_PAGE, parent_style="Standard", area="paragraph", break_before="page")
    cell = Style("table-cell", name=CELL, area="table-cell", border="0.5pt solid #000000", padding="1.5mm")
    faces = [Style("text", name=name, area="text", bold=bold, italic=italic) for (bold, italic), name in FACES.items()]
    return [blank, new_page, cell, *faces]


def _element(block: Block, number: int, *, new_page: bool = False) -> Element:
    if isinstance(block, Heading):
        heading = Header(block.level, style=f"Heading_20_{block.level}")
        return _filled(heading, block.content)
    if isinstance(block, Listing):
        return _list(block, number)
    if isinstance(block, Table):
        return _grid(block, number)
    if isinstance(block, PageBreak):
        return Text(style=NEW_PAGE)
    return _filled(Text(style=NEW_PAGE if new_page else "Text_20_body"), block.content)


def _list(listing: Listing, number: int) -> List:
    found = List(style=BULLETS if listing.start is None else NUMBERS)
    for place, item in enumerate(listing.items):
        element = ListItem()
        if place == 0 and listing.start not in (None, 1):
            element.set_attribute("text:start-value", str(listing.start))
        for block in item:
            element.append(_element(block, number))
        found.append(element)
    return found


def _grid(table: Table, number: int) -> Grid:
    grid = Grid(f"Table{number}")
    for row, cells in enumerate((table.header, *table.rows)):
        line = Row()
        for content in cells:
            cell = Cell(style=CELL)
            shown = tuple(_bolder(piece) for piece in content) if row == 0 else content
            cell.append(_filled(Text(style="Standard"), shown))
            line.append_cell(cell)
        grid.append_row(line)
    return grid


def _bolder(piece: Run | Blank | Box) -> Run | Blank | Box:
    return Run(piece.text, bold=True, italic=piece.italic) if isinstance(piece, Run) else piece


def _filled(element: Element, content: Content) -> Element:
    for piece in content:
        if isinstance(piece, Blank):
            # No-break spaces, since a reader may fold ordinary ones: an underlined place to type over.
            element.append(Span("\u00a0" * piece.letters, formatted=False, style=BLANK))
        elif isinstance(piece, Box):
            element.append(Span(TICK_BOX))
        else:
            for part, text in enumerate(piece.text.split("\n")):
                if part:
                    element.append(Element.from_tag("text:line-break"))
                element.append(Span(text, formatted=False, style=FACES.get((piece.bold, piece.italic))))
    return element


def _repacked(packed: io.BytesIO) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(target, "w") as out:
        names = sorted(source.namelist(), key=lambda name: (name != "mimetype", name))
        for name in names:
            entry = zipfile.ZipInfo(name, FIXED_ZIP_TIME)
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            out.writestr(entry, source.read(name))
    return target.getvalue()
