"""What is wrong within a book is found by lint, as build would find it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.errors import FormatError
from kiosk.packs.zim import NO_PAGE
from kiosk.publish.build import build, lint
from tests.making import no_books
from tests.sync.book_editions import pages, write_book_recipe, write_zim
from tests.zims import PAGES, PLAIN, made, with_checksum


@pytest.fixture
def zim(tmp_path: Path) -> Path:
    return write_zim(tmp_path / "pages", tmp_path / "book.zim", pages(150))


def spoil(zim: Path, *, checksum: bool) -> None:
    """Put zeros in the middle, and a checksum that fits them if that is asked."""
    data = bytearray(zim.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = bytes(4096)
    zim.write_bytes(with_checksum(bytes(data)) if checksum else data)


@pytest.mark.parametrize("checksum", [False, True], ids=["wrong checksum", "right checksum"])
def test_a_spoiled_book_is_found_by_lint_as_by_build(tmp_path: Path, zim: Path, checksum: bool) -> None:
    spoil(zim, checksum=checksum)
    folder = write_book_recipe(tmp_path / "recipe", [zim], 1)
    (problem,) = lint(folder)
    assert problem.place == str(folder / "manual-0.zim")
    assert problem.hint
    with pytest.raises(FormatError) as told:
        build(folder, tmp_path / "built", no_books)
    assert problem.message in str(told.value)


@pytest.mark.parametrize("version", [(6, 0), (6, 1)], ids=["old namespaces", "new namespaces"])
def test_a_book_that_would_be_empty_is_refused(tmp_path: Path, version: tuple[int, int]) -> None:
    zim = tmp_path / "book.zim"
    listing = replace(PAGES[-1], data=b"", cluster=0)
    zim.write_bytes(made((listing,), (PLAIN,), version, NO_PAGE).whole())
    folder = write_book_recipe(tmp_path / "recipe", [zim], 1)
    (problem,) = lint(folder)
    assert "no entry of it travels" in problem.message
    with pytest.raises(FormatError, match="no entry of it travels"):
        build(folder, tmp_path / "built", no_books)


@pytest.mark.parametrize("media_type", ["redirect", "text/html page"])
def test_a_media_type_that_would_come_out_as_another_is_refused(tmp_path: Path, media_type: str) -> None:
    zim = tmp_path / "book.zim"
    zim.write_bytes(made((*PAGES[:2], replace(PAGES[2], type=media_type), *PAGES[3:])).whole())
    folder = write_book_recipe(tmp_path / "recipe", [zim], 1)
    (problem,) = lint(folder)
    assert f"C/c.png: 'zim: {media_type}' is no type of an entry of a book" in problem.message
    assert "as_it_is" in str(problem.hint)
    with pytest.raises(FormatError, match="is no type of an entry"):
        build(folder, tmp_path / "built", no_books)


def test_every_spoiled_book_is_told_and_a_sound_one_not(tmp_path: Path, zim: Path) -> None:
    sound = zim.with_name("sound.zim")
    sound.write_bytes(zim.read_bytes())
    spoil(zim, checksum=True)
    folder = write_book_recipe(tmp_path / "recipe", [zim, sound, zim], 1)
    assert [Path(each.place).name for each in lint(folder)] == ["manual-0.zim", "manual-2.zim"]


def test_lint_keeps_nothing_of_a_book_and_tells_how_far_it_is(
    tmp_path: Path, zim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.publish.content.Content.keep", None)
    told: list[tuple[str, int, int]] = []
    assert lint(write_book_recipe(tmp_path / "recipe", [zim], 1), lambda *each: told.append(each)) == []
    assert told[0][:2] == ("reading manual-0.zim", 0)
    assert told[0][2] >= 150
