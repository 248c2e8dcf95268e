"""Building: the same sources give the same bytes, and what was built is what a kiosk will read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import FormatError
from kiosk.packs import blobs
from kiosk.publish import routes
from kiosk.publish.build import BuiltPack, build, read_built
from kiosk.publish.content import Content, unpacked
from tests.making import book_recipe, course_recipe, no_books, recipe, write_recipe, zim_bytes


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


def opened(built: BuiltPack, scratch: Path) -> dict[str, bytes]:
    """Return item/path -> bytes of a built pack, read back from its full route."""
    version = unpacked(built.folder, built.head, Content(scratch))
    items = version.manifest.in_order
    return {f"{items[p.item].id}/{p.entry.path}": version.content.read(p.entry.sha256) for p in version.entries}


def test_a_lesson_becomes_a_fragment_with_its_picture(tmp_path: Path) -> None:
    built = build(course_recipe(tmp_path / "a"), tmp_path / "out", no_books)
    entries = opened(built, tmp_path / "scratch")
    course = {path.partition("/")[2] for path in entries if path.startswith("members/")}
    assert course == {"lessons/01-members.html", "quizzes/01-members.json", "pictures/hand.svg"}
    assert b'<img src="pictures/hand.svg" alt="A hand" />' in entries["members/lessons/01-members.html"]


def test_a_large_file_is_media_cut_into_blobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "BLOB_BYTES", 1000)
    monkeypatch.setattr(blobs, "BLOB_BYTES", 1000)
    data = zim_bytes(bytes(range(250)) * 10)
    built = build(book_recipe(tmp_path / "a", data), tmp_path / "out", no_books)
    (media,) = built.manifest.items[0].media
    assert [blob.size_bytes for blob in media.blobs] == [1000, 1000, len(data) - 2000]
    assert b"".join((built.folder / blobs.location(blob.sha256)).read_bytes() for blob in media.blobs) == data
    assert media.entry.sha256 == hashlib.sha256(data).hexdigest()
    assert built.head.full.media_bytes == len(data)
    assert built.head.segments is None


def test_a_blob_of_several_leaves_has_a_list_of_them(tmp_path: Path) -> None:
    data = bytes(range(256)) * 600
    (blob,) = routes.keep([data], tmp_path)
    assert blob.leaf_list is not None
    listed = (tmp_path / blobs.location(blob.leaf_list.sha256)).read_bytes()
    assert len(listed) == blob.leaf_list.size_bytes == 3 * 32
    assert listed[64:] == hashlib.sha256(data[131072:]).digest()


def test_an_empty_file_is_an_entry_like_others(tmp_path: Path) -> None:
    folder = course_recipe(tmp_path / "a")
    (folder / "rules.txt").write_bytes(b"")
    built = build(folder, tmp_path / "out", no_books)
    assert opened(built, tmp_path / "scratch")["rules/rules.txt"] == b""


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
    path = built.folder / "manifest.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(FormatError, match=r"manifest\.json: its bytes are not those"):
        read_built(built.folder)
