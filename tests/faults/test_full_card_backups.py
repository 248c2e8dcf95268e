"""A real card that fills up while a backup is made, restored or sent: told as such, and what was there stays."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from kiosk.errors import NoSpace
from kiosk.store import backups, db, papers, restore_orders
from tests.faults.test_full_card import Card
from tests.making import START
from tests.papers import pdf
from tests.store.kiosks import KEY, RECIPIENT, Kiosk

BIG = pdf() + os.urandom(8_000_000)
ROOM = 10**12


class Room(NamedTuple):
    """What a file system says of itself, here always too much: it fills up only after it was asked."""

    total: int = ROOM
    used: int = 0
    free: int = ROOM


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    if os.geteuid():
        pytest.skip("only root can mount a file system")
    made = Card(tmp_path)
    made.mount()
    yield made
    made.unmount()


@pytest.mark.parametrize("left_bytes", [4_000_000, 300_000, 0])
def test_a_card_that_is_full_in_the_middle_is_told(
    card: Card, left_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kiosk = Kiosk(card.folder / "state")
    with closing(kiosk.conn) as conn:
        kiosk.fill()
        with papers.drafted(kiosk.state, io.BytesIO(BIG), len(BIG), 0) as draft, db.transaction(conn):
            papers.add(conn, kiosk.state, draft, "Long", "reports", "en", START, members_only=False)
        path = kiosk.backup(RECIPIENT)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: Room())
        card.fill(left_bytes)
        with pytest.raises(NoSpace):
            kiosk.backup()
        with pytest.raises(NoSpace):
            kiosk.restore(path, KEY)
        with pytest.raises(NoSpace):
            restore_orders.receive(kiosk.state, io.BytesIO(BIG), len(BIG), 0)
        with pytest.raises(NoSpace), papers.drafted(kiosk.state, io.BytesIO(BIG), len(BIG), 0):
            pass
        card.make_room()
        assert [each.name for each in backups.all_of(kiosk.state)] == [path.name]
        assert sorted(each.name for each in (kiosk.state.folder / "backups").iterdir()) == [path.name]
        assert not (kiosk.state.folder / "restoring").exists()
        assert kiosk.restore(path, KEY).counts["papers"] == 2
