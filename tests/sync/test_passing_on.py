"""From kiosk to kiosk: by a cable, by a stick, and the same everywhere to the byte."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import MirrorError
from kiosk.publish.build import build
from kiosk.store.state import State
from kiosk.sync.agent import Agent
from kiosk.sync.carry import export_to
from kiosk.sync.holdings import Holdings
from kiosk.sync.mirrors import FolderMirror, HttpMirror, Mirror
from kiosk.sync.neighbours import Neighbour, announced, find, repositories
from kiosk.sync.sharing import create_sharing
from tests.making import CHANNEL, Village, book_recipe, config, no_books, zim_bytes
from tests.serving import served
from tests.sync.origin import noise

WIRE, LOOPBACK = ["127.0.0.1"], [IPv4Interface("127.0.0.9/8")]


class Peer:
    """Another kiosk that follows the same federation."""

    def __init__(self, village: Village, name: str) -> None:
        self._clock = village.clock
        self._config = config(village.folder / name, village.config.sync.trusted_root)
        self.state = State(self._config.state)

    def sync(self, mirror: Mirror) -> None:
        Agent(self._config, [mirror], self._clock, wait=lambda seconds: None).run()


@pytest.fixture
def village(village: Village) -> Village:
    """A federation with a course and a book that is a medium, and a kiosk that has both from the internet."""
    book = build(book_recipe(village.folder / "book", zim_bytes(noise(150_000))), village.folder / "built", no_books)
    village.release()
    village.repository.release([book], CHANNEL)
    village.agent().run()
    return village


def sharing(state: State) -> Callable[..., Any]:
    """Return what `kiosk serve mirror` serves of a kiosk."""
    return create_sharing(Holdings(state.folder))


def installed(state: State) -> dict[str, bytes]:
    """Return the current generation, file by file."""
    current = state.current.resolve()
    return {str(path.relative_to(current)): path.read_bytes() for path in sorted(current.rglob("*")) if path.is_file()}


def test_a_kiosk_finds_its_neighbour_and_gets_all_from_it(village: Village) -> None:
    known = repositories(village.config.sync.trusted_root.read_bytes(), village.state.trust)
    peer = Peer(village, "peer")
    with served(sharing(village.state)) as port, announced(Neighbour("Next door", ("127.0.0.1",), port, known), WIRE):
        (neighbour,) = find(known, 3, interfaces=WIRE, networks=LOOPBACK)
        peer.sync(neighbour.mirror())
    assert installed(peer.state) == installed(village.state)


def test_internet_stick_and_neighbour_bring_the_same_to_the_byte(village: Village, tmp_path: Path) -> None:
    stick, by_stick, by_neighbour = tmp_path / "stick", Peer(village, "by-stick"), Peer(village, "by-neighbour")
    stick.mkdir()
    assert all(pack.from_nothing for pack in export_to(stick, village.state).packs)  # all but segments, for repair
    by_stick.sync(FolderMirror(stick))
    with served(sharing(village.state)) as port:
        by_neighbour.sync(HttpMirror(f"http://127.0.0.1:{port}", metered=False))
    assert installed(by_stick.state) == installed(by_neighbour.state) == installed(village.state)


def test_what_came_by_stick_goes_on_by_stick(village: Village, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    middle, last = Peer(village, "middle"), Peer(village, "last")
    export_to(first, village.state)
    middle.sync(FolderMirror(first))
    export_to(second, middle.state)
    last.sync(FolderMirror(second))
    assert installed(last.state) == installed(village.state)


def test_an_update_is_passed_on_as_it_came_and_what_it_can_not_do_is_told(village: Village, tmp_path: Path) -> None:
    stick, peer, fresh = tmp_path / "stick", Peer(village, "peer"), Peer(village, "fresh")
    stick.mkdir()
    export_to(stick, village.state)
    peer.sync(FolderMirror(stick))
    village.release(version=2, text="Each has one vote.")
    village.agent().run()
    done = export_to(stick, village.state)
    assert {pack.pack: pack.from_nothing for pack in done.packs} == {"book": True, "members": False}
    peer.sync(FolderMirror(stick))
    assert installed(peer.state) == installed(village.state)
    with pytest.raises(MirrorError, match="no mirror has it"):
        fresh.sync(FolderMirror(stick))
    assert export_to(stick, village.state, [village.mirror]).is_complete
    fresh.sync(FolderMirror(stick))
    assert installed(fresh.state) == installed(village.state)
