"""The bar above a page of a book, and where in a page it goes.

Pure. True always: of a page that someone else wrote nothing is taken away and nothing is moved; the bar is plain
ASCII and well-formed, so it fits into HTML and XHTML of any encoding that agrees with ASCII, and others are brought to
UTF-8; only the beginning of a page is ever held.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from html import escape

MOST_HEAD_BYTES = 512_000
"""How far into a page its body is looked for."""
MARK = re.compile(
    rb"<(?:(?P<comment>!--)|(?P<raw>script|style|title|noscript|template|textarea)\b|(?P<body>body)(?=[\s>/])"
    rb"|(?P<frames>frameset)\b)",
    re.IGNORECASE,
)
"""What opens before a body does: what is inside a comment or a script only looks like one."""
BODY_TAG = re.compile(rb"<body(?:\"[^\"]*\"|'[^']*'|[^'\">])*>", re.IGNORECASE)
NO_BODY = -1
PREAMBLE = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<\?xml[^>]*\?>|<!doctype[^>]*>|<!--.*?-->|</?(?:html|head|meta|link|base)\b"
    rb"(?:\"[^\"]*\"|'[^']*'|[^'\">])*>|<(?P<raw>title|style|script|noscript|template)\b.*?</(?P=raw)\s*>)*",
    re.IGNORECASE | re.DOTALL,
)
"""What may stand before the body of a page that does not name it."""
WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
BOX = (
    "all:initial;display:block;box-sizing:border-box;flex:none;width:100%;position:relative;z-index:2147483647;"
    "padding:0 4px;background:#1f6f54;color:#fff;font:16px/1.3 sans-serif;text-align:start"
)
LINK = (
    "all:initial;display:inline-block;padding:14px 4px;color:#fff;font:15px/20px sans-serif;text-decoration:underline;"
    "cursor:pointer"
)
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="#fff" '
    'stroke-width="2" aria-hidden="true" style="vertical-align:-4px;margin:0 2px;{turned}"><path d="{shape}"/></svg>'
)
BACK, SEARCH = "M15 5l-7 7 7 7", "M4 10.5a6.5 6.5 0 1 0 13 0 6.5 6.5 0 1 0-13 0M15.5 15.5l5 5"
PLACE = "kiosk-bar"
HIDE = f"<script>if(top!=self)document.getElementById('{PLACE}').style.display='none'</script>"


def markup(label: str, links: Iterable[tuple[str, str, str]], language: str, direction: str) -> bytes:
    """Return the bar: a name for those who hear it, and its links as address, icon and words.

    A page may be shown in a frame of another page of the book, which has the bar already: where there is script, the
    second one hides.
    """
    turned = "transform:scaleX(-1)" if direction == "rtl" else ""
    made = " ".join(
        f'<a style="{LINK}" target="_top" referrerpolicy="origin" href="{_ascii(url)}">'
        f"{ICON.format(shape=shape, turned=turned if shape == BACK else '')}{_ascii(words)}</a>"
        for url, shape, words in links
    )
    return (
        f'<div id="{PLACE}" role="navigation" aria-label="{_ascii(label)}" lang="{language}" dir="{direction}" '
        f'style="{BOX};direction:{direction}">{made}</div>{HIDE}'
    ).encode("ascii")


def _ascii(text: str) -> str:
    return escape(text).encode("ascii", "xmlcharrefreplace").decode()


def under(bar: bytes, pieces: Iterable[bytes], *, is_xml: bool) -> Iterator[bytes]:
    """Yield a page with the bar at the top of its body, or before the first word where HTML does not name the body.

    A page of frames, which has no body, is left as it is, and so is XML where none is found.
    """
    rest = iter(pieces)
    held, place = b"", None
    while place is None and len(held) < MOST_HEAD_BYTES:
        piece = next(rest, b"")
        if not piece:
            break
        held += piece
        place = _place(held)
    if place is None:
        place = NO_BODY if is_xml else _place_without_body(held)
    yield held if place == NO_BODY else held[:place] + bar + held[place:]
    yield from rest


def _place(held: bytes) -> int | None:
    """Return where the body begins, `NO_BODY` if there never will be one, None if that can not be told yet."""
    at = 0
    while (mark := MARK.search(held, at)) is not None:
        if mark["frames"]:
            return NO_BODY
        if mark["body"]:
            tag = BODY_TAG.match(held, mark.start())
            return tag.end() if tag else None
        closing = re.escape(b"-->") if mark["comment"] else rb"</%s\s*>" % mark["raw"]
        end = re.compile(closing, re.IGNORECASE).search(held, mark.end())
        if end is None:
            return None
        at = end.end()
    return None


def _place_without_body(held: bytes) -> int:
    match = PREAMBLE.match(held)
    return match.end() if match else 0


def is_wide(first: bytes, content_type: str) -> str:
    """Return the encoding of a page that does not agree with ASCII, "" for all others."""
    if (found := WIDE.get(first[:2])) is not None:
        return found
    match = re.search(r"charset\s*=\s*[\"']?(utf-16(?:le|be)?|utf-16-(?:le|be))\b", content_type, re.IGNORECASE)
    return match[1].lower() if match else ""


def as_utf8(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield a page of another encoding as UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in pieces:
        yield decoder.decode(piece).encode(errors="replace")
    yield decoder.decode(b"", final=True).encode(errors="replace")
