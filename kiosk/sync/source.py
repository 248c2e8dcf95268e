"""Reading small files whole from a mirror, to a limit, with every byte told to whoever keeps the budget."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.errors import TrustError
from kiosk.sync.mirrors import Mirror
from kiosk.sync.refusals import CHANGED

Meter = Callable[[Mirror, int], None]
"""Told of bytes as they arrive from a mirror; may raise a KioskError to stop."""


class Source:
    """A mirror that is read to a limit."""

    def __init__(self, mirror: Mirror, meter: Meter | None = None) -> None:
        self.mirror = mirror
        self._meter = meter

    @property
    def name(self) -> str:
        """The mirror's name."""
        return self.mirror.name

    @property
    def metered(self) -> bool:
        """Whether its bytes are paid for."""
        return self.mirror.metered

    def read(self, path: str, limit: int) -> bytes:
        """Return the bytes of a file.

        Args:
            path: in the repository.
            limit: the most bytes it may have; no more than one piece beyond it is ever taken.

        Raises:
            TrustError: it has more.
            MirrorError: it is not there (FileMissing), or can not be read.
        """
        data = bytearray()
        for piece in self.mirror.read(path):
            if self._meter:
                self._meter(self.mirror, len(piece))
            data += piece
            if len(data) > limit:
                raise TrustError(f"{self.name}/{path}: it goes on beyond the {limit:,} bytes it may have", CHANGED)
        return bytes(data)
