"""A paper's Markdown source as a small tree, from which PDF and ODT are made alike.

Owns: which Markdown a paper may use (docs/formats/recipe.md). True always: what the tree can not hold is refused with
its line, never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kiosk.errors import FormatError


@dataclass(frozen=True)
class Run:
    """Text in one face; a line feed in it starts a new line."""

    text: str
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True)
class Blank:
    """A line to write on, as long as that many letters."""

    letters: int


@dataclass(frozen=True)
class Box:
    """A box to tick."""


Content = tuple[Run | Blank | Box, ...]


@dataclass(frozen=True)
class Heading:
    """Level 1 is the paper's own title, 2 and 3 its parts."""

    level: int
    content: Content


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    content: Content


@dataclass(frozen=True)
class Listing:
    """A list; `start` is the first number, or None for bullets. Each item is one or more blocks."""

    start: int | None
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells, each with as many as the header."""

    header: tuple[Content, ...]
    rows: tuple[tuple[Content, ...], ...]


@dataclass(frozen=True)
class PageBreak:
    """What follows starts a new page."""


Block = Heading | Paragraph | Listing | Table | PageBreak


@dataclass(frozen=True)
class Paper:
    """A whole paper, in order."""

    blocks: tuple[Block, ...]


# Markdown would take runs of underscores for emphasis or rules, so they travel as signs of a private area.
BLANK_OPENS, BLANK_ENDS, BOX = "\ue000", "\ue001", "\ue002"
PRIVATE = re.compile(f"{BLANK_OPENS}(\\d+){BLANK_ENDS}|({BOX})")
_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def parse(source: str) -> Paper:
    """Return the tree of a Markdown text.

    Raises:
        FormatError: HTML, a link, a picture, a quotation or code; with its line.
    """
    if found := re.search("[\ue000-\uf8ff]", source):
        raise FormatError(f"line {source[: found.start()].count(chr(10)) + 1}: a sign of a private area of Unicode")
    text = re.sub("_{4,}", lambda m: f"{BLANK_OPENS}{len(m[0])}{BLANK_ENDS}", source).replace("[ ]", BOX)
    reader = _Reader(_PARSER.parse(text))
    blocks = tuple(reader.blocks(""))
    if not blocks:
        raise FormatError("line 1: the paper is empty")
    return Paper(blocks)


class _Reader:
    """Walks the parser's flat list of tokens once."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = iter(tokens)
        self._line = 1

    def _next(self) -> Token | None:
        token = next(self._tokens, None)
        if token is not None and token.map:
            self._line = token.map[0] + 1
        return token

    def blocks(self, until: str) -> Iterator[Block]:
        while (token := self._next()) is not None and token.type != until:
            if token.type == "heading_open":
                yield Heading(min(3, int(token.tag[1])), self._content())
            elif token.type == "paragraph_open":
                yield Paragraph(self._content())
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                start = None if token.type.startswith("bullet") else int(token.attrs.get("start", 1))
                yield Listing(start, tuple(self._items(token.type.replace("_open", "_close"))))
            elif token.type == "table_open":
                yield self._table()
            elif token.type == "hr":
                yield PageBreak()
            else:
                raise self._refusal(token)

    def _items(self, until: str) -> Iterator[tuple[Block, ...]]:
        while (token := self._next()) is not None and token.type != until:
            yield tuple(self.blocks("list_item_close"))

    def _table(self) -> Table:
        rows: list[list[Content]] = []
        while (token := self._next()) is not None and token.type != "table_close":
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(tuple(self._inline(token)))
        return Table(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))

    def _content(self) -> Content:
        token = self._next()
        content = tuple(self._inline(token)) if token is not None else ()
        self._next()  # the closing token
        return content

    def _inline(self, token: Token) -> Iterator[Run | Blank | Box]:
        bold = italic = False
        for child in token.children or []:
            if child.type in ("strong_open", "strong_close"):
                bold = child.type == "strong_open"
            elif child.type in ("em_open", "em_close"):
                italic = child.type == "em_open"
            elif child.type in ("softbreak", "hardbreak"):
                yield Run(" " if child.type == "softbreak" else "\n", bold, italic)
            elif child.type == "text":
                yield from _runs(child.content, bold, italic)
            else:
                raise self._refusal(child)

    def _refusal(self, token: Token) -> FormatError:
        what = token.type.removesuffix("_open").replace("_", " ")
        hint = "headings, paragraphs, lists, tables, **bold**, *italic*, blanks and boxes can"
        return FormatError(f"line {self._line}: '{what}' can not be used in a paper", hint)


def _runs(text: str, bold: bool, italic: bool) -> Iterator[Run | Blank | Box]:
    at = 0
    for match in PRIVATE.finditer(text):
        if match.start() > at:
            yield Run(text[at : match.start()], bold, italic)
        yield Blank(int(match[1])) if match[1] else Box()
        at = match.end()
    if at < len(text):
        yield Run(text[at:], bold, italic)
