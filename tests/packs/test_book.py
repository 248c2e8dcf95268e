"""Books as collections: what their entries may be called, and in which order they must come."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.errors import FormatError
from kiosk.packs import blobs, book, collection, kinds, listing, route, unpack, wire
from kiosk.packs.collection import Entry
from kiosk.packs.head import Head
from kiosk.packs.listing import Added, Delta, Placed
from kiosk.packs.manifest import Item, Manifest
from kiosk.publish import routes
from kiosk.publish.content import Content, Version

ZIM = {"namespaces": "new", "types": ["text/html"], "size_bytes": 1000, "sha256": "a" * 64, "main": "C/a"}
ATTRIBUTES = {"subject": "farming", "file": "b.zim", "uuid": "0" * 32, kinds.LAID_OUT: ZIM}
PAGE = book.kind("text/html", front=True)


@pytest.mark.parametrize(
    ("path", "kind", "title"),
    [
        ("C/a", PAGE, ""), ("-/style.css", "zim:text/css", ""), ("A/what? a: b\\c", PAGE, "What? A"),
        ("C/" + "é" * 399, PAGE, ""), ("C/a/", PAGE, " "), ("M/Title", "zim:text/plain; charset=utf-8", ""),
        ("W/mainPage", book.kind(None, front=False), ""),
    ],
)  # fmt: skip
def test_what_zims_have_is_taken(path: str, kind: str, title: str) -> None:
    assert book.fault(path, kind, title) is None
    namespace, place = book.split(path)
    assert book.path(namespace, place) == path


@pytest.mark.parametrize(
    ("path", "kind", "title"),
    [
        ("a", PAGE, ""), ("C/", PAGE, ""), ("c/a", PAGE, ""), ("CC/a", PAGE, ""), ("X/fulltext/xapian", PAGE, ""),
        ("Z/a", PAGE, ""), ("C/a\nb", PAGE, ""), ("C/a\0b", PAGE, ""), ("C/a", PAGE, "a\nb"),
        ("C/" + "é" * 400, PAGE, ""),
        ("C/a", "text/html", ""), ("C/a", "zim:", ""), ("C/a", "zim:text/\thtml", ""), ("C/a", "zim:" + "x" * 121, ""),
        ("C/a", PAGE, "x" * 801),
    ],
)  # fmt: skip
def test_what_could_mislead_is_refused(path: str, kind: str, title: str) -> None:
    assert book.fault(path, kind, title)


def test_a_type_tells_its_media_type_and_whether_titles_lead_there() -> None:
    for media_type in ("text/html", None, "text/html; charset=utf-8"):
        for front in (True, False):
            assert book.of_kind(book.kind(media_type, front=front)) == (media_type, front)
    for media_type, front in (("redirect", False), ("redirect", True), ("a/b page", False)):
        assert book.fault("C/a", book.kind(media_type, front=front), ""), "it would come back as another"
    for data in (b"", b"C", b"\xff/a", b"C/"):
        with pytest.raises(FormatError, match="A/from: it redirects to what is no path"):
            book.target(data, "A/from")


def version(paths: list[str], folder: Path) -> Version:
    """Return a version whose one item is a book of these pages."""
    content = Content(folder / "content")
    entries = [Entry(path, PAGE, "", 4, content.keep([b"page"])[0]) for path in sorted(paths)]
    root = collection.content_root(entries, collection.period_of(entries))
    size = sum(entry.size_bytes for entry in entries)
    item = Item("beans", "book", "en", "B", "B.", "CC0-1.0", size, len(entries), root, ATTRIBUTES, ())
    manifest = Manifest("beans", 1, {"en": "B"}, {"en": "B."}, "Federation", "CC0-1.0", (item,))
    return Version(manifest, tuple(Placed(0, entry) for entry in entries), content)


def test_a_full_route_of_a_book_has_it_in_its_order_and_no_other(tmp_path: Path) -> None:
    found = version(["C/a", "C/b", "C/c?"], tmp_path)
    manifest = found.manifest
    data = manifest.to_bytes()
    digest = hashlib.sha256(data).hexdigest()
    named = (manifest.installed_bytes, manifest.size_bytes, manifest.entries, manifest.kinds)
    made = routes.full(found, tmp_path)
    head = Head("beans", 1, digest, len(data), *named, made)
    assert unpack.check_manifest(data, head).books == frozenset({0})
    body = b"".join((tmp_path / blobs.location(blob.sha256)).read_bytes() for blob in made.blobs)

    def read(body: list[bytes], head: Head) -> list[str]:
        stream = route.open_body(iter(body), route.FULL, "the route")
        unpack.full_manifest(stream)
        entries = unpack.full_entries(stream, head, 1, manifest.books)
        return [placed.entry.path for placed, chunks in entries if b"".join(chunks) == b"page"]

    assert body[:9] == route.MAGIC + route.BOOKS
    assert read([body], head) == ["C/a", "C/b", "C/c?"]
    with pytest.raises(FormatError, match="more than its head promised"):
        read([body], replace(head, content_bytes=8))
    wrong = [found.entries[1], found.entries[0], found.entries[2]]
    raw = b"".join(f"0\0{placed.entry.label}\n".encode() + b"page" for placed in wrong)
    with pytest.raises(FormatError, match="C/a does not stand where it must in its book"):
        read(list(route.packed([wire.text(data), raw], route.FULL, route.ZSTD, 1000)), head)


def test_a_patch_may_not_bring_a_path_of_a_book_into_another_item() -> None:
    added = Added(Placed(0, Entry("C/what?", PAGE, "", 4, "")), None)
    delta = Delta((), (), (added,))
    assert [each.entry.path for each in listing.apply([], delta, {}, "p", frozenset({0}))] == ["C/what?"]
    with pytest.raises(FormatError, match="can not be taken"):
        list(listing.apply([], delta, {}, "p"))


def test_an_item_that_becomes_a_book_of_entries_keeps_nothing() -> None:
    laid_out = Item("beans", "book", "en", "B", "B.", "CC0-1.0", 4, 1, "c" * 64, ATTRIBUTES, ())
    whole = replace(laid_out, attributes={key: ATTRIBUTES[key] for key in ATTRIBUTES if key != kinds.LAID_OUT})
    old, new = (
        Manifest("beans", 1, {"en": "B"}, {"en": "B."}, "Federation", "CC0-1.0", (item,)) for item in (whole, laid_out)
    )
    assert unpack.items_between(old, new) == {}
    assert unpack.items_between(new, new) == {0: 0}
    assert (whole.installed_bytes, laid_out.installed_bytes) == (4, 1000 + book.LISTED.size)
    assert (whole.installed_as, laid_out.installed_as) == ("c" * 64, "a" * 64)
