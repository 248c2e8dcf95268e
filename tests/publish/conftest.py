"""Fixtures of the publisher's tests."""

from __future__ import annotations

import pytest

from tests.making import Village
from tests.publish.holding import Federation


@pytest.fixture
def federation(village: Village) -> Federation:
    """A federation whose keys lie with several holders."""
    return Federation(village)
