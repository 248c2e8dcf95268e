"""What the real machine says of the time."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.clock import WRITTEN
from kiosk.host import timekeeping


def test_the_machine_is_read() -> None:
    reading = timekeeping.read()
    assert abs((reading.at - datetime.now(UTC)).total_seconds()) < 5
    assert reading.built >= WRITTEN
    assert reading.vouched == timekeeping.vouched()


def test_an_operators_mark_vouches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "SET_BY_OPERATOR", tmp_path / "mark")
    assert timekeeping.vouched() == timekeeping.synchronised()
    (tmp_path / "mark").touch()
    assert timekeeping.vouched()


def test_the_image_tells_when_it_was_built(tmp_path: Path) -> None:
    assert timekeeping.built(tmp_path / "none") == WRITTEN
    epoch = tmp_path / "clock-epoch"
    epoch.touch()
    os.utime(epoch, (0, datetime(2027, 3, 1, tzinfo=UTC).timestamp()))
    assert timekeeping.built(epoch) == datetime(2027, 3, 1, tzinfo=UTC)
    os.utime(epoch, (0, 0))
    assert timekeeping.built(epoch) == WRITTEN
