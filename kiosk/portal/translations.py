"""Which translation of a thing a visitor is shown, and in which other languages it can be had.

Pure. True always: nothing is hidden for its language; the visitor's comes first, then English, then any.
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


def choose(things: Iterable[T], language: str) -> list[Choice[T]]:
    """Return one choice a thing, in the given order, but those in the visitor's language before all others."""
    groups: dict[tuple[str, str], list[T]] = {}
    for thing in things:
        groups.setdefault((thing.item.pack, thing.item.item), []).append(thing)
    choices = []
    for group in groups.values():
        shown = min(group, key=lambda thing: distance(thing.item.language, language))
        others = sorted((t for t in group if t is not shown), key=lambda thing: thing.item.language)
        choices.append(Choice(shown, tuple(others)))
    return sorted(choices, key=lambda choice: distance(choice.shown.item.language, language) > 1)


def distance(code: str, language: str) -> int:
    """Return how far a language is from the visitor's: 0 the same, 1 a variety of it, 2 English, 3 any other."""
    if code == language:
        return 0
    if code.split("-")[0] == language:
        return 1
    return 2 if code.split("-")[0] == "en" else 3
