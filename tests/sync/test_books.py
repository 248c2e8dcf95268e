"""A new edition of a book costs what changed in it, and comes out as its publisher has it."""

from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path

import pytest

from kiosk.errors import FormatError
from kiosk.packs import kinds
from kiosk.packs.listing import Placed
from kiosk.publish.build import BuiltPack, build
from kiosk.store.books import LISTING
from kiosk.sync import books
from kiosk.sync.old_entries import OldEntries
from tests.making import CHANNEL, Village, no_books
from tests.sync.book_editions import contents, pages, write_book_recipe, write_zim
from tests.whole_path.running import REAL_BOOKS

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
        return zim, self.release_zim(zim)

    def release_zim(self, *zims: Path) -> BuiltPack:
        """Release books that are there."""
        self.editions += not zims[0].is_relative_to(self.folder)
        folder = write_book_recipe(self.folder / "recipe", zims, self.editions)
        built = build(folder, self.folder / "built", no_books)
        self.village.repository.release([built], CHANNEL)
        return built

    def release_two(self, one: dict[str, str], other: dict[str, str]) -> tuple[Path, Path, BuiltPack]:
        """Release a pack of two books; return their ZIMs and the built pack."""
        zims = [
            write_zim(self.folder / name, self.folder / f"{name}.zim", found)
            for name, found in (("one", one), ("other", other))
        ]
        self.editions = 1
        return zims[0], zims[1], self.release_zim(*zims)

    def has(self, zim: Path, built: BuiltPack) -> bool:
        """Tell whether the village has an edition: all that is in its ZIM, in the file that was signed."""
        return contents(self.installed) == contents(zim) and sha256(self.installed) == of_zim(built)["sha256"]

    def came(self) -> int:
        """Sync, and return how many bytes of blobs came."""
        self.village.mirror.asked.clear()
        self.village.agent().run()
        return self.fetched()

    def fetched(self) -> int:
        """Return how many bytes of blobs the mirror was asked for."""
        blobs = {path for path in self.village.mirror.asked if path.startswith("blobs/")}
        return sum((self.village.repository.folder / path).stat().st_size for path in blobs)

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


def test_a_new_edition_comes_by_a_patch_and_is_the_file_of_the_publisher(publisher: Publisher) -> None:
    first, built = publisher.release(pages(300))
    publisher.village.agent().run()
    assert contents(publisher.installed) == contents(first)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]
    assert publisher.installed.stat().st_size == of_zim(built)["size_bytes"]
    second, built = publisher.release(pages(300, changed={7, 123}, more=3))
    full = built.head.full.route_bytes
    came = publisher.came()
    assert came < full / 5
    assert contents(publisher.installed) == contents(second)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]
    assert subprocess.run(["zimcheck", "-A", publisher.installed], capture_output=True, check=False).returncode == 0


def test_clusters_of_which_nothing_changed_are_taken_over(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.release(pages(300))
    publisher.village.agent().run()
    publisher.release(pages(300, changed={7}))
    found: list[bool] = []
    look = books._unchanged

    def noted(cluster: list[Placed], old: OldEntries) -> bytes | None:
        raw = look(cluster, old)
        found.append(raw is not None)
        return raw

    monkeypatch.setattr(books, "_unchanged", noted)
    publisher.village.agent().run()
    assert sum(found) >= 3
    assert found.count(False) < len(found)


def flip(path: Path, at: int) -> None:
    """Change a bit of an installed file."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("part", [0.1, 0.5])
def test_of_a_book_that_the_card_damaged_a_cluster_comes(publisher: Publisher, part: float) -> None:
    publisher.release(pages(300))
    publisher.village.agent().run()
    flip(publisher.installed, int(publisher.installed.stat().st_size * part))
    second, built = publisher.release(pages(300, changed={7, 250}, more=2))
    mirror = publisher.village.mirror
    mirror.asked.clear()
    came = publisher.village.agent().run().fetched_bytes
    assert came < built.head.full.route_bytes * 0.8
    assert not {f"blobs/{blob.sha256[:2]}/{blob.sha256}" for blob in built.head.full.blobs} & set(mirror.asked)
    assert contents(publisher.installed) == contents(second)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]


@pytest.mark.parametrize(("name", "at"), [(Path(FILE).name, 30), (Path(FILE).name, -2000), (LISTING, 50)])
def test_a_book_of_which_the_card_damaged_the_listing_comes_whole(publisher: Publisher, name: str, at: int) -> None:
    publisher.release(pages(40))
    publisher.village.agent().run()
    damaged = publisher.installed.with_name(name)
    flip(damaged, at % damaged.stat().st_size)
    second, built = publisher.release(pages(40, changed={7}))
    publisher.village.agent().run()
    assert contents(publisher.installed) == contents(second)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]


@pytest.mark.parametrize("seed", range(4))
def test_wherever_the_card_damaged_a_book_the_next_edition_comes_out_right(publisher: Publisher, seed: int) -> None:
    chance = random.Random(seed)
    publisher.release(pages(60))
    publisher.village.agent().run()
    for _ in range(chance.choice((1, 3, 20))):
        flip(publisher.installed, chance.randrange(publisher.installed.stat().st_size))
    second, built = publisher.release(pages(60, changed={7, 30}, more=1))
    publisher.village.agent().run()
    assert contents(publisher.installed) == contents(second)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]


def test_books_and_what_they_have_in_common_go_from_one_to_the_other(publisher: Publisher) -> None:
    one, other, _ = publisher.release_two(pages(30), pages(10, changed={1, 2}))
    publisher.village.agent().run()
    publisher.editions = 2
    publisher.release_zim(other, one)
    publisher.village.agent().run()
    second = publisher.village.state.current / "manual/manual-1/en/manual_manual-1_en.zim"
    assert contents(publisher.installed) == contents(other)
    assert contents(second) == contents(one)


@pytest.mark.parametrize("name", ["wikibooks_be_2017-02.zim", "wikipedia_en_ray_charles.zim", "small.zim"])
def test_real_books_come_out_as_they_are(publisher: Publisher, name: str) -> None:
    if not (REAL_BOOKS / name).is_file():
        pytest.skip("the real books are not beside this folder")
    built = publisher.release_zim(REAL_BOOKS / name)
    publisher.village.agent().run()
    assert contents(publisher.installed) == contents(REAL_BOOKS / name)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]


def test_a_book_that_is_cut_short_is_refused_with_its_name(publisher: Publisher) -> None:
    zim = write_zim(publisher.folder / "pages", publisher.folder / "1.zim", pages(3))
    with zim.open("r+b") as file:
        file.truncate(zim.stat().st_size - 100)
    publisher.editions = 1
    with pytest.raises(FormatError, match=r"manual-0\.zim: has"):
        publisher.release_zim(zim)
