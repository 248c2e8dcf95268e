"""Fixtures that tests of backups share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.kiosks import Kiosk


@pytest.fixture
def kiosks(tmp_path: Path) -> Iterator[tuple[Kiosk, Kiosk]]:
    one, other = Kiosk(tmp_path / "one"), Kiosk(tmp_path / "other")
    one.fill()
    with closing(one.conn), closing(other.conn):
        yield one, other
