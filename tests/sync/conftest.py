"""A federation that can be made to sign anything, and a kiosk that trusts its root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.making import MovableClock
from tests.sync.federation import Federation, Kiosk


@pytest.fixture
def federation() -> Federation:
    return Federation(MovableClock())


@pytest.fixture
def kiosk(federation: Federation, tmp_path: Path) -> Iterator[Kiosk]:
    made = Kiosk(tmp_path / "kiosk", federation)
    yield made
    made.conn.close()


@pytest.fixture
def settled(kiosk: Kiosk, federation: Federation) -> Kiosk:
    """A kiosk that has taken two releases; the third is out."""
    federation.release("stable", "members", 1)
    kiosk.refresh()
    federation.release("stable", "members", 2)
    kiosk.refresh()
    federation.release("stable", "members", 3)
    return kiosk
