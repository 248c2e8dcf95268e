"""Building: the same sources give the same bytes, and what was built is what a kiosk will read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import FormatError
from kiosk.packs import blobs, manifest
from kiosk.publish import build as building
from kiosk.publish.build import build, read_built
from tests.making import course_recipe, no_books, recipe, write_recipe


def test_a_build_is_reproducible(tmp_path: Path) -> None:
    first = build(course_recipe(tmp_path / "a"), tmp_path / "out1", no_books)
    second = build(course_recipe(tmp_path / "b"), tmp_path / "out2", no_books)
    assert first.head == second.head
    assert first.manifest == second.manifest


def test_every_item_has_what_the_product_promises(tmp_path: Path) -> None:
    built = read_built(build(course_recipe(tmp_path / "a"), tmp_path / "out", no_books).folder)
    for item in built.manifest.items:
        assert item.title
        assert item.summary
        assert item.language == "en"
        assert item.licence == "CC-BY-SA-4.0"
        assert item.size_bytes > 0


def test_a_lesson_becomes_a_fragment_with_its_picture(tmp_path: Path) -> None:
    built = build(course_recipe(tmp_path / "a"), tmp_path / "out", no_books)
    course = built.manifest.items[0]
    entries = {entry.path: entry for entry in course.entries}
    assert set(entries) == {"lessons/01-members.html", "quizzes/01-members.json", "pictures/hand.svg"}
    html = (built.folder / blobs.location(entries["lessons/01-members.html"].sha256)).read_text()
    assert '<img src="pictures/hand.svg" alt="A hand" />' in html


def test_a_large_file_is_cut_into_blobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (building, manifest):
        monkeypatch.setattr(module, "BLOB_BYTES", 1000)
    monkeypatch.setattr(building, "PIECE_BYTES", 100)
    folder = course_recipe(tmp_path / "a")
    content = bytes(range(250)) * 10
    (folder / "rules.txt").write_bytes(content)
    built = build(folder, tmp_path / "out", no_books)
    entry = next(item for item in built.manifest.items if item.kind == "document").entries[0]
    assert [size for _, size in entry.pieces()] == [1000, 1000, 500]
    assert b"".join((built.folder / blobs.location(blob)).read_bytes() for blob in entry.blobs) == content
    assert entry.sha256 == hashlib.sha256(content).hexdigest()


def test_an_empty_file_is_one_empty_blob(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path / "a")
    (folder / "rules.txt").write_bytes(b"")
    entry = build(folder, tmp_path / "out", no_books).manifest.items[2].entries[0]
    assert (entry.size_bytes, entry.blobs) == (0, ())


def test_a_document_of_an_unknown_type_is_refused(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path / "a")
    (folder / "page.html").write_text("<script>alert(1)</script>")
    value: dict[str, Any] = recipe()
    value["items"][2]["translations"]["en"]["files"] = ["page.html"]
    write_recipe(folder, value)
    with pytest.raises(FormatError, match="a document of this type is not taken"):
        build(folder, tmp_path / "out", no_books)


def test_a_changed_build_is_not_taken(tmp_path: Path) -> None:
    built = build(course_recipe(tmp_path / "a"), tmp_path / "out", no_books)
    path = built.folder / blobs.location(built.head.manifest_sha256)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(FormatError, match=built.head.manifest_sha256):
        read_built(built.folder)
