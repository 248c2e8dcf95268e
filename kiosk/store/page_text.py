"""The words of a page of a book: from the bytes of HTML that someone wrote to plain text.

Pure. True always: it takes time in proportion to the page's length, whatever the page is: nothing is sought twice, and
what has no end goes on to the end of the page, as in a browser. Scripts, styles, comments and the title are no words.
Its text is for finding and showing as text; it is escaped where it is shown.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable

MOST_PAGE_BYTES = 2_000_000
"""Bytes of a page that are read."""
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_CHARSET = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w-]{1,20})", re.IGNORECASE)
_CHARSETS = re.compile(
    r"iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|big5|gbk|gb2312|gb18030|euc-(?:jp|kr)|shift_jis|tis-620", re.IGNORECASE
)
"""Encodings that pages are read in beside UTF-8 and UTF-16."""
HEAD_BYTES = 1024
"""Where a page says its encoding."""

_HIDDEN = re.compile(r"<(?:!--|(script|style|title|template)\b)", re.IGNORECASE)
_ENDS = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "title", "template")}
_TITLE = re.compile(r"<title\b[^>]{0,200}>([^<]{0,500})", re.IGNORECASE)
# Possessive: what was taken for an attribute is never tried otherwise. A quote without an end takes the rest.
_ATTRIBUTES = r"""(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+>?"""
_INLINE = re.compile(
    r"</?(?:a|abbr|b|bd[io]|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|su[bp]|tt|u"
    rf"|var|wbr)\b{_ATTRIBUTES}",
    re.IGNORECASE,
)
"""What may stand within a word."""
_TAG = re.compile(rf"<[a-zA-Z/!?]{_ATTRIBUTES}")
_LONG_NUMBER = re.compile(r"&#x?[0-9a-f]{9,};?", re.IGNORECASE)
"""No sign has such a number, and to read it as one takes time."""


def decoded(pieces: Iterable[bytes]) -> str:
    """Return a page as text, its beginning if it is very long; bytes that are no text in its encoding are marks."""
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) >= MOST_PAGE_BYTES:
            break
    del data[MOST_PAGE_BYTES:]
    encoding = _WIDE.get(bytes(data[:2]))
    if encoding is None:
        said = _CHARSET.search(data, 0, HEAD_BYTES)
        name = said[1].decode("ascii", "replace") if said else ""
        encoding = name if _CHARSETS.fullmatch(name) else "utf-8"
    try:
        return data.decode(encoding, "replace").removeprefix("\ufeff")
    except LookupError:  # such as iso-8859-99
        return data.decode(errors="replace")


def plain(page: str) -> str:
    """Return the words of a page; between them any spaces."""
    return _words(_shown(page))


def _words(shown: str) -> str:
    text = _TAG.sub(" ", _INLINE.sub("", shown))
    return html.unescape(_LONG_NUMBER.sub(" ", text)) if "&" in text else text


def title(page: str) -> str:
    """Return what a page says it is called, "" if it does not."""
    found = _TITLE.search(page)
    return html.unescape(_LONG_NUMBER.sub(" ", found[1])) if found else ""


def _shown(page: str) -> str:
    shown, at = [], 0
    while found := _HIDDEN.search(page, at):
        shown.append(page[at : found.start()])
        if found[1] is None:
            end = page.find("-->", found.end() - 2)  # a comment may be as short as <!-->
            at = end + 3
        else:
            ending = _ENDS[found[1].lower()].search(page, found.end())
            end = at = ending.start() if ending else -1
        if end < 0:
            return " ".join(shown)
    return " ".join((*shown, page[at:]))
