"""A film or sound in a book, as the server in front takes it: piece by piece, when the phone has room for the next.

True always: a phone that takes a film slowly, or stops in the middle, keeps one piece in memory and no thread busy;
what is not the file any more that was begun is cut off.
"""

from __future__ import annotations

import io

from kiosk.config import Site
from kiosk.portal.reading import service
from kiosk.portal.reading.service import ServiceDown

PIECE_BYTES = 1 << 18
SECONDS = 5.0
"""How long a piece may take: others wait meanwhile."""


class Passage(io.RawIOBase):
    """Some bytes of a file of a book, to be read and sought in like an open file.

    Args:
        kiwix: where kiwix-serve listens.
        target: the path of the file there, quoted.
        first: the place of the first byte.
        count: how many bytes.
        whole: how many bytes the file has, "*" when that is not told.
    """

    def __init__(self, kiwix: Site, target: str, first: int, count: int, whole: str) -> None:
        super().__init__()
        self._kiwix, self._target, self._whole = kiwix, target, whole
        self._first, self._count = first, count
        self._place = 0
        self._piece, self._piece_at = b"", 0

    def seekable(self) -> bool:
        """Tell that it can be sought in."""
        return True

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def tell(self) -> int:
        """Return the place that is read next."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._count}[whence]
        self._place = max(0, start + offset)
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes: at least one, unless it is at its end.

        Raises:
            ServiceDown: kiwix-serve has the file no more.
        """
        if self._place >= self._count:
            return b""
        at = self._place - self._piece_at
        if not 0 <= at < len(self._piece):
            self._fetch()
            at = 0
        data = self._piece[at:] if size < 0 else self._piece[at : at + size]
        self._place += len(data)
        return data

    def _fetch(self) -> None:
        start = self._first + self._place
        count = min(PIECE_BYTES, self._count - self._place)
        wanted = f"bytes={start}-{start + count - 1}"
        answer = service.ask(self._kiwix, self._target, wanted=wanted, seconds=SECONDS)
        data = answer.data(count)
        told = answer.headers.get("Content-Range", "")
        if answer.status != 206 or len(data) != count or told.rpartition("/")[2] != self._whole:
            raise ServiceDown(f"{self._target} is another file than before")
        self._piece, self._piece_at = data, self._place
