"""The judge: what a kiosk serves, byte for byte and row for row, and whether a sync left litter."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.faults.scene import Kiosk

Tree = dict[str, str]
"""Path -> SHA-256 of a file, `-> target` of a link, or `empty` of a folder that holds nothing."""
Rows = dict[str, list[tuple[object, ...]]]
"""Table -> rows of one generation, without its number and its date."""


QUERIES = {
    "generations": "SELECT installed_bytes FROM generations WHERE number = ?",
    "packs": """SELECT pack, version, titles, publisher, licence, size_bytes, head_sha256, manifest_sha256
        FROM packs WHERE generation = ? ORDER BY pack""",
    "items": """SELECT pack, item, language, kind, title, summary, licence, size_bytes, attributes, content_root
        FROM items JOIN collections USING (collection) WHERE generation = ? ORDER BY pack, item, language""",
    "entries": """SELECT pack, item, language, path, type, entries.title, entries.size_bytes, lower(hex(sha256))
        FROM items JOIN entries USING (collection) WHERE generation = ? ORDER BY pack, item, language, path""",
    "search": """SELECT section, pack, item, language, part, lower(hex(digest))
        FROM search_places JOIN search_texts USING (text) WHERE generation = ? ORDER BY pack, item, language, part""",
    "search whole": "SELECT count(*) FROM search_built WHERE generation = ?",
}
"""All that the database says of a generation, but for its number, its date and the numbers of its collections."""
OF_SEARCH = ("search", "search whole")
"""Lacks a paper that could not be read, until the next sync."""
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
    try:
        with closing(sqlite3.connect(database)) as conn:
            told = [row[0] for row in conn.execute("PRAGMA integrity_check")]
            if told != ["ok"] or conn.execute("PRAGMA foreign_key_check").fetchall():
                raise Broken(f"the database is damaged: {told}")
            found: Rows = {name: conn.execute(query, (number,)).fetchall() for name, query in QUERIES.items()}
    except sqlite3.DatabaseError as error:
        raise Broken(f"the database is damaged: {error}") from error
    if not found["generations"]:
        raise Broken(f"generation {number} is served and has no rows")
    return found


def served(kiosk: Kiosk, known: dict[int, Content], *, search: bool = True) -> int:
    """Return which of the known versions a kiosk serves, 0 for none; without `search`, whatever is in its index.

    Raises:
        Broken: it is none of them; tells the first differences.
    """
    found = content(kiosk)
    if found is None:
        return 0
    for version, expected in known.items():
        if found == expected or (not search and _without_search(found) == _without_search(expected)):
            return version
    told = {version: _differences(found, expected) for version, expected in known.items()}
    raise Broken(f"what is served is no known version; differences: {told}")


def _without_search(content: Content) -> Content:
    return Content(content.tree, {name: rows for name, rows in content.rows.items() if name not in OF_SEARCH})


def litter(kiosk: Kiosk, reference: Kiosk) -> list[str]:
    """Return the paths of the state folder that an undisturbed kiosk does not have, and those that it has besides.

    Generations are compared by their age, not by their number. Rows that nothing needs any more are litter too.
    """
    return sorted(_paths(kiosk) ^ _paths(reference)) + _idle_rows(kiosk)


def _idle_rows(kiosk: Kiosk) -> list[str]:
    with closing(sqlite3.connect(kiosk.state / "kiosk.sqlite3")) as conn:
        rows = conn.execute("SELECT collection FROM collections WHERE collection NOT IN (SELECT collection FROM items)")
        told = [f"rows of collection {row[0]}" for row in rows]
        rows = conn.execute("SELECT text FROM search_texts WHERE text NOT IN (SELECT text FROM search_places)")
        told += [f"text {row[0]} of the search" for row in rows]
        numbers = {str(row[0]) for row in conn.execute("SELECT number FROM generations")}
    there = {path.name for path in (kiosk.state / "generations").iterdir()}
    return told + [f"generation {number} is only rows or only a folder" for number in sorted(numbers ^ there)]


def _paths(kiosk: Kiosk) -> set[str]:
    folder = kiosk.state
    numbers = sorted((p.name for p in (folder / "generations").iterdir()), key=lambda name: (len(name), name))
    ages = {name: f"newest-{age}" for age, name in enumerate(reversed(numbers))}
    found = set()
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if parts[0] in FANNED_OUT and path.is_dir():
            continue  # `objects/ab/` stays when it is empty: the next release may fill it again
        if parts[0] in ("trust", "mirror"):
            continue  # signed files, kept for others: what was superseded goes, and what a cut lost comes, with news
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
