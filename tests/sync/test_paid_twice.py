"""Bytes that came are not fetched again, whatever ends a sync and whatever comes between it and the next."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

import pytest

from kiosk.errors import BudgetSpent, MirrorError
from kiosk.packs import blobs
from kiosk.publish import routes
from kiosk.publish.build import build
from kiosk.store import db
from kiosk.store.settings import LinkIs, SyncSettings
from kiosk.sync import adoption, carry, mirrors, segments, stage
from kiosk.sync.agent import Agent
from tests.making import CHANNEL, FolderMirror, Village, no_books, recipe, write_recipe, zim_bytes
from tests.sync.book_editions import pages
from tests.sync.cuts import cut_within
from tests.sync.test_adoption import Hand, hand
from tests.sync.test_books import Publisher, publisher
from tests.sync.test_courtesy import MB, behave, conn, paper, versions
from tests.sync.test_outstanding import release

__all__ = ["conn", "hand", "publisher"]
METERED = SyncSettings(link=LinkIs.METERED, metered_bytes=MB)
MEDIA = 4
MEDIUM = 900_000


@dataclass
class Counting(FolderMirror):
    """Counts the bytes of blobs, and ends for good after `most`."""

    most: int = 10**9
    came: int = 0

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        for piece in super().read(path, start, end):
            if not path.startswith("blobs/"):
                yield piece
                continue
            some = piece[: self.most - self.came]
            self.came += len(some)
            if some:
                yield some
            if self.came >= self.most:
                raise MirrorError("it broke off")


def sync(village: Village, most: int = 10**9, *, metered: bool = False) -> int:
    """Sync until it ends, or so many bytes of blobs have come; return how many came."""
    mirror = Counting(village.repository.folder, most=most, metered=metered)
    try:
        Agent(village.config, [mirror], village.clock, wait=lambda seconds: None).run()
    except MirrorError:
        assert mirror.came == most
    return mirror.came


def media(village: Village, version: int = 1, title: str = "A book") -> None:
    """Release a pack of books that are taken as they are, the same in each version."""
    folder = village.folder / f"recipe-media-{version}"
    folder.mkdir()
    items = []
    for number in range(MEDIA):
        (folder / f"{number}.zim").write_bytes(zim_bytes(random.Random(number).randbytes(MEDIUM)))
        labels = {"title": f"{title} {number}", "summary": "A summary.", "zim": f"{number}.zim", "as_it_is": True}
        items.append({"id": f"book{number}", "kind": "book", "subject": "health", "translations": {"en": labels}})
    write_recipe(folder, recipe(version) | {"pack": "library", "items": items})
    village.repository.release([build(folder, village.folder / f"built{version}", no_books)], CHANNEL)


def test_media_that_are_whole_outlive_a_cut_within_the_next(village: Village) -> None:
    media(village)
    whole = MEDIA * MEDIUM
    for cut in (1, 2, 3):
        assert sync(village, MEDIUM) == MEDIUM, cut
    assert sync(village) < whole - 3 * MEDIUM + 20_000


def test_a_budget_of_a_day_brings_a_pack_of_several_media_in_some_days(village: Village, conn: db.Connection) -> None:
    media(village)
    behave(conn, SyncSettings(day_bytes=MB))
    paid = mirrors.FolderMirror(village.repository.folder)
    paid.metered = True
    for _ in range(MEDIA):
        assert versions(village, conn) == {}
        with suppress(BudgetSpent):
            Agent(village.config, [paid], village.clock).run()
        village.clock.forward(days=1)
    assert versions(village, conn) == {"library": 1}


def test_a_large_medium_that_was_joined_is_not_fetched_again(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (blobs, routes, stage, segments, carry):
        monkeypatch.setattr(each, "BLOB_BYTES", 500_000)
    release(village, 1, 1)
    cut_within(stage, "file_sha256", village.agent().run)
    assert sync(village) == 0
    assert village.state.current_number() == 1


@pytest.mark.parametrize("revised", ["before", "after"])
def test_media_wait_for_a_better_link_though_their_pack_is_revised(
    village: Village, conn: db.Connection, revised: str
) -> None:
    media(village)
    sync(village, 2 * MEDIUM)
    paper(village, "papers")
    behave(conn, METERED)
    for when in ("before", "after"):
        if when == revised:
            media(village, 2, "Another title")
        sync(village, metered=True)
    assert versions(village, conn) == {"papers": 1}
    assert sync(village) < (MEDIA - 2) * MEDIUM + 30_000


def test_segments_of_a_pack_whose_book_was_brought_wait_too(hand: Hand) -> None:
    village = hand.village
    one, _, _ = hand.publisher.release_two(pages(400), pages(300, changed=set(range(300))))
    hand.look()
    hand.put(one)
    hand.plug()
    rest = hand.to_fetch()
    sync(village, rest * 2 // 3)
    with closing(db.connect(village.state.database)) as conn:
        behave(conn, METERED)
    paper(village, "papers")
    sync(village, metered=True)
    assert sync(village) < rest * 0.6


def test_the_manifest_of_a_pack_that_waits_comes_bit_by_bit(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "MOST_SHARE", 1)
    village = publisher.village
    _, built = publisher.release(pages(100))
    village.state.prepare()
    with closing(db.connect(village.state.database)) as conn:
        behave(conn, METERED)
    third = built.head.manifest_bytes // 3 + 1
    for _ in range(3):
        assert not village.state.brought.exists()
        assert sync(village, third, metered=True) <= third
    assert village.state.brought.exists()


def test_a_neighbour_without_a_book_keeps_no_papers_from_coming(village: Village, conn: db.Connection) -> None:
    release(village, 1, 1)
    paper(village, "papers")
    behave(conn, METERED)
    near = village.folder / "near"
    shutil.copytree(village.repository.folder, near)
    shutil.rmtree(near / "blobs")
    (near / "blobs").mkdir()
    village.mirror.metered = True
    asked = [FolderMirror(near, metered=False), village.mirror]
    for _ in range(2):
        with pytest.raises(BudgetSpent, match="only packs of notices and documents"):
            Agent(village.config, asked, village.clock, wait=lambda seconds: None).run()
        assert versions(village, conn) == {"papers": 1}
    with pytest.raises(MirrorError):  # nobody else could have it
        Agent(village.config, asked[:1], village.clock, wait=lambda seconds: None).run()
