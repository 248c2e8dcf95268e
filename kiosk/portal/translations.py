"""Which translation of a thing a visitor is shown, and in which other languages it can be had.

Pure. True always: nothing is hidden for its language; those the visitor chose come first, then English, then any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from kiosk.store.items import Item


class Translated(Protocol):
    """What is there in one language: a course, book, document or notice."""

    @property
    def item(self) -> Item:
        """The row it was read from."""


T = TypeVar("T", bound=Translated)


@dataclass(frozen=True)
class Choice(Generic[T]):
    """The translation to show, and the others in the order of their codes."""

    shown: T
    others: tuple[T, ...]


def choose(things: Iterable[T], languages: str | tuple[str, ...]) -> list[Choice[T]]:
    """Return one choice a thing, in the given order, but those in the visitor's languages before all others.

    `languages` are those the visitor reads, the dearest first: a thing that is there in several is shown in the first.
    """
    wanted = (languages,) if isinstance(languages, str) else languages
    groups: dict[tuple[str, str], list[T]] = {}
    for thing in things:
        groups.setdefault((thing.item.pack, thing.item.item), []).append(thing)
    choices = []
    for group in groups.values():
        shown = min(group, key=lambda thing: distance(thing.item.language, wanted))
        others = sorted((t for t in group if t is not shown), key=lambda thing: thing.item.language)
        choices.append(Choice(shown, tuple(others)))
    return sorted(choices, key=lambda choice: distance(choice.shown.item.language, wanted)[0] == len(wanted))


def distance(code: str, languages: tuple[str, ...]) -> tuple[int, int]:
    """Return how far a language is from the visitor's, as something to sort by.

    First the place of the nearest language of theirs, or how many they have when it is none of them; then 0 for the
    same, 1 for a variety of it (for none: 0 for English, 1 for any other).
    """
    for place, language in enumerate(languages):
        if code == language:
            return place, 0
        if code.split("-")[0] == language.split("-")[0]:
            return place, 1
    return len(languages), int(code.split("-")[0] != "en")
