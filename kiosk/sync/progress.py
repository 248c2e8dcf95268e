"""The progress of what a meter counts, for whoever watches a sync."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.sync.meter import Meter
from kiosk.sync.mirrors import Mirror

Progress = Callable[[int, int, str], None]
"""Told (bytes done, bytes in all, pack) as bytes arrive."""


class Counted:
    """A meter that also tells the progress towards `total` bytes; `what` names the pack that is fetched."""

    def __init__(self, meter: Meter, total: int, progress: Progress) -> None:
        self.what = ""
        self._meter = meter
        self._before = meter.total_bytes
        self._total = total
        self._progress = progress

    def __call__(self, mirror: Mirror, count: int) -> None:
        """Count bytes that arrived from a mirror. Raises what the meter raises."""
        self._meter(mirror, count)
        self._progress(min(self._meter.total_bytes - self._before, self._total), self._total, self.what)
