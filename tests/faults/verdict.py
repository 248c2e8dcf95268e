"""The judge: what a kiosk serves, byte for byte and row for row, and whether a sync left litter."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kiosk.publish.build import BuiltPack
from tests.faults.scene import Kiosk

Tree = dict[str, str]
"""Path -> SHA-256 of a file, `-> target` of a link, or `empty` of a folder that holds nothing."""
Rows = dict[str, list[tuple[object, ...]]]
"""Table -> rows of one generation, without its number and its date."""


FANNED_OUT = ("objects",)


class Broken(AssertionError):
    """What a kiosk serves is neither the old nor the new, or is not whole."""


@dataclass(frozen=True)
class Content:
    """What a generation must be: the tree of its folder and its rows in the database."""

    tree: Tree
    rows: Rows


def tree(folder: Path) -> Tree:
    """Return what lies in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif not any(path.iterdir()):
            found[name] = "empty"
    return found


def signed(built: list[BuiltPack]) -> Tree:
    """Return the files that the signed heads of packs promise, as they must lie in a generation."""
    found = {}
    for pack in built:
        found[f"{pack.head.pack}/manifest.json"] = pack.head.manifest_sha256
        for item in pack.manifest.items:
            for entry in item.entries:
                found[f"{pack.head.pack}/{item.id}/{item.language}/{entry.path}"] = entry.sha256
    return found


def content(kiosk: Kiosk) -> Content | None:
    """Return what the kiosk serves now, None if it serves nothing yet.

    Raises:
        Broken: the link leads nowhere, or the database is damaged or has no rows of what is served.
    """
    link = kiosk.state / "current"
    if not link.is_symlink():
        return None
    number = int(link.readlink().name)
    if not link.is_dir():
        raise Broken(f"current names generation {number}, which is not there")
    return Content(tree(link.resolve()), rows(kiosk.state / "kiosk.sqlite3", number))


def rows(database: Path, number: int) -> Rows:
    """Check a database and return the rows of a generation.

    Raises:
        Broken: it is damaged, or lacks the generation.
    """
    with closing(sqlite3.connect(database)) as conn:
        told = [row[0] for row in conn.execute("PRAGMA integrity_check")]
        if told != ["ok"] or conn.execute("PRAGMA foreign_key_check").fetchall():
            raise Broken(f"the database is damaged: {told}")
        tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        found: Rows = {}
        for table in tables:
            columns = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
            key = "number" if table == "generations" else "generation"
            if key in columns:
                kept = ", ".join(name for name in columns if name not in (key, "made_at"))
                query = f"SELECT {kept} FROM {table} WHERE {key} = ? ORDER BY {kept}"  # names of our own schema
                found[table] = conn.execute(query, (number,)).fetchall()
    if not found.get("generations"):
        raise Broken(f"generation {number} is served and has no rows")
    return found


def served(kiosk: Kiosk, known: dict[int, Content]) -> int:
    """Return which of the known versions a kiosk serves, 0 for none.

    Raises:
        Broken: it is none of them; tells the first differences.
    """
    found = content(kiosk)
    if found is None:
        return 0
    for version, expected in known.items():
        if found == expected:
            return version
    told = {version: _differences(found, expected) for version, expected in known.items()}
    raise Broken(f"what is served is no known version; differences: {told}")


def litter(kiosk: Kiosk, reference: Kiosk) -> list[str]:
    """Return the paths of the state folder that an undisturbed kiosk does not have, and those that it has besides.

    Generations are compared by their age, not by their number.
    """
    return sorted(_paths(kiosk) ^ _paths(reference))


def _paths(kiosk: Kiosk) -> set[str]:
    folder = kiosk.state
    numbers = sorted((p.name for p in (folder / "generations").iterdir()), key=lambda name: (len(name), name))
    ages = {name: f"newest-{age}" for age, name in enumerate(reversed(numbers))}
    found = set()
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if parts[0] in FANNED_OUT and path.is_dir():
            continue  # `objects/ab/` stays when it is empty: the next release may fill it again
        if parts[0] == "generations" and len(parts) > 1:
            parts = ("generations", ages[parts[1]], *parts[2:])
        found.add("/".join(parts))
    return found


def _differences(found: Content, expected: Content) -> list[str]:
    told = [
        f"{path}: {found.tree.get(path, 'missing')} instead of {expected.tree.get(path, 'nothing')}"
        for path in sorted(found.tree.keys() | expected.tree.keys())
        if found.tree.get(path) != expected.tree.get(path)
    ]
    told += [f"rows of {table}" for table in expected.rows if found.rows.get(table) != expected.rows[table]]
    return told[:5]
