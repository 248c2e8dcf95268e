"""The one port to the time. Code that needs "now" takes a Clock, so that tests can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the time now, aware, in UTC."""


def system_clock() -> datetime:
    """Return what the machine believes to be the time (aware, UTC, whole seconds)."""
    return datetime.now(UTC).replace(microsecond=0)
