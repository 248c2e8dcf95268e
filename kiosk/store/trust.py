"""What was accepted of the repository's metadata: every root, the last of each other role, and the heads they named.

Owns: the tables `trust_accepted`, `trust_roots` and `trust_heads`. Files may be torn by a power cut and are then
forgotten; these rows are not (`synchronous=FULL`). Whether a row still binds is decided in `sync.walk`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.store.db import Connection


@dataclass(frozen=True)
class Accepted:
    """A role's metadata as it was accepted: version, SHA-256 of the file, ids of the keys whose signatures held."""

    version: int
    sha256: str
    signers: frozenset[str]


@dataclass(frozen=True)
class NamedHead:
    """A head as a channel names it: the pack, and the SHA-256 and size of the head's file."""

    channel: str
    pack: str
    sha256: str
    size_bytes: int

    @property
    def path(self) -> str:
        """Where it lies in a repository."""
        return f"targets/{self.channel}/{self.sha256}.{self.pack}.json"


def accepted(conn: Connection) -> dict[str, Accepted]:
    """Return what was last accepted, by role; the root is not among them."""
    rows = conn.execute("SELECT role, version, sha256, signers FROM trust_accepted")
    return {r["role"]: Accepted(r["version"], r["sha256"], frozenset(json.loads(r["signers"]))) for r in rows}


def accept(conn: Connection, roles: Mapping[str, Accepted]) -> None:
    """Note what was accepted of each role, in the place of what was noted before."""
    conn.executemany(
        "INSERT OR REPLACE INTO trust_accepted (role, version, sha256, signers) VALUES (?, ?, ?, ?)",
        [(role, each.version, each.sha256, json.dumps(sorted(each.signers))) for role, each in roles.items()],
    )


def roots(conn: Connection) -> dict[int, str]:
    """Return the SHA-256 of every root that was accepted, by version."""
    return {row["version"]: row["sha256"] for row in conn.execute("SELECT version, sha256 FROM trust_roots")}


def replace_roots(conn: Connection, known: Mapping[int, str]) -> None:
    """Note the chain of roots: version -> SHA-256; what is not in it is forgotten."""
    conn.execute("DELETE FROM trust_roots")
    conn.executemany("INSERT INTO trust_roots (version, sha256) VALUES (?, ?)", sorted(known.items()))


def heads(conn: Connection) -> dict[str, NamedHead]:
    """Return the heads that were named at the last refresh, by pack."""
    rows = conn.execute("SELECT channel, pack, sha256, size_bytes FROM trust_heads")
    return {row["pack"]: NamedHead(*row) for row in rows}


def replace_heads(conn: Connection, named: Mapping[str, NamedHead]) -> None:
    """Note the heads that are named now, in the place of those before."""
    conn.execute("DELETE FROM trust_heads")
    conn.executemany(
        "INSERT INTO trust_heads (channel, pack, sha256, size_bytes) VALUES (?, ?, ?, ?)",
        [(each.channel, each.pack, each.sha256, each.size_bytes) for each in named.values()],
    )
