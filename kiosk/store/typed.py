"""What people type, made fit to be kept: no signs that deceive a reader, no more than fits, not nothing."""

from __future__ import annotations

from kiosk.errors import InvalidInput

TURNERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the writing direction round; in a name or text they only serve to deceive a reader."""

JOINERS = "\u200c\u200d"
"""Invisible signs that belong to words of some scripts, and to emoji of several parts."""


def clean(text: str, field: str, most: int, *, one_line: bool = False, may_be_empty: bool = False) -> str:
    """Return a text as it is kept, at most `most` characters.

    Raises:
        InvalidInput: it is too long, or empty and may not be.
    """
    text = text.replace("\r\n", "\n")
    spaced = (" " if sign.isspace() and sign != "\n" else sign for sign in text)
    kept = "".join(s for s in spaced if s == "\n" or s in JOINERS or (s.isprintable() and s not in TURNERS))
    text = " ".join(kept.split()) if one_line else kept.strip()
    if not text.strip(f"{JOINERS} \n"):
        if may_be_empty:
            return ""
        raise InvalidInput("Please fill in this field.", field)
    if len(text) > most:
        raise InvalidInput("This text is too long.", field)
    return text


def line(text: str, field: str, most: int) -> str:
    """Return a text on one line, words apart by one space, at most `most` characters.

    Raises:
        InvalidInput: it is empty or too long.
    """
    return clean(text, field, most, one_line=True)
