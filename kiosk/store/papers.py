"""Papers that were added on this kiosk, such as minutes and accounts, each with all its versions.

Owns: the tables `papers` and `paper_versions`, and the folder `documents/`. True always: a version is never changed nor
removed; its bytes are on the card before its row is; a paper that is withdrawn can be restored.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

from kiosk.errors import Conflict, InvalidInput, NoSpace, NotFound
from kiosk.packs import names
from kiosk.packs.kinds import CATEGORIES
from kiosk.packs.papers import type_of
from kiosk.store import copies
from kiosk.store.db import Connection, Row, from_text, full_card_told, to_text, transaction
from kiosk.store.state import State, sync_folder
from kiosk.store.typed import clean

MOST_TITLE = 200
MOST_BYTES = 500_000_000
"""The largest paper; a longer recording belongs into a pack."""
PIECE_BYTES = 1 << 20
DRAFT = ".new-"

Progress = Callable[[int, int], None]
"""Takes bytes done and bytes in all."""


@dataclass(frozen=True)
class Version:
    """One version of a paper: its bytes by hash, their media type, and when they were put here."""

    version: int
    title: str
    added_at: datetime
    sha256: str
    type: str
    size_bytes: int


@dataclass(frozen=True)
class Paper:
    """A paper with its versions, the newest first. Withdrawn, it is shown to nobody."""

    paper: int
    category: str
    language: str
    members_only: bool
    withdrawn_at: datetime | None
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        """The version that counts."""
        return self.versions[0]


@dataclass(frozen=True)
class Draft:
    """A file that was copied and looked at, and has no row yet: where it lies, and what it is."""

    path: Path
    sha256: str
    type: str
    size_bytes: int


@contextmanager
def drafted(
    state: State, source: IO[bytes], size_bytes: int, spare_bytes: int, progress: Progress | None = None
) -> Iterator[Draft]:
    """Copy a file to the card and yield it; the copy goes at the end of the block, and what `add` made of it stays.

    Args:
        source: the file, open for reading.
        size_bytes: how long it is, as far as its sender says.
        spare_bytes: what must stay free on the card.
        progress: told how far the copy is.

    Raises:
        InvalidInput: it is too large, or no kind of paper that phones open.
        NoSpace: the card has no room for it.
    """
    if shutil.disk_usage(state.folder).free - size_bytes < spare_bytes:
        raise NoSpace("the card has no room for this paper", "make room: remove a pack, or give it a larger card")
    path = state.documents / f"{DRAFT}{secrets.token_hex(8)}"
    with path.open("x+b") as file:
        # Held while it is being written: what nobody holds was left by a cut, and goes with the next `prune`.
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            with full_card_told():
                sha256, length = _copied(source, file, size_bytes, progress)
            kind = type_of(file)
            if kind is None:
                raise InvalidInput("This is not a kind of paper that phones can open.", "file")
            yield Draft(path, sha256, kind, length)
        finally:
            path.unlink(missing_ok=True)


def _copied(source: IO[bytes], file: BinaryIO, total: int, progress: Progress | None) -> tuple[str, int]:
    digest, length = hashlib.sha256(), 0
    while piece := source.read(PIECE_BYTES):
        digest.update(piece)
        file.write(piece)
        length += len(piece)
        if length > MOST_BYTES:
            raise InvalidInput("This is too large.", "file")
        if progress:
            progress(length, max(total, length))
    if not length:
        raise InvalidInput("This file is empty.", "file")
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest(), length


def add(
    conn: Connection, state: State, draft: Draft, title: str, category: str, language: str, now: datetime, *,
    members_only: bool,
) -> int:  # fmt: skip
    """Add a paper with its first version and return its number; the caller owns the transaction.

    Raises:
        InvalidInput: a field breaks its rule.
    """
    check_place(category, language)
    cursor = conn.execute(
        "INSERT INTO papers (category, language, members_only) VALUES (?, ?, ?)", (category, language, members_only)
    )
    paper = int(cursor.lastrowid or 0)
    _insert(conn, state, paper, 1, draft, title, now)
    return paper


def check_place(category: str, language: str) -> None:
    """Raise InvalidInput if there is no such category, or this is no language."""
    if category not in CATEGORIES:
        raise InvalidInput("Please choose one of these.", "category")
    if not names.is_language(language):
        raise InvalidInput("Please write a language as en, fr or sw.", "language")


def add_version(conn: Connection, state: State, paper: int, draft: Draft, title: str, now: datetime) -> int:
    """Add a newer version to a paper and return its number; the caller owns the transaction.

    Args:
        title: "" for the title it has.

    Raises:
        InvalidInput: the title is too long.
        NotFound: there is no such paper.
        Conflict: these are the bytes it has already.
    """
    newest = get(conn, paper).newest
    if newest.sha256 == draft.sha256:
        raise Conflict(f"paper {paper} has these very bytes already, as version {newest.version}")
    _insert(conn, state, paper, newest.version + 1, draft, title or newest.title, now)
    return newest.version + 1


def _insert(conn: Connection, state: State, paper: int, version: int, draft: Draft, title: str, now: datetime) -> None:
    title = title_of(title)
    path = state.document_path(draft.sha256)
    path.parent.mkdir(exist_ok=True)
    with suppress(FileExistsError):  # the same bytes under the same name
        path.hardlink_to(draft.path)  # the draft stays until the row is on the card: a cut loses neither
    sync_folder(path.parent)
    sync_folder(state.documents)
    conn.execute(
        "INSERT INTO paper_versions VALUES (?, ?, ?, ?, ?, ?, ?)",
        (paper, version, title, to_text(now), bytes.fromhex(draft.sha256), draft.type, draft.size_bytes),
    )


def title_of(typed: str) -> str:
    """Return a title as it is kept: on one line. Raises InvalidInput when it is empty or too long."""
    return clean(typed, "title", MOST_TITLE, one_line=True)


def move(conn: Connection, paper: int, category: str, language: str, *, members_only: bool) -> None:
    """Put a paper on another shelf, under another language, or before others' eyes; its versions stay as they are.

    Raises:
        InvalidInput: there is no such category, or this is no language.
        NotFound: there is no such paper.
    """
    get(conn, paper)
    check_place(category, language)
    conn.execute(
        "UPDATE papers SET category = ?, language = ?, members_only = ? WHERE paper = ?",
        (category, language, members_only, paper),
    )


def withdraw(conn: Connection, paper: int, now: datetime) -> None:
    """Show a paper to nobody any more. Raises NotFound."""
    get(conn, paper)
    conn.execute("UPDATE papers SET withdrawn_at = ? WHERE paper = ? AND withdrawn_at IS NULL", (to_text(now), paper))


def restore(conn: Connection, paper: int) -> None:
    """Show a paper that was withdrawn again. Raises NotFound."""
    get(conn, paper)
    conn.execute("UPDATE papers SET withdrawn_at = NULL WHERE paper = ?", (paper,))


def get(conn: Connection, paper: int) -> Paper:
    """Return a paper, withdrawn or not.

    Raises:
        NotFound: there is none.
    """
    row = conn.execute("SELECT * FROM papers WHERE paper = ?", (paper,)).fetchone()
    if row is None:
        raise NotFound(f"there is no paper {paper}")
    return _paper(conn, row)


def shown(conn: Connection, *, to_members: bool) -> list[Paper]:
    """Return the papers that are not withdrawn, the one with the newest version first; those for members if asked."""
    rows = conn.execute("SELECT * FROM papers WHERE withdrawn_at IS NULL AND members_only <= ?", (to_members,))
    found = [_paper(conn, row) for row in rows]
    return sorted(found, key=lambda paper: (paper.newest.added_at, paper.paper), reverse=True)


def all_of(conn: Connection) -> list[Paper]:
    """Return all papers, also those withdrawn, by number."""
    return [_paper(conn, row) for row in conn.execute("SELECT * FROM papers ORDER BY paper")]


def prune(conn: Connection, state: State) -> None:
    """Remove files that a cut left without a row, and drafts that nobody writes any more."""
    if not copies.are_aside(state):  # a database that was set aside may name papers of its own
        _remove_unnamed(conn, state)
    for path in state.documents.glob(f"{DRAFT}*"):
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink(missing_ok=True)


def _remove_unnamed(conn: Connection, state: State) -> None:
    with transaction(conn):  # nobody adds a version meanwhile: its file is named in the same transaction as its row
        kept = {row[0].hex() for row in conn.execute("SELECT sha256 FROM paper_versions")}
        for path in state.documents.glob("*/*"):
            if path.name not in kept:
                path.unlink()


def _paper(conn: Connection, row: Row) -> Paper:
    rows = conn.execute("SELECT * FROM paper_versions WHERE paper = ? ORDER BY version DESC", (row["paper"],))
    versions = tuple(
        Version(r["version"], r["title"], from_text(r["added_at"]), r["sha256"].hex(), r["type"], r["size_bytes"])
        for r in rows
    )
    withdrawn = from_text(row["withdrawn_at"]) if row["withdrawn_at"] else None
    return Paper(row["paper"], row["category"], row["language"], bool(row["members_only"]), withdrawn, versions)
