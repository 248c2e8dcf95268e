"""A kiosk that fetches over a proxied link, for tests: its meter, its pauses, and what a blob must cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.errors import KioskError
from kiosk.packs.blobs import LEAF_BYTES, Blob
from kiosk.sync.fetch import Fetcher
from kiosk.sync.mirrors import HttpMirror, Mirror
from tests.sync.origin import HASTY, Origin
from tests.sync.proxy import Proxy, proxy

MIB = 1024 * 1024


@dataclass
class Meter:
    """Counts what arrives, by mirror, and may stop the sync."""

    by_name: dict[str, int] = field(default_factory=dict)
    stop_at: int = 0

    def __call__(self, mirror: Mirror, count: int) -> None:
        self.by_name[mirror.name] = self.by_name.get(mirror.name, 0) + count
        if self.stop_at and self.total >= self.stop_at:
            raise SpentError("the budget is spent")

    @property
    def total(self) -> int:
        return sum(self.by_name.values())


class SpentError(KioskError):
    """What a budget raises."""


class Kiosk:
    """A fetcher that does not wait, with its meter and its pauses."""

    def __init__(self, parts: Path, *mirrors: Mirror) -> None:
        self.parts = parts
        self.meter = Meter()
        self.pauses: list[float] = []
        self.fetcher = Fetcher(mirrors, parts, self.meter, pause=self.pauses.append)


@contextmanager
def linked(origin: Origin, **link: float) -> Iterator[Proxy]:
    with origin.serve() as url, proxy(url, drip_seconds=0.01, **link) as running:
        yield running


def over(link: Proxy, name: str | None = None) -> HttpMirror:
    return HttpMirror(link.url, name=name, patience=HASTY)


def need(blob: Blob) -> int:
    """Return the bytes that a blob must cost: its own and those of its leaf list."""
    return blob.size_bytes + (-(-blob.size_bytes // LEAF_BYTES) * 32 if blob.size_bytes > MIB else 0)
