"""What the channels offered when they were last looked at.

Owns: the table `offers`. True always: it only informs; what a sync takes is what is signed when it runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.store.db import Connection


@dataclass(frozen=True)
class Offered:
    """A pack version on offer.

    Args:
        pack, version, channel, kinds: what it is, and which channel names it.
        installed_bytes: what it takes on the card.
        media_bytes: how much of that are media.
        full_bytes: what must be fetched by a kiosk that has nothing of it.
        start, start_bytes: the version that was installed at the look (0: none), and what must be fetched from there.
    """

    pack: str
    version: int
    channel: str
    kinds: tuple[str, ...]
    installed_bytes: int
    media_bytes: int
    full_bytes: int
    start: int
    start_bytes: int

    @property
    def written_bytes(self) -> int:
        """What is written on the card beside what is fetched: media are moved to their place."""
        return max(0, self.installed_bytes - self.media_bytes)

    def download_bytes(self, installed: int) -> int:
        """Return what must be fetched by a kiosk that has version `installed` (0: none)."""
        if installed == self.version:
            return 0
        return self.start_bytes if installed == self.start else self.full_bytes


def all_of(conn: Connection) -> dict[str, Offered]:
    """Return what was on offer, by pack."""
    rows = conn.execute("SELECT * FROM offers ORDER BY pack")
    return {
        r["pack"]: Offered(
            r["pack"], r["version"], r["channel"], tuple(json.loads(r["kinds"])), r["installed_bytes"],
            r["media_bytes"], r["full_bytes"], r["start"], r["start_bytes"],
        )
        for r in rows
    }  # fmt: skip


def remember(conn: Connection, found: Iterable[Offered], *, whole: bool) -> None:
    """Note what is on offer; `whole` says that there is nothing else."""
    if whole:
        conn.execute("DELETE FROM offers")
    conn.executemany(
        "INSERT OR REPLACE INTO offers (pack, version, channel, kinds, installed_bytes, media_bytes, full_bytes, start,"
        " start_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                each.pack, each.version, each.channel, json.dumps(each.kinds), each.installed_bytes,
                each.media_bytes, each.full_bytes, each.start, each.start_bytes,
            )
            for each in found
        ],
    )  # fmt: skip
