"""The manifest: a round trip gives the same, and a hostile one is refused with the place of what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kiosk.errors import FormatError
from kiosk.packs.head import Head
from kiosk.packs.head import parse as parse_head
from kiosk.packs.manifest import Entry, Item, Manifest, parse

SHA = "a" * 64


def manifest() -> Manifest:
    entry = Entry("lessons/01-a.html", "text/html", "", 12, SHA)
    lesson = {"id": "first", "title": "A", "summary": "About.", "minutes": 5, "page": "lessons/01-a.html"}
    attributes = {"subject": "money", "level": "beginner", "lessons": [lesson]}
    item = Item("books", "course", "en", "Books", "About books.", "CC0-1.0", attributes, (entry,))
    return Manifest("books", 3, {"en": "Books"}, {"en": "About."}, "Federation", "CC0-1.0", (item,))


def test_what_is_written_is_read_again() -> None:
    assert parse(manifest().to_bytes()) == manifest()


def spoiled(spoil: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(manifest().to_bytes())
    spoil(value)
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda m: m["items"][0]["entries"][0].update(path="../../x"), "items[0].entries[0].path"),
        (lambda m: m["items"][0]["entries"][0].update(sha256="A" * 64), "is not a SHA-256"),
        (lambda m: m["items"][0]["entries"][0].update(size_bytes=13), "content root is not that of the entries"),
        (lambda m: m["items"][0]["entries"][0].update(size_bytes=-1), "size_bytes"),
        (lambda m: m["items"][0]["entries"][0].update(type="text/html; x"), "is not a media type"),
        (lambda m: m["items"][0]["entries"][0].update(blobs=[SHA, SHA]), "does not fit the size"),
        (lambda m: m["items"][0].update(title=7), "'title' must be a text"),
        (lambda m: m["items"].append(m["items"][0]), "is there twice"),
        (lambda m: m["items"][0]["entries"].append(m["items"][0]["entries"][0]), "clash"),
        (lambda m: m["items"][0]["attributes"]["lessons"][0].update(page="no.html"), "'no.html' is missing"),
        (lambda m: m["items"][0]["attributes"].update(extra=1), "unknown key 'extra'"),
        (lambda m: m.update(format=2), "'format' is 2"),
        (lambda m: m.update(items=[]), "needs at least 1"),
        (lambda m: m.update(pack="../x"), "is not a name"),
    ],
)
def test_a_wrong_manifest_is_refused(spoil: Callable[[dict[str, Any]], object], told: str) -> None:
    with pytest.raises(FormatError) as refusal:
        parse(spoiled(spoil))
    assert told in refusal.value.message


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xff", b"nul", b"[" * 100_000, b'{"format": NaN}', b'{"items": [1]}']
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse(data)


def test_a_head_is_read_again_and_a_wrong_one_refused() -> None:
    head = Head("books", 3, SHA, SHA, 500, 12)
    assert parse_head(head.to_bytes()) == head
    for before, after in ((b'"books"', b'"../x"'), (b":500", b":50000000000"), (b'"a', b'"g'), (b":12,", b":-1,")):
        assert before in head.to_bytes()
        with pytest.raises(FormatError):
            parse_head(head.to_bytes().replace(before, after))


def test_two_paths_that_differ_in_case_clash() -> None:
    def add(m: dict[str, Any]) -> None:
        m["items"][0]["entries"].append({**m["items"][0]["entries"][0], "path": "Lessons/01-A.html"})

    with pytest.raises(FormatError, match="clash"):
        parse(spoiled(add))
