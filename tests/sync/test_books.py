"""A new edition of a book costs what changed in it, and comes out as its publisher has it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kiosk.packs import kinds
from kiosk.publish.build import BuiltPack, build
from tests.making import CHANNEL, Village, no_books
from tests.sync.book_editions import contents, pages, write_book_recipe, write_zim

FILE = "manual/manual/en/manual_en.zim"


class Publisher:
    """Releases editions of one book to a village."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.village = Village(folder / "village")
        self.editions = 0

    def release(self, found: dict[str, str]) -> tuple[Path, BuiltPack]:
        """Release an edition; return its ZIM and the built pack."""
        self.editions += 1
        zim = write_zim(self.folder / f"pages-{self.editions}", self.folder / f"{self.editions}.zim", found)
        folder = write_book_recipe(self.folder / "recipe", zim, self.editions)
        built = build(folder, self.folder / "built", no_books)
        self.village.repository.release([built], CHANNEL)
        return zim, built

    @property
    def installed(self) -> Path:
        return self.village.state.current / FILE


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def of_zim(built: BuiltPack) -> dict[str, object]:
    found: dict[str, object] = built.manifest.items[0].attributes[kinds.LAID_OUT]
    return found


def test_a_book_is_installed_and_a_new_edition_comes_by_a_patch(publisher: Publisher) -> None:
    first, built = publisher.release(pages(300))
    publisher.village.agent().run()
    assert contents(publisher.installed) == contents(first)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]
    assert publisher.installed.stat().st_size == of_zim(built)["size_bytes"]
    second, built = publisher.release(pages(300, changed={7, 123}, more=3))
    publisher.village.mirror.asked.clear()
    publisher.village.agent().run()
    assert contents(publisher.installed) == contents(second)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]
