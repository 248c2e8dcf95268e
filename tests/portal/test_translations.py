"""Which translation is shown first."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from kiosk.portal.translations import choose, distance
from kiosk.store.items import Item


@dataclass(frozen=True)
class Thing:
    item: Item


def thing(name: str, language: str) -> Thing:
    return Thing(Item("pack", name, language, name, "", "CC0-1.0", 0, {}, 1, "course"))


@pytest.mark.parametrize(
    ("there", "wished", "shown", "others"),
    [
        ("en fr sw", "sw", "sw", "en fr"),
        ("en fr", "sw", "en", "fr"),
        ("be fr", "sw", "be", "fr"),
        ("en pt-BR", "pt", "pt-BR", "en"),
        ("fr fr-CA", "fr", "fr", "fr-CA"),
    ],
)
def test_the_visitors_language_then_english_then_any(there: str, wished: str, shown: str, others: str) -> None:
    [choice] = choose([thing("a", code) for code in there.split()], wished)
    assert choice.shown.item.language == shown
    assert [other.item.language for other in choice.others] == others.split()


def test_things_in_the_visitors_language_come_first_and_none_is_lost() -> None:
    things = [thing("a", "en"), thing("b", "sw"), thing("c", "be"), thing("d", "sw"), thing("a", "fr")]
    assert [choice.shown.item.item for choice in choose(things, "sw")] == ["b", "d", "a", "c"]
    assert choose([], "sw") == []


def test_distance() -> None:
    found = [distance(code, ("fr", "sw")) for code in ("fr", "fr-CA", "sw", "en", "en-GB", "frp")]
    assert found == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 0), (2, 1)]
