"""Which entries belong to a film, told by their names alone."""

from __future__ import annotations

import pytest

from kiosk.packs import films
from kiosk.packs.films import Film, Size
from tests.films import MP4, WEBM
from tests.sounds import M4A, silence

NEAR = [
    "media/film.240p.mp4", "media/film.720p.mp4", "media/film.1080p.mp4", "media/film.vtt", "media/film.jpg",
    "media/film.png", "media/film.360p.webm", "media/film.old.mp4", "media/other.240p.mp4", "film.240p.mp4",
]  # fmt: skip


def test_sizes_stand_from_the_smallest_with_what_is_beside() -> None:
    found = films.find("media/film.mp4", NEAR)
    sizes = tuple(Size(f"media/film.{lines}p.mp4", lines) for lines in (240, 720, 1080))
    assert found == Film(sizes, "media/film.vtt", "media/film.jpg")


def test_one_size_may_bear_the_name_itself() -> None:
    assert films.find("a.mp3", ["a.mp3"]) == Film((Size("a.mp3", None),), None, None)
    assert films.find("film.240p.mp4", ["film.240p.mp4"]) == Film((Size("film.240p.mp4", 240),), None, None)
    assert films.find("a.mp4", ["a.webm", "a.vtt", "a.jpg"]) is None


@pytest.mark.parametrize("path", ["a.mp4", "x/y.240p.mp4", "a.b.mp3", "ü.m4a", ".a.webm"])
def test_films_are_known_by_their_ending(path: str) -> None:
    assert films.is_film(path)


@pytest.mark.parametrize("path", ["", "a", ".mp4", "x/.mp4", "a.MP4", "a.mp4x", "a.svg", "a.mp4/", "a" * 237 + ".mp4"])
def test_all_else_is_none(path: str) -> None:
    assert not films.is_film(path)


def test_a_name_of_any_length_is_told_at_once() -> None:
    assert not films.is_film("a." * 500_000)


def test_the_first_bytes_fit_the_ending() -> None:
    good = {".mp4": MP4, ".webm": WEBM, ".mp3": silence(), ".m4a": M4A}
    for ending, start in good.items():
        assert films.fits(ending, start[: films.START_BYTES])
        assert not films.fits(ending, b"RIFF1234WAVEfmt ")
        assert not films.fits(ending, b"")
