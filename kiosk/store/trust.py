"""The highest version ever accepted of each role of the repository.

TUF's own files may be torn by a power cut and are then forgotten; these numbers are not (`synchronous=FULL`).
"""

from __future__ import annotations

from collections.abc import Mapping

from kiosk.store.db import Connection


def floors(conn: Connection) -> dict[str, int]:
    """Return role -> version."""
    return {row["role"]: row["version"] for row in conn.execute("SELECT role, version FROM trust_floors")}


def raise_floors(conn: Connection, versions: Mapping[str, int]) -> None:
    """Note the versions that were accepted; a floor never sinks."""
    conn.executemany(
        "INSERT INTO trust_floors VALUES (?, ?)"
        " ON CONFLICT (role) DO UPDATE SET version = max(version, excluded.version)",
        list(versions.items()),
    )
