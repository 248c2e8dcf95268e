"""The order of a full route's entries: what is alike close together, as the content has it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kiosk.packs import route
from kiosk.packs.collection import Entry
from kiosk.packs.listing import Placed
from kiosk.publish import order
from kiosk.publish.content import Content

TYPES = {"html": "text/html", "txt": "text/plain"}
NAMES = [f"{folder}/{name}" for folder in ("grain", "savings") for name in ("care", "law", "people", "tools")]


@pytest.fixture(autouse=True)
def _small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(route.WINDOW_LOG, route.FULL, 15)  # what is too far apart, without megabytes of it


def placed(tree: dict[str, bytes], content: Content) -> list[Placed]:
    found = []
    for path, data in tree.items():
        sha256, size = content.keep([data])
        found.append(Placed(0, Entry(path, TYPES[path.rpartition(".")[2]], "", size, sha256)))
    return found


def noise(number: int, size_bytes: int) -> bytes:
    return random.Random(number).randbytes(size_bytes)


def ordered(tree: dict[str, bytes], folder: Path) -> list[str]:
    content = Content(folder)
    return [each.entry.path for each in order.of_full(placed(tree, content), content, frozenset())]


def test_a_page_lies_beside_the_text_it_was_made_from(tmp_path: Path) -> None:
    tree = {}
    for number, name in enumerate(NAMES):
        tree[f"{name}.html"] = tree[f"_sources/{name}.rst.txt"] = noise(number, 5000 + 997 * number)
    found = ordered(tree, tmp_path)
    assert sorted(found) == sorted(tree)
    assert found[::2] == [f"{name}.html" for name in NAMES]
    assert found[1::2] == [f"_sources/{name}.rst.txt" for name in NAMES]


def test_what_only_has_the_same_name_stays_with_its_type(tmp_path: Path) -> None:
    page, text = noise(1, 20_000), noise(2, 20_000)  # all pages are alike, and all texts, but no page is like its text
    tree = {}
    for number, name in enumerate(NAMES):
        tree[f"{name}.html"] = page + noise(10 + number, 300)
        tree[f"_sources/{name}.rst.txt"] = text + noise(20 + number, 300)
    assert ordered(tree, tmp_path) == [f"{name}.html" for name in NAMES] + [
        f"_sources/{name}.rst.txt" for name in NAMES
    ]
