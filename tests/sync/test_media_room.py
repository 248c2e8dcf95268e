"""Media need their room once: they are moved to their place when they came, and an update has them there already."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.packs.blobs import BLOB_BYTES
from tests.making import Village
from tests.sync.cuts import noted_most, noted_room
from tests.sync.test_outstanding import MEDIUM, release

LITTLE = 1_000_000
"""The database, its log, the route and what else a sync writes."""


def truncate(folder: Path) -> None:
    """Cut the large file, whatever links it has."""
    os.truncate(next(large(folder)), 1000)


def remove(folder: Path) -> None:
    for path in list(large(folder)):
        path.unlink()


def large(folder: Path) -> Iterator[Path]:
    return (each for each in folder.rglob("*") if not each.is_symlink() and each.stat().st_size >= MEDIUM)


@pytest.mark.parametrize("size_bytes", [MEDIUM, 2 * BLOB_BYTES], ids=["one blob", "joined blob by blob"])
def test_a_medium_needs_room_once(village: Village, monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    release(village, 1, 1, size_bytes)
    told, most = run(village, monkeypatch)
    assert size_bytes <= told < size_bytes + LITTLE
    assert size_bytes <= most < told + min(size_bytes, BLOB_BYTES) + LITTLE


def test_an_update_that_has_its_media_needs_next_to_none(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    release(village, 1, 1)
    village.agent().run()
    release(village, 2, 1)
    told, most = run(village, monkeypatch)
    assert told < LITTLE
    assert most < told + LITTLE


def test_an_update_with_another_medium_needs_room_for_that(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    release(village, 1, 1)
    village.agent().run()
    release(village, 2, 2, 4_000_000)
    told, most = run(village, monkeypatch)
    assert 4_000_000 <= told < 4_000_000 + LITTLE
    assert 4_000_000 <= most < told + LITTLE


@pytest.mark.parametrize("lose", [truncate, remove])
def test_a_medium_that_the_card_lost_is_told_as_it_will_come(
    village: Village, monkeypatch: pytest.MonkeyPatch, lose: Callable[[Path], None]
) -> None:
    release(village, 1, 1)
    village.agent().run()
    lose(village.state.folder)
    release(village, 2, 1)
    told, most = run(village, monkeypatch)
    assert MEDIUM <= told < MEDIUM + LITTLE
    assert MEDIUM <= most < told + LITTLE


def run(village: Village, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Sync; return how much room on the card was asked for, and the most that was taken."""
    village.state.prepare()
    told, most = noted_room(monkeypatch), noted_most(monkeypatch, village.state.folder)
    village.agent().run()
    assert Path(village.state.current).exists()
    return told[0].card_bytes, most[0]
