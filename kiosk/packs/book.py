"""A ZIM book as a collection of its own entries: how they are called, and what of a ZIM is left out.

Source: docs/formats/pack.md, "Books". True always: what is left out can be made anew from the rest (lists of titles) or
is made by the kiosk (its own index of words); everything else of a book comes out as it went in.
"""

from __future__ import annotations

import re
import struct

from kiosk.errors import FormatError

ZIM = "zim:"
"""What the type of an entry begins with: it is one of a book. Its media type follows, or"""
REDIRECT = "redirect"
"""where it leads elsewhere: its bytes are the path of that. Behind it comes, if readers look for it by its title,"""
PAGE = " page"
MOST_PLACE_BYTES = 800
"""Longest path and longest title, so that a line of a route holds both."""
SPLIT = re.compile(r"(.)/(.+)", re.DOTALL)
NAMESPACE = re.compile(r"[A-W-]")
"""X and Z, which are left out, stand behind all of these."""
TYPE = re.compile(r"zim:[!-~](?:[ -~]{0,118}[!-~])?")
LISTED = struct.Struct("<32sI?")
"""What a kiosk keeps of each entry, by path, beside the ZIM: SHA-256, size, whether it is found by title."""
LEFT_OUT = ("X/", "Z/")
"""Namespaces of indexes and lists."""


def path(namespace: str, place: str) -> str:
    """Return the path in the collection of an entry of a ZIM."""
    return f"{namespace}/{place}"


def split(path_: str) -> tuple[str, str]:
    """Return namespace and path in the ZIM of an entry of the collection, whose path was checked."""
    return path_[0], path_[2:]


def target(data: bytes, path_: str) -> tuple[str, str]:
    """Return where a redirect leads, from its bytes; `path_` is its own.

    Raises:
        FormatError: they are no path in a book.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if not SPLIT.fullmatch(text):
        raise FormatError(f"{path_}: it redirects to what is no path")
    return split(text)


def kind(media_type: str | None, *, front: bool) -> str:
    """Return the type in the collection of an entry of a media type (None of a redirect).

    A media type that would come back as another gets one that `fault` refuses.
    """
    found = ZIM + (REDIRECT if media_type is None else media_type) + (PAGE if front else "")
    return found if of_kind(found) == (media_type, front) else f"{ZIM} {media_type}"


def of_kind(kind_: str) -> tuple[str | None, bool]:
    """Return media type (None of a redirect) and whether it is looked for by title, of a type that was checked."""
    media_type = kind_.removeprefix(ZIM).removesuffix(PAGE)
    return None if media_type == REDIRECT else media_type, kind_.endswith(PAGE)


def is_left_out(path_: str) -> bool:
    """Tell whether an entry is no content of the book."""
    return path_.startswith(LEFT_OUT)


def fault(path_: str, kind_: str, title: str) -> str | None:
    """Return why an entry can not be one of a book, or None when it can."""
    for text in (path_, title):
        if "\0" in text or "\n" in text or len(text.encode("utf-8", "replace")) > MOST_PLACE_BYTES:
            return f"paths and titles in books have at most {MOST_PLACE_BYTES} bytes, in one line"
    found = SPLIT.fullmatch(path_)
    if not found or not NAMESPACE.fullmatch(found[1]):
        return "an entry of a book has a namespace and a path"
    if is_left_out(path_):
        return "indexes and lists of a book are made by who reads it"
    if not TYPE.fullmatch(kind_):
        return f"'{kind_}' is no type of an entry of a book"
    return None


def order(path_: str, kind_: str) -> tuple[str, str]:
    """Return by what the entries of a book are sorted where their bytes are."""
    return kind_, path_
