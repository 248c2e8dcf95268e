"""Generations: the numbered, immutable sets of installed packs.

Owns: the tables `generations`, `packs` and `items`, and the meaning of the link `current`. True always: the rows of a
generation are complete and on the card before `current` names it, and are never changed afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kiosk.packs.manifest import Manifest
from kiosk.store.db import Connection, from_text, to_text


@dataclass(frozen=True)
class InstalledPack:
    """A pack in a generation. `titles` maps language to title; the hashes name its head and manifest."""

    pack: str
    version: int
    titles: dict[str, str]
    publisher: str
    licence: str
    size_bytes: int
    head_sha256: str
    manifest_sha256: str


@dataclass(frozen=True)
class Generation:
    """A generation and its packs, in the order of their names."""

    number: int
    made_at: datetime
    installed_bytes: int
    packs: tuple[InstalledPack, ...]


@dataclass(frozen=True)
class NewPack:
    """What `record` is given for each pack: its manifest, and the SHA-256 of its signed head and of the manifest."""

    head_sha256: str
    manifest_sha256: str
    manifest: Manifest


def next_number(conn: Connection) -> int:
    """Return the number after the highest one ever recorded and kept."""
    return int(conn.execute("SELECT coalesce(max(number), 0) + 1 FROM generations").fetchone()[0])


def record(conn: Connection, number: int, packs: Sequence[NewPack], now: datetime) -> None:
    """Write the rows of a new generation, whose collections are here already."""
    total = sum(new.manifest.installed_bytes for new in packs)
    conn.execute("INSERT INTO generations VALUES (?, ?, ?, NULL)", (number, to_text(now), total))
    for new in packs:
        manifest = new.manifest
        conn.execute(
            "INSERT INTO packs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, manifest.pack, manifest.version, _json(manifest.title), manifest.publisher,
                manifest.licence, manifest.installed_bytes, new.head_sha256, new.manifest_sha256,
            ),
        )  # fmt: skip
        conn.executemany(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " (SELECT collection FROM collections WHERE content_root = ?))",
            [
                (
                    number, manifest.pack, item.id, item.language, item.kind, item.title, item.summary,
                    item.licence, item.size_bytes, _json(item.attributes), item.installed_as,
                )
                for item in manifest.items
            ],
        )  # fmt: skip


def get(conn: Connection, number: int) -> Generation | None:
    """Return a generation with its packs, or None."""
    row = conn.execute("SELECT * FROM generations WHERE number = ?", (number,)).fetchone()
    if row is None:
        return None
    packs = conn.execute("SELECT * FROM packs WHERE generation = ? ORDER BY pack", (number,))
    return Generation(
        number,
        from_text(row["made_at"]),
        row["installed_bytes"],
        tuple(
            InstalledPack(
                p["pack"], p["version"], json.loads(p["titles"]), p["publisher"], p["licence"], p["size_bytes"],
                p["head_sha256"], p["manifest_sha256"],
            )
            for p in packs
        ),
    )  # fmt: skip


def numbers(conn: Connection) -> list[int]:
    """Return the numbers of all recorded generations, the newest first."""
    return [row[0] for row in conn.execute("SELECT number FROM generations ORDER BY number DESC")]


def mark_served(conn: Connection, number: int) -> None:
    """Note that a generation is the one that is served now."""
    conn.execute(
        "UPDATE generations SET served = (SELECT coalesce(max(served), 0) + 1 FROM generations) WHERE number = ?",
        (number,),
    )


def last_served(conn: Connection, limit: int) -> list[int]:
    """Return the numbers of the generations that were served last, the newest first."""
    rows = conn.execute("SELECT number FROM generations WHERE served > 0 ORDER BY served DESC LIMIT ?", (limit,))
    return [row[0] for row in rows]


def forget(conn: Connection, number: int) -> None:
    """Delete the rows of a generation that is not the current one."""
    conn.execute("DELETE FROM generations WHERE number = ?", (number,))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
