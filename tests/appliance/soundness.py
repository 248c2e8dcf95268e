"""Whether what a kiosk keeps is whole: its database, the packs that it serves, what the board carries, papers."""

from __future__ import annotations

import hashlib
import sqlite3
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

ENTRIES = """SELECT pack, item, language, lower(hex(sha256)),
        CASE WHEN path = 'book.zim' AND attributes ->> 'zim' IS NOT NULL THEN attributes ->> 'file' ELSE path END
    FROM items JOIN entries USING (collection) WHERE generation = ?"""
"""A book that came entry by entry lies under the name that its pack has for it."""


def faults(state: Path) -> list[str]:
    """Return what is not whole in a state folder of which nothing runs."""
    with closing(sqlite3.connect(state / "kiosk.sqlite3")) as conn:
        told = [str(row[0]) for row in conn.execute("PRAGMA integrity_check")]
        wrong = [] if told == ["ok"] else [f"the database is damaged: {told[:3]}"]
        wrong += [f"a row refers to nothing: {row}" for row in conn.execute("PRAGMA foreign_key_check")]
        wrong += _packs(conn, state) + _board(conn, state)
        for (sha256,) in conn.execute("SELECT lower(hex(sha256)) FROM paper_versions"):
            wrong += _file(state / "documents" / sha256[:2] / sha256, sha256)
    return wrong


def _packs(conn: sqlite3.Connection, state: Path) -> list[str]:
    folder = state / "current"
    if not folder.is_dir():
        return ["current leads nowhere"]
    number = int(folder.readlink().name)
    if not conn.execute("SELECT 1 FROM generations WHERE number = ?", (number,)).fetchone():
        return [f"generation {number} is served and has no rows"]
    wrong = []
    for pack, item, language, sha256, path in conn.execute(ENTRIES, (number,)):
        wrong += _file(folder / pack / item / language / path, sha256)
    for pack, sha256 in conn.execute("SELECT pack, manifest_sha256 FROM packs WHERE generation = ?", (number,)):
        wrong += _file(folder / pack / "manifest.json", sha256)
    for book in ElementTree.parse(folder / "library.xml").iter("book"):  # made by the kiosk
        if not (folder / str(book.get("path"))).is_file():
            wrong.append(f"the shelf names {book.get('path')}, which is not there")
    return wrong


def _board(conn: sqlite3.Connection, state: Path) -> list[str]:
    wrong = []
    for name, kind, size in conn.execute("SELECT name, kind, size_bytes FROM attachments"):
        endings = (".jpg", ".small.jpg") if kind == "photo" else (".mp3",)
        files = [state / "attachments" / f"{name}{ending}" for ending in endings]
        if size != sum(_sizes(files)):
            wrong.append(f"{kind} {name} is not whole")
    return wrong


def _sizes(files: list[Path]) -> Iterator[int]:
    for file in files:
        yield file.stat().st_size if file.is_file() else 0


def _file(path: Path, sha256: str) -> list[str]:
    if not path.is_file():
        return [f"{path} is missing"]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    return [] if found == sha256 else [f"{path} is not what it was: {found}"]
