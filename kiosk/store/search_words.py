"""How words are compared in a search: what counts as the same word, whatever the script and however it is typed.

Pure. Owns: `fold`, by which everything in the index and every question goes, and the excerpt that shows what was found.
True always: `fold` leaves as many words as there were, split at the same spaces; a question becomes quoted words only,
so nothing that is typed is ever syntax. Who changes `fold` adds a migration that makes the index anew: what is in it is
taken out again by folding the old text; and raises the version of the indexes of books (store/book_index.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MOST_QUESTION, MOST_WORDS, MOST_LETTERS = 200, 8, 40
"""Longest question that is read, most words of it that count, and most letters of one of them."""
LEAST_PREFIX = 2
"""A word of fewer letters only finds itself: as a beginning it would find half of everything."""
EXCERPT_WORDS, WORDS_BEFORE = 24, 6
STRETCH = 5_000
"""Characters that are searched for an excerpt at a time."""
MOST_MARKED = 300
"""Longest run of letters in an excerpt; what is longer is cut."""
KNOWN_WORDS, MOST_KNOWN = 8192, 40
"""How many words are remembered in their folded form, and how long they may be: texts say the same ones again."""
LEAST_STEM = 4
"""Letters that are left of a word when its ending is taken off."""
_ENDINGS = {
    "en": ("ies", "ing", "es", "ed", "er", "s", "e", "y"),
    "fr": ("ements", "ement", "ees", "ent", "es", "ee", "er", "e", "s", "x"),
    "es": ("iendo", "ando", "adas", "ados", "ada", "ado", "ar", "er", "ir", "es", "as", "os", "a", "e", "o", "s"),
    "pt": ("ando", "endo", "adas", "ados", "ada", "ado", "ar", "er", "ir", "es", "as", "os", "a", "e", "o", "s"),
    "de": ("ern", "en", "em", "er", "es", "e", "n", "s"),
    "ar": ("ات", "ون", "ين", "ه"),
    "hi": ("ियों", "ियां", "ों", "ें", "ी", "े", "ा"),
}
"""What words of a language end in when they are another form of the same word, folded, the longest first."""

_ONE_FOR_ONE = dict(zip("øđłıħɓɗƙƴŋɛɔɣŧ", "odlihbdkyneogt", strict=True))
# Arabic as it is typed: without hamza seats, with either ya, with ha for ta marbuta; Persian keyboards' kaf and ya.
_ONE_FOR_ONE |= dict(zip("ٱىیةک", "اييهك", strict=True))
_ONE_FOR_ONE |= {"ँ": "ं"}  # Hindi: chandrabindu is often written as a plain dot
_GONE = (
    *range(0x0300, 0x0370), 0x00AD,  # accents; soft hyphen
    *range(0x0610, 0x061B), 0x0640, *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06DD), *range(0x06DF, 0x06E9),
    *range(0x06EA, 0x06EE), 0x093C,  # Arabic short vowels, hamzas and the stretching sign; Hindi nukta
    *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF,  # what nobody sees
)  # fmt: skip
_FOLDED: dict[int, str | None] = {
    **dict.fromkeys(range(32), " "),
    **{ord(sign): plain for sign, plain in _ONE_FOR_ONE.items()},
    ord("œ"): "oe", ord("æ"): "ae",
    **{base + digit: str(digit) for base in (0x0660, 0x06F0, 0x0966) for digit in range(10)},
    **dict.fromkeys(_GONE),
}  # fmt: skip
_CONTROLS = dict.fromkeys((*range(9), *range(14, 32), 127), " ")
_NG = re.compile("ng['’‘ʼ`]")
"""Swahili's ng', which few type with the sign."""
_ARTICLES = ("وال", "بال", "كال", "فال", "ال", "لل")
_ARABIC = re.compile(r"(?<![^\W_])(?:[وبكف]?ال|لل)(?=[^\W_]{3})")
"""The Arabic article, with what may be joined before it, where a word of three letters is left."""
# Vowel signs of Indian and other scripts, which Python does not count as letters and which make other words.
_SIGNS = "\u0900-\u0963\u0966-\u0df3\u0e31-\u0e4e\u0eb1-\u0ece\u0f18-\u0fbc\u102b-\u109d\u135d-\u135f\u1780-\u17d3"
_WORD = re.compile(rf"(?:[^\W_]|[{_SIGNS}])+")
_SEEN = re.compile(rf"(?:[^\W_]|[{_SIGNS}\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed])+")


def fold(text: str) -> str:
    """Return text as it is compared: lower case, without accents and without what is typed in several ways."""
    if text.isascii():
        # Most texts were tidied before, and to look for control signs is quicker than to take them out.
        folded = text.lower() if text.isprintable() else text.lower().translate(_FOLDED)
        return _NG.sub("ng", folded) if "ng'" in folded or "ng`" in folded else folded
    return " ".join([_known(word) if len(word) <= MOST_KNOWN else _folded(word) for word in text.split(" ")])


def _folded(word: str) -> str:
    folded = unicodedata.normalize("NFD", word.casefold()).translate(_FOLDED)
    return _ARABIC.sub("", _NG.sub("ng", folded))


_known = lru_cache(KNOWN_WORDS)(_folded)


def tidy(text: str) -> str:
    """Return text as the index keeps it: composed, each run of spaces one space, without control signs."""
    if text.isascii():
        return " ".join(text.translate(_CONTROLS).split())
    words = [_known_tidy(word) if len(word) <= MOST_KNOWN else _tidied(word) for word in text.split()]
    return " ".join([word for word in words if word])


def _tidied(word: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", word).translate(_CONTROLS).split())


_known_tidy = lru_cache(KNOWN_WORDS)(_tidied)


@lru_cache(maxsize=256)
def words(question: str) -> tuple[str, ...]:
    """Return the words of a question, folded; none when it holds only signs."""
    found = _WORD.findall(fold(tidy(question[:MOST_QUESTION])))
    kept = tuple(dict.fromkeys(word[:MOST_LETTERS] for word in found if any(sign.isalnum() for sign in word)))
    longer = tuple(word for word in kept if len(word) > 1 or word.isdecimal())  # l'eau asks for eau
    return (longer or kept)[:MOST_WORDS]


def match(asked: tuple[str, ...], *, exact_first: bool = False) -> str:
    """Return the question as FTS5 takes it: all words, each as the beginning of one.

    Args:
        asked: what `words` returned, not empty.
        exact_first: whether a whole word shall rank above a mere beginning.
    """
    return " AND ".join(_either(word, exact_first) for word in asked)


def _either(word: str, exact_first: bool) -> str:
    choices = [f'"{start}"*' if len(start) >= LEAST_PREFIX else f'"{start}"' for start in starts(word)]
    if exact_first:
        choices = list(dict.fromkeys((f'"{word}"', *choices)))
    return choices[0] if len(choices) == 1 else f"({' OR '.join(choices)})"


def starts(word: str) -> tuple[str, ...]:
    """Return the beginnings that a word asked for stands for: itself, and what follows an article half typed."""
    bare = [word[len(article) :] for article in _ARTICLES if word.startswith(article) and len(word) > len(article)]
    return (word, *bare[:1])


def stems(asked: tuple[str, ...], language: str) -> tuple[str, ...]:
    """Return the words of a question without what they end in in a language, so that other forms begin alike."""
    endings = _ENDINGS.get(language.partition("-")[0], ())
    return tuple(dict.fromkeys(_stem(word, endings) for word in asked))


def _stem(word: str, endings: tuple[str, ...]) -> str:
    fitting = (end for end in endings if word.endswith(end) and len(word) - len(end) >= LEAST_STEM)
    return word.removesuffix(next(fitting, ""))


def excerpt(text: str, asked: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Return the part of a text where the question's words are, as pieces, each with whether it is one of them.

    Args:
        text: with single spaces; may be long. What is shown of it is tidied.
        asked: what `words` returned.
    """
    start = _words_before(text, _first(text, asked) or 0, WORDS_BEFORE)
    parts = text[start:].split(" ", EXCERPT_WORDS)
    shown = tidy(" ".join(word[:MOST_MARKED] for word in parts[:EXCERPT_WORDS]))
    before = [("… ", False)] if start else []
    after = [(" …", False)] if len(parts) > EXCERPT_WORDS else []
    return [*before, *marked(shown, asked), *after]


def _words_before(text: str, at: int, count: int) -> int:
    # Where the word begins that stands so many words before the one at a place, or as many as there are.
    end = text.rfind(" ", 0, at)
    for _ in range(count):
        if end < 0:
            break
        end = text.rfind(" ", 0, end)
    return end + 1


def marked(text: str, asked: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Return a short text as pieces, each with whether it is a word that was asked for."""
    sought = [start for each in asked for start in starts(each)]
    beginnings = tuple(start for start in sought if len(start) >= LEAST_PREFIX)
    pieces: list[tuple[str, bool]] = []
    end = 0
    for word in _SEEN.finditer(text):
        folded = fold(word[0])
        if folded.startswith(beginnings) or folded in sought:
            pieces += [(text[end : word.start()], False), (word[0], True)]
            end = word.end()
    return [piece for piece in (*pieces, (text[end:], False)) if piece[0]]


def holds(text: str, asked: tuple[str, ...]) -> bool:
    """Tell whether one of the question's words is in a text."""
    return _first(text, asked) is not None


def _first(text: str, asked: tuple[str, ...]) -> int | None:
    # Where in the text the first word is that was asked for. The longest is sought, since it says most; before all as
    # it is typed, since a long text is not quickly folded.
    sought = sorted({s for each in asked for s in starts(each) if len(s) >= LEAST_PREFIX}, key=len, reverse=True)
    plain = text.lower()
    for start in sought if len(plain) == len(text) else ():
        if hit := beginning(start).search(plain):
            return hit.start()
    folded: list[str] = []
    stretches = _stretches(text)
    for start in sought:
        pattern = beginning(start)
        before = number = 0
        while True:
            if number == len(folded):
                if (stretch := next(stretches, None)) is None:
                    break
                folded.append(fold(stretch))
            if hit := pattern.search(folded[number]):
                return _place(text, before + folded[number].count(" ", 0, hit.start()))
            before += folded[number].count(" ")
            number += 1
    return None


def _place(text: str, number: int) -> int:
    # Where the word of this number begins: folding leaves as many words as there were.
    return len(text) - len(text.split(" ", number)[-1])


@lru_cache(maxsize=64)
def beginning(start: str) -> re.Pattern[str]:
    """Return the pattern of a word that begins so, in folded text; its letters come first, which is quick to find."""
    letters = re.escape(start)
    return re.compile(rf"{letters}(?<![^\W_]{letters})")


def _stretches(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find(" ", start + STRETCH)
        end = len(text) if end < 0 else end + 1
        yield text[start:end]
        start = end
