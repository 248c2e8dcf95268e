"""Markdown of lessons and notices into HTML fragments.

Owns: which Markdown a recipe may use. True always: a fragment has no HTML that the writer typed; its pictures, films
and sounds are named by paths as the item has them, and a film or sound has a paragraph of its own. (The kiosk sanitises
it all the same before it shows it.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kiosk.fields import Problem
from kiosk.packs.films import is_film

PictureOf = Callable[[str, str], str | None]
"""(source as written, place for messages) -> the path of the picture, film or sound in the pack, or None."""

_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def to_html(text: str, name: str, first_line: int, picture: PictureOf, problems: list[Problem]) -> str:
    """Return the fragment for a Markdown text that starts at `first_line` of the file called `name`."""
    tokens = _PARSER.parse(text)
    _check(tokens, name, first_line, picture, problems)
    return str(_PARSER.renderer.render(tokens, _PARSER.options, {}))


def _check(
    tokens: Sequence[Token], name: str, line: int, picture: PictureOf, problems: list[Problem], base: int = 0
) -> None:
    before = None
    for token in tokens:
        base = token.map[0] if token.map else base
        place = f"{name}:{base + line}"
        if token.type in ("html_block", "html_inline"):
            problems.append(Problem(place, "HTML can not be used here", "write it in Markdown"))
        elif token.type == "heading_open" and token.tag not in ("h2", "h3", "h4"):
            problems.append(Problem(place, "a heading of this size is not used", "take ## or ###: the title is the #"))
        elif token.type == "link_open" and "://" in str(token.attrs.get("href", "")):
            problems.append(Problem(place, "a link to the internet: readers have none", "tell it in words"))
        elif token.type == "image":
            _check_picture(token, place, picture, problems)
        elif token.type == "inline" and not _stands_alone(before, token) and any(map(_is_film, token.children or [])):
            problems.append(
                Problem(place, "a film or sound stands in a line with other text", "give it its own paragraph")
            )
        before = token
        _check(token.children or [], name, line, picture, problems, base)


def _check_picture(token: Token, place: str, picture: PictureOf, problems: list[Problem]) -> None:
    source = str(token.attrs.get("src", ""))
    if not token.content.strip():
        problems.append(Problem(place, f"the picture '{source}' has no text", "say in [ ] what it shows"))
    path = picture(source, place)
    if path is not None:
        token.attrs["src"] = path


def _stands_alone(before: Token | None, token: Token) -> bool:
    # A paragraph that is hidden, as in a list without empty lines, leaves no <p> in the fragment.
    return (
        before is not None and before.type == "paragraph_open" and not before.hidden and len(token.children or []) == 1
    )


def _is_film(token: Token) -> bool:
    return token.type == "image" and is_film(str(token.attrs.get("src", "")))
