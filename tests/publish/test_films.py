"""Films and sounds inside a lesson: their sizes, captions and still picture, from the recipe to the kiosk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.publish.build import build, lint
from tests.films import MP4, VTT, WEBM, late_index
from tests.making import Village, course_recipe, no_books
from tests.sounds import silence

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
SHOWN = "![How to stack sacks](../media/sacks.mp4)"


def filmed(folder: Path, text: str = SHOWN, **files: bytes) -> Path:
    """Write the small recipe whose lesson shows a film; `files` are in the course's `media`, _ for a dot."""
    course_recipe(folder, text=f"Look:\n\n{text}\n\nThat is how.")
    media = folder / "course" / "media"
    media.mkdir(exist_ok=True)
    for name, data in (files or {"sacks_240p_mp4": MP4}).items():
        (media / name.replace("_", ".")).write_bytes(data)
    return folder


def told(folder: Path) -> str:
    return "\n".join(str(problem) for problem in lint(folder))


def test_every_size_is_media_of_the_lesson(tmp_path: Path) -> None:
    folder = filmed(
        tmp_path / "recipe", sacks_720p_mp4=MP4 + bytes(8), sacks_240p_mp4=MP4, sacks_en_vtt=VTT, sacks_fr_vtt=VTT,
        sacks_png=PNG, other_mp4=MP4,
    )  # fmt: skip
    pack = build(folder, tmp_path / "out", no_books)
    course = pack.manifest.items[0]
    assert [(each.entry.path, each.entry.type) for each in course.media] == [
        ("media/sacks.240p.mp4", "video/mp4"), ("media/sacks.720p.mp4", "video/mp4"),
    ]  # fmt: skip
    village = Village(tmp_path / "village")
    village.repository.release([pack], "stable")
    village.agent().run()
    there = village.state.current / "members/members/en"
    assert (there / "media/sacks.240p.mp4").read_bytes() == MP4
    assert (there / "media/sacks.vtt").read_bytes() == VTT, "the captions of the text's language"
    assert (there / "media/sacks.png").read_bytes() == PNG
    assert not (there / "media/sacks.fr.vtt").exists()
    assert not (there / "media/other.mp4").exists()
    html = (there / "lessons/01-members.html").read_text()
    assert '<p><img src="media/sacks.mp4" alt="How to stack sacks" /></p>' in html


def test_sounds_and_webm_are_taken(tmp_path: Path) -> None:
    text = "![A song](../media/song.mp3)\n\n![A dance](../media/dance.webm)"
    assert lint(filmed(tmp_path, text, song_mp3=silence(), dance_webm=WEBM)) == []


def test_a_notice_may_show_a_film(tmp_path: Path) -> None:
    folder = filmed(tmp_path)
    (folder / "fair.mp4").write_bytes(MP4)
    (folder / "notice.md").write_text("![The fair](fair.mp4)\n")
    assert lint(folder) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("![](../media/sacks.mp4)", "has no text (say in [ ] what it shows)"),
        (f"Look {SHOWN} here", "a film or sound stands in a line with other text (give it its own paragraph)"),
        (f"- {SHOWN}\n- b", "give it its own paragraph"),
        (f"## {SHOWN}", "give it its own paragraph"),
        ("![x](../media/none.mp4)", "there is no film or sound 'media/none.mp4'"),
        ("![x](../../../media/sacks.mp4)", "'../../../media/sacks.mp4' can not be taken"),
        ("![x](../media/sacks.webm)", "there is no film or sound"),
        ("![x](../media/sacks.avi)", "is no picture, film or sound that is taken (SVG, PNG, JPEG, MP4 or MP3)"),
    ],
)
def test_a_mistake_in_the_text_is_told_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    found = told(filmed(tmp_path, text, sacks_240p_mp4=MP4))
    assert wrong in found
    assert "en.md:12" in found


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (lambda path: path.write_bytes(b"RIFF1234AVI LIST"), "this is not video/mp4 (give an MP4 with H.264 and AAC"),
        (lambda path: path.write_bytes(b""), "this is not video/mp4"),
        (lambda path: path.write_bytes(late_index()), "its index stands at the end"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "reached through the link"),
        (lambda path: path.with_name("sacks.png").write_bytes(b"GIF89a"), "this is not a PNG picture"),
        (lambda path: path.with_name("sacks.en.vtt").write_bytes(b"Karibu"), "captions begin with the line WEBVTT"),
        (lambda path: path.with_name("sacks.vtt").write_bytes(b"WEBVTT \xff"), "UTF-8"),
    ],
)
def test_a_file_that_does_not_fit_is_told(tmp_path: Path, spoil: Callable[[Path], object], wrong: str) -> None:
    folder = filmed(tmp_path)
    spoil(folder / "course" / "media" / "sacks.240p.mp4")
    assert wrong in told(folder)


def test_a_film_that_is_too_large_is_told(tmp_path: Path) -> None:
    folder = filmed(tmp_path)
    with (folder / "course" / "media" / "sacks.240p.mp4").open("r+b") as file:
        file.truncate(2_000_000_001)
    assert "2000000001 bytes, more than 2000000000" in told(folder)


def test_boxes_of_any_size_are_read(tmp_path: Path) -> None:
    start = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    for rest in (b"\x00\x00\x00\x01free" + b"\xff" * 8, b"\x00\x00\x00\x00free", b"\x00\x00\x00\x09free" * 300):
        assert "index" not in told(filmed(tmp_path, sacks_240p_mp4=start + rest))
