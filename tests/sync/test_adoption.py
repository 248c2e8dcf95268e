"""A book that somebody brings on a stick is taken from there, and its pack costs the rest alone."""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import pytest

from kiosk.packs import kinds
from kiosk.packs.listing import Placed
from kiosk.packs.zim_reader import Zim
from kiosk.store import db, events, offers
from kiosk.sync import adopting, brought
from kiosk.sync.agent import Agent
from kiosk.sync.by_hand import Stick
from kiosk.sync.mirrors import FolderMirror, Mirror
from kiosk.sync.session import Outcome
from tests.sync.book_editions import contents, pages, write_zim
from tests.sync.test_books import Publisher, of_zim, sha256

NUMBER = 200


class Hand:
    """An operator with a stick, at the kiosk of a publisher's village."""

    def __init__(self, folder: Path) -> None:
        self.publisher = Publisher(folder)
        self.village = self.publisher.village
        self.stick = folder / "stick"
        self.stick.mkdir()

    def put(self, zim: Path, name: str = "books/anything.ZIM") -> Path:
        place = self.stick / name
        place.parent.mkdir(exist_ok=True, parents=True)
        shutil.copyfile(zim, place)
        return place

    def look(self) -> None:
        self.village.agent().offer()

    def plug(self, *, repository: bool = False) -> Outcome:
        """Put the stick in, without a network unless the stick has the repository."""
        mirror: Mirror = self.village.mirror if repository else FolderMirror(self.village.state.trust)
        stick = Stick(brought.on(self.stick), repository)
        return Agent(self.village.config, [mirror], self.village.clock, stick=stick, wait=lambda seconds: None).run()

    def to_fetch(self, pack: str = "manual") -> int:
        """Return what the console says is to be fetched."""
        conn = db.connect(self.village.state.database)
        try:
            return offers.all_of(conn)[pack].download_bytes(0)
        finally:
            conn.close()

    def told(self, kind: str) -> list[dict[str, object]]:
        conn = db.connect(self.village.state.database)
        try:
            return [each.detail for each in events.last(conn, kind, 100)]
        finally:
            conn.close()


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path)


def test_a_book_from_a_stick_is_installed_without_a_network_and_takes_patches_from_then_on(hand: Hand) -> None:
    zim, built = hand.publisher.release(pages(NUMBER))
    hand.look()
    assert hand.to_fetch() == built.head.full.route_bytes
    hand.put(zim)
    hand.village.mirror.asked.clear()
    outcome = hand.plug()
    assert (outcome.books.taken, outcome.books.refused) == (("A manual",), ())
    assert hand.village.mirror.asked == []
    assert contents(hand.publisher.installed) == contents(zim)
    assert sha256(hand.publisher.installed) == of_zim(built)["sha256"]
    assert not hand.village.state.brought.exists()
    assert hand.told("book.taken")[0]["title"] == "A manual"
    assert hand.told("sync.finished")[0]["books"] == ["A manual"]
    second, built = hand.publisher.release(pages(NUMBER, changed={7}))
    assert hand.publisher.came() < built.head.full.route_bytes / 5
    assert contents(hand.publisher.installed) == contents(second)


def test_a_book_that_a_kiosk_wrote_is_taken_as_it_is(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    hand.publisher.release(pages(NUMBER))
    hand.village.agent().run()
    written = hand.put(hand.publisher.installed)
    shutil.rmtree(hand.village.state.folder)
    hand.look()
    monkeypatch.setattr(adopting, "BookWriter", None)
    assert hand.plug().books.taken == ("A manual",)
    assert sha256(hand.publisher.installed) == sha256(written)


def test_a_large_book_is_written_in_several_passes(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    zim, built = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    monkeypatch.setattr(adopting, "SCRATCH_BYTES", 1)
    passes: list[int] = []
    fill = adopting._fill
    monkeypatch.setattr(adopting, "_fill", lambda *given: passes.append(fill(*given) or 1))
    hand.plug()
    assert len(passes) in (adopting.MOST_PASSES, adopting.MOST_PASSES + 1)
    assert sha256(hand.publisher.installed) == of_zim(built)["sha256"]


def test_what_the_pack_has_besides_is_fetched_by_segments_and_told(hand: Hand) -> None:
    brought_, other, built = hand.publisher.release_two(pages(NUMBER), pages(20, changed={1, 2}))
    hand.look()
    hand.put(brought_)
    outcome = hand.plug()
    assert outcome.books.taken == ("A manual",)
    assert outcome.changes == ()
    assert outcome.generation == 0
    told = hand.to_fetch()
    assert 0 < told < built.head.full.route_bytes / 2
    hand.village.agent().offer()
    assert hand.to_fetch() == told
    came = hand.village.agent().run().fetched_bytes
    assert came < built.head.full.route_bytes / 2
    assert contents(hand.publisher.installed) == contents(brought_)
    second = hand.village.state.current / "manual/manual-1/en/manual_manual-1_en.zim"
    assert contents(second) == contents(other)
    manifest = built.manifest.in_order
    assert [sha256(hand.publisher.installed), sha256(second)] == [
        item.attributes[kinds.LAID_OUT]["sha256"] for item in manifest
    ]


def _changed(zim: Path, folder: Path) -> None:
    other = write_zim(folder / "changed", folder / "changed.zim", pages(NUMBER, changed={3}))
    data = bytearray(other.read_bytes())
    data[8:24] = zim.read_bytes()[8:24]
    zim.write_bytes(data)


def _cut(zim: Path, _: Path) -> None:
    zim.write_bytes(zim.read_bytes()[:-1000])


def _spoiled(zim: Path, _: Path) -> None:
    data = bytearray(zim.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    zim.write_bytes(data)


@pytest.mark.parametrize("spoil", [_changed, _cut, _spoiled])
def test_a_book_that_is_not_what_was_signed_is_refused_in_one_line_and_the_sync_goes_on(
    hand: Hand, spoil: Callable[[Path, Path], None]
) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    spoil(hand.put(zim), hand.publisher.folder)
    outcome = hand.plug(repository=True)
    assert outcome.books.taken == ()
    assert len(outcome.books.refused) == 1
    assert contents(hand.publisher.installed) == contents(zim)
    refused = hand.told("book.refused")
    assert len(refused) == 1
    assert str(refused[0]["message"]).startswith("books/anything.ZIM: ")
    assert refused[0]["hint"]
    assert refused[0]["reason"] in ("broken", "other-edition")


def test_a_file_that_changes_while_it_is_read_is_refused(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    right = adopting._bytes

    def other(source: Zim, placed: Placed, places: array[int], waiting: BinaryIO) -> Iterable[bytes]:
        found = b"".join(right(source, placed, places, waiting))
        return [found.replace(b"maize", b"beans") if "text/html" in placed.entry.type else found]

    monkeypatch.setattr(adopting, "_bytes", other)
    outcome = hand.plug()
    assert outcome.books.refused[0].message == "books/anything.ZIM: what comes of it is not the file that was signed"
    assert outcome.generation == 0
    assert not list(hand.village.state.brought.glob("*.zim"))


def test_links_and_what_is_no_zim_are_not_read(hand: Hand, tmp_path: Path) -> None:
    zim, _ = hand.publisher.release(pages(5))
    (hand.stick / "link.zim").symlink_to(zim)
    (hand.stick / "folder").symlink_to(zim.parent)
    (hand.stick / "text.zim").write_text("no book")
    (hand.stick / "deep" / "er").mkdir(parents=True)
    shutil.copyfile(zim, hand.stick / "deep" / "er" / "a.zim")
    (hand.stick / "pipe.zim").mkdir()
    assert brought.on(hand.stick) == ()
    shutil.copyfile(zim, hand.stick / "deep" / "a.zim")
    assert [each.path for each in brought.on(hand.stick)] == ["deep/a.zim"]


def test_a_manifest_is_not_fetched_ahead_where_it_is_much_of_the_pack(hand: Hand) -> None:
    hand.publisher.release(pages(2))
    hand.look()
    assert not hand.village.state.brought.exists()


def test_a_card_without_room_refuses_the_book_with_figures(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    zim, _ = hand.publisher.release(pages(NUMBER))
    hand.look()
    hand.put(zim)
    monkeypatch.setattr(adopting, "SCRATCH_BYTES", 10**16)
    monkeypatch.setattr(adopting, "scratch_bytes", lambda item: 10**16)
    outcome = hand.plug()
    assert "are needed" in outcome.books.refused[0].message
    assert outcome.generation == 0


def test_a_book_that_the_card_spoiled_while_it_waited_is_fetched(hand: Hand) -> None:
    one, *_ = hand.publisher.release_two(pages(NUMBER), pages(20, changed={1, 2}))
    hand.look()
    hand.put(one)
    hand.plug()
    waiting = next(hand.village.state.brought.glob("*.zim"))
    with waiting.open("r+b") as file:
        file.seek(1000)
        file.write(b"x" * 10)
    hand.village.agent().run()
    assert contents(hand.publisher.installed) == contents(one)
    assert not hand.village.state.brought.exists()
