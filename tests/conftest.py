"""Fixtures that many tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.making import Village


@pytest.fixture
def village(tmp_path: Path) -> Village:
    """A federation with an empty repository, and a fresh kiosk that follows it."""
    return Village(tmp_path)
