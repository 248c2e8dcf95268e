"""The manifest: a round trip gives the same, and a hostile one is refused with the place of what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kiosk.errors import FormatError
from kiosk.packs.blobs import Blob
from kiosk.packs.collection import Entry
from kiosk.packs.head import Head, Route, Segments
from kiosk.packs.head import parse as parse_head
from kiosk.packs.manifest import Item, Manifest, Media, parse

SHA = "a" * 64


def manifest() -> Manifest:
    lesson = {"id": "first", "title": "A", "summary": "About.", "minutes": 5, "page": "lessons/01-a.html"}
    attributes = {"subject": "money", "level": "beginner", "lessons": [lesson]}
    sound = Media(Entry("sound/a.mp3", "audio/mpeg", "Song", 12, SHA), (Blob(SHA, 12),), ("http://x.example/a.mp3",))
    item = Item("books", "course", "en", "Books", "About books.", "CC0-1.0", 24, 2, SHA, attributes, (sound,))
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
        (lambda m: m["items"][0]["media"][0].update(path="../../x"), "items[0].media[0].path"),
        (lambda m: m["items"][0]["media"][0].update(sha256="A" * 64), "is not a SHA-256"),
        (lambda m: m["items"][0].update(content_root="A" * 64), "is not a content root"),
        (lambda m: m["items"][0]["media"][0].update(size_bytes=13), "do not make up the size"),
        (lambda m: m["items"][0]["media"][0].update(size_bytes=-1), "size_bytes"),
        (lambda m: m["items"][0]["media"][0].update(type="text/html"), "is not media"),
        (lambda m: m["items"][0]["media"][0]["blobs"][0].update(leaves=SHA), "has a leaf list"),
        (lambda m: m["items"][0]["media"].append(m["items"][0]["media"][0]), "clash"),
        (lambda m: m["items"][0].update(entries=0), "'entries' is 0"),
        (lambda m: m["items"][0].update(title=7), "'title' must be a text"),
        (lambda m: m["items"].append(m["items"][0]), "is there twice"),
        (lambda m: m["items"][0]["attributes"].update(extra=1), "unknown key 'extra'"),
        (lambda m: m.update(format=1), "'format' is 1"),
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


def head() -> Head:
    large = Blob(SHA, 100_000, "b" * 64)
    patches = (Route((Blob(SHA, 700),), 0, SHA[:16]), Route((Blob(SHA, 7),), 9_000, "c" * 16))
    return Head(
        "books", 3, SHA, 500, 12, 34, 2, ("book",), Route((large,), 400), patches, Segments(Blob(SHA, 90), (large,))
    )


def test_a_head_is_read_again_and_a_wrong_one_refused() -> None:
    data = head().to_bytes()
    assert parse_head(data) == head()
    for before, after in (
        (b'"books"', b'"../x"'),
        (b":500", b":50000000000"),
        (b'"a', b'"g'),
        (b":12,", b":-1,"),
        (b":34,", b":-1,"),
    ):
        assert before in data
        with pytest.raises(FormatError):
            parse_head(data.replace(before, after))
    with pytest.raises(FormatError, match="too many for a head"):
        parse_head(data + b" " * 65536)


def test_the_cheapest_route_that_fits_is_taken() -> None:
    assert head().route_from(SHA).route_bytes == 700
    assert head().route_from("").start is None
    assert head().route_from("c" * 64).download_bytes == 9_007


def test_two_media_paths_that_differ_in_case_clash() -> None:
    def add(m: dict[str, Any]) -> None:
        m["items"][0]["media"].append({**m["items"][0]["media"][0], "path": "Sound/A.mp3"})

    with pytest.raises(FormatError, match="clash"):
        parse(spoiled(add))
