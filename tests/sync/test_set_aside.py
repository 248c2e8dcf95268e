"""What came of a pack that must wait for a better link is not thrown away by what other links bring meanwhile."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.errors import NoSpace
from kiosk.store import db
from tests.making import Village
from tests.sync.book_editions import pages
from tests.sync.cuts import cut_in_book
from tests.sync.test_books import Publisher, publisher
from tests.sync.test_courtesy import MB, behave, conn, paper, versions
from tests.sync.test_half_written import often, packed
from tests.sync.test_left_over import Usage
from tests.sync.test_outstanding import MEDIUM, cut, left, release
from tests.sync.test_paid_twice import METERED, sync

__all__ = ["conn", "often", "packed", "publisher"]
NUMBER = 400


@pytest.fixture
def third(village: Village, conn: db.Connection) -> Village:
    """A village that has a third of a large book, by a link that was free, and whose papers come by one that is not."""
    release(village, 1, 1)
    cut(village, MB)
    paper(village, "papers")
    behave(conn, METERED)
    return village


def missing(village: Village) -> int:
    """Return how much is still to come over a link that costs nothing."""
    village.mirror.metered = False
    found = left(village)
    village.mirror.metered = True
    return found


def aside(village: Village) -> list[Path]:
    return sorted(village.state.set_aside.glob("*"))


def size(files: list[Path]) -> int:
    return sum(path.stat().st_size for path in files)


def test_what_came_over_a_free_link_outlives_what_a_dear_one_brings(third: Village, conn: db.Connection) -> None:
    for _ in range(2):  # the second finds nothing that may come
        third.agent().run()
        assert versions(third, conn) == {"papers": 1}
        assert size(aside(third)) > MB
        assert third.state.parts_bytes() == 0, "it counts for no other pack"
        assert MEDIUM - 1.1 * MB < missing(third) < MEDIUM - 0.9 * MB
    third.mirror.metered = False
    assert third.agent().run().fetched_bytes < MEDIUM - 0.9 * MB
    assert len(versions(third, conn)) == 2
    assert not list(third.state.parts.iterdir())


def test_a_book_that_is_half_written_goes_on_where_it_was(publisher: Publisher, packed: list[int]) -> None:
    village = publisher.village
    zim, built = publisher.release(pages(NUMBER))
    cut_in_book(village.agent().run, 5)
    with closing(db.connect(village.state.database)) as conn:
        behave(conn, METERED)
    paper(village, "papers")
    village.agent().run()
    assert {path.suffix for path in aside(village)} == {"", ".book", ".starts"}
    village.mirror.metered = False
    packed.clear()
    assert publisher.came() == 0
    written = len(packed)
    assert publisher.has(zim, built)
    shutil.rmtree(village.state.folder)
    packed.clear()
    village.agent().run()
    assert written < len(packed) - 3


def test_it_is_never_more_than_the_packs_that_wait_will_take(third: Village) -> None:
    for version in (2, 3, 4):
        third.agent().run()
        assert MB <= size(aside(third)) <= MEDIUM + 10_000
        release(third, version, version)
        sync(third, MB)
    sync(third, 3 * MB // 2)
    third.agent().run()
    assert size(aside(third)) <= MEDIUM + 10_000, "what was of no use went"
    assert missing(third) < 0.6 * MB


def test_a_look_or_a_choice_that_is_taken_back_loses_nothing(third: Village, conn: db.Connection) -> None:
    third.agent().run()
    before = size(aside(third))
    behave(conn, replace(METERED, packs=("papers",)))
    third.agent().offer()
    behave(conn, METERED)
    third.agent().offer()
    assert size(aside(third)) == before


@pytest.mark.parametrize("helps", [True, False])
def test_it_makes_room_for_what_may_come_now_where_that_is_enough(
    third: Village, monkeypatch: pytest.MonkeyPatch, helps: bool
) -> None:
    third.agent().run()
    paper(third, "papers", 1000 if helps else 9 * MB // 10, version=2)
    free = third.config.sync.spare_bytes + 100 if helps else 100
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, free + (0 if aside(third) else MB)))
    if helps:
        assert third.agent().run().changes
        assert aside(third) == []
        return
    before = aside(third)
    with pytest.raises(NoSpace):
        third.agent().run()
    assert aside(third) == before


def test_the_console_counts_it_when_nothing_waits(third: Village) -> None:
    third.agent().run()
    assert third.state.parts_bytes() == 0
    assert third.state.parts_bytes(aside=True) == size(aside(third)) > MB


def test_more_of_a_file_is_not_replaced_by_less(third: Village) -> None:
    third.agent().run()
    largest = max(aside(third), key=lambda path: path.stat().st_size)
    (third.state.parts / largest.name).write_bytes(largest.read_bytes()[:1000])
    third.agent().run()
    assert size(aside(third)) > MB


def test_what_is_no_folder_in_its_place_goes(third: Village, conn: db.Connection) -> None:
    third.state.set_aside.symlink_to("nowhere")
    third.agent().run()
    assert versions(third, conn) == {"papers": 1}
    assert size(aside(third)) > MB


@pytest.mark.parametrize("moves", range(1, 4))
@pytest.mark.parametrize("back", [False, True], ids=["put aside", "brought back"])
def test_a_cut_while_it_is_moved_loses_nothing(
    third: Village, monkeypatch: pytest.MonkeyPatch, moves: int, back: bool
) -> None:
    if back:
        third.agent().run()
        third.mirror.metered = False
    rename, done = Path.rename, list[Path]()

    def cut_off(path: Path, target: Path) -> Path:
        if third.state.set_aside in (path.parent, Path(target).parent):
            done.append(path)
            if len(done) == moves:
                raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", cut_off)
        with pytest.raises(KeyboardInterrupt):
            third.agent().run()
    third.mirror.metered = True
    third.agent().run()
    assert MEDIUM - 1.1 * MB < missing(third) < MEDIUM - 0.9 * MB
