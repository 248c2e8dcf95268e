"""Recordings of lessons and notices: from the recipe to the manifest, and what is not taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import FormatError
from kiosk.packs import kinds, manifest
from kiosk.publish.build import BuiltPack, build, lint
from tests.making import Village, course_recipe, no_books, recipe, write_recipe
from tests.sounds import M4A, silence


def spoken(folder: Path, lesson_sound: str = "en.mp3", notice_sound: str = "read/notice.m4a") -> Path:
    """Write the small recipe with a recording of its lesson and of its notice, and return its folder."""
    course_recipe(folder)
    page = folder / "course" / "01-members" / "en.md"
    page.write_text(page.read_text().replace("minutes: 10\n", f"minutes: 10\nsound: {lesson_sound}\n"))
    (page.parent / "en.mp3").write_bytes(silence(2))
    (folder / "course" / "sounds").mkdir(exist_ok=True)
    (folder / "course" / "sounds" / "all.mp3").write_bytes(silence(2))
    (folder / "read").mkdir(exist_ok=True)
    (folder / "read" / "notice.m4a").write_bytes(M4A)
    value: dict[str, Any] = recipe()
    value["items"][1]["translations"]["en"]["sound"] = notice_sound
    write_recipe(folder, value)
    return folder


def built(folder: Path) -> BuiltPack:
    return build(spoken(folder / "recipe"), folder / "out", no_books)


def test_recordings_are_media_that_the_manifest_names(tmp_path: Path) -> None:
    course, notice = built(tmp_path).manifest.items[:2]
    assert course.attributes["lessons"][0]["sound"] == "sounds/01-members.mp3"
    assert notice.attributes["sound"] == "notice.m4a"
    assert [(each.entry.path, each.entry.type) for each in (*course.media, *notice.media)] == [
        ("sounds/01-members.mp3", "audio/mpeg"),
        ("notice.m4a", "audio/mp4"),
    ]
    assert course.media[0].entry.size_bytes == len(silence(2))


def test_a_pack_without_recordings_says_nothing_of_them(tmp_path: Path) -> None:
    pack = build(course_recipe(tmp_path / "recipe"), tmp_path / "out", no_books)
    assert b"sound" not in pack.manifest.to_bytes()


def test_a_manifest_with_recordings_is_read_again(tmp_path: Path) -> None:
    found = built(tmp_path).manifest
    assert manifest.parse(found.to_bytes()) == found


def test_an_item_that_lacks_its_recording_is_told(tmp_path: Path) -> None:
    course, notice = built(tmp_path).manifest.items[:2]
    for item, path in ((course, "sounds/01-members.mp3"), (notice, "notice.m4a")):
        assert kinds.missing(item.kind, item.attributes, lambda each, lost=path: each != lost) == [path]  # type: ignore[misc]


def test_recordings_are_synced(tmp_path: Path) -> None:
    village = Village(tmp_path / "village")
    pack = built(tmp_path)
    village.repository.release([pack], "stable")
    village.agent().run()
    folder = village.state.current / "members"
    assert (folder / "members/en/sounds/01-members.mp3").read_bytes() == silence(2)
    assert (folder / "assembly/en/notice.m4a").read_bytes() == M4A


def test_a_recording_may_lie_elsewhere_in_the_course(tmp_path: Path) -> None:
    assert lint(spoken(tmp_path, "../sounds/all.mp3")) == []


@pytest.mark.parametrize(
    ("lesson_sound", "notice_sound", "told"),
    [
        ("fr.mp3", "read/notice.m4a", "en.md:1: there is no recording 'fr.mp3'"),
        ("../../rules.txt", "read/notice.m4a", "the recording '../../rules.txt' can not be taken"),
        ("/etc/passwd", "read/notice.m4a", "the recording '/etc/passwd' can not be taken"),
        ("en.md", "read/notice.m4a", "a recording of this type is not taken (MP3 or M4A"),
        ("7", "read/notice.m4a", "'sound' must be a text"),
        ("en.mp3", "no.mp3", "there is no file 'no.mp3'"),
        ("en.mp3", "../x.mp3", "no . or .. (a path inside"),
        ("en.mp3", "rules.txt", "a recording of this type is not taken"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, lesson_sound: str, notice_sound: str, told: str) -> None:
    folder = spoken(tmp_path, lesson_sound, notice_sound)
    assert told in "\n".join(str(problem) for problem in lint(folder))
    with pytest.raises(FormatError):
        build(folder, tmp_path / "out", no_books)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_bytes(b"RIFF1234WAVEfmt "), "this is not an MP3 recording (MP3 or M4A, one channel"),
        (lambda path: path.write_bytes(M4A), "this is not an MP3 recording"),
        (lambda path: path.write_bytes(b""), "this is not an MP3 recording"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "link"),
    ],
)
def test_what_is_no_recording_is_told(tmp_path: Path, spoil: Callable[[Path], object], told: str) -> None:
    folder = spoken(tmp_path)
    spoil(folder / "course" / "01-members" / "en.mp3")
    assert told in "\n".join(str(problem) for problem in lint(folder))


def test_a_recording_that_is_too_large_is_told(tmp_path: Path) -> None:
    folder = spoken(tmp_path)
    with (folder / "course" / "01-members" / "en.mp3").open("r+b") as file:
        file.truncate(50_000_001)
    assert "50000001 bytes, more than 50000000" in "\n".join(str(problem) for problem in lint(folder))
