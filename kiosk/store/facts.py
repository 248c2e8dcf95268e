"""What was read in papers: pages, words, and a picture of the first page, by the hash of the bytes.

Owns: the table `paper_facts` and the folder `pictures/`. True always: a row names no picture that is not on the card;
what was read once is not read again; facts go when no document of any generation and no version of a paper has their
bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.packs.collection import Entry
from kiosk.packs.papers import Reading
from kiosk.store import events
from kiosk.store.db import Connection, from_text, to_text, transaction
from kiosk.store.state import State, sync_folder, write_durably

MOST_TEXT = 2_000_000
"""Most characters that are kept of a paper's words."""
MOST_FILES = 20
"""A document of more files is a folder of something, not a paper in several forms."""
LEFT, DONE = "papers.left", "papers.done"
NEEDED = """\
SELECT e.sha256 FROM (SELECT DISTINCT collection FROM items WHERE kind = 'document') JOIN entries e USING (collection)
UNION SELECT sha256 FROM paper_versions
"""


@dataclass(frozen=True)
class Facts:
    """What is known of a paper: pages (None: not known), letters of its text, its picture's name ("": none), when it
    came to this kiosk.
    """

    pages: int | None
    letters: int
    picture: str
    seen_at: datetime


def record(conn: Connection, state: State, sha256: str, reading: Reading, now: datetime) -> None:
    """Keep what was read in a paper, unless it is known already; the caller owns the transaction.

    The picture is on the card before its row is.
    """
    if _known(conn, sha256):
        return
    name = f"{sha256}.jpg" if reading.picture else ""
    if name:
        draft = state.pictures / f".{name}"
        write_durably(draft, reading.picture)
        draft.replace(state.pictures / name)
        sync_folder(state.pictures)
    text = reading.text[:MOST_TEXT].replace("\0", "")
    conn.execute(
        "INSERT INTO paper_facts VALUES (?, ?, ?, ?, ?, ?)",
        (bytes.fromhex(sha256), reading.pages, name, to_text(now), len(text), text),
    )


def of(conn: Connection, sha256: str) -> Facts | None:
    """Return what is known of the paper with these bytes, or None."""
    row = conn.execute(
        "SELECT pages, letters, picture, seen_at FROM paper_facts WHERE sha256 = ?",
        (bytes.fromhex(sha256),),
    ).fetchone()
    if row is None:
        return None
    return Facts(row["pages"], row["letters"], row["picture"], from_text(row["seen_at"]))


def text(conn: Connection, sha256: str) -> str:
    """Return the words of the paper with these bytes, "" when none are known."""
    row = conn.execute("SELECT text FROM paper_facts WHERE sha256 = ?", (bytes.fromhex(sha256),)).fetchone()
    return "" if row is None else str(row[0])


def unread(conn: Connection, generation: int) -> list[tuple[str, str, str, Entry]]:
    """Return pack, item, language and entry of each file of a document in which nothing was read yet."""
    rows = conn.execute(
        "SELECT i.pack, i.item, i.language, e.* FROM items i JOIN entries e USING (collection)"
        " WHERE i.generation = ? AND i.kind = 'document'"
        " AND (SELECT count(*) FROM entries WHERE entries.collection = i.collection) <= ?"
        " AND NOT EXISTS (SELECT 1 FROM paper_facts f WHERE f.sha256 = e.sha256)"
        " GROUP BY e.sha256 ORDER BY i.pack, i.item, i.language, e.path",
        (generation, MOST_FILES),
    )
    return [
        (
            r["pack"],
            r["item"],
            r["language"],
            Entry(r["path"], r["type"], r["title"], r["size_bytes"], r["sha256"].hex()),
        )
        for r in rows
    ]


def unread_here(conn: Connection) -> list[tuple[str, str]]:
    """Return hash and media type of each paper added here in which nothing was read yet."""
    rows = conn.execute(
        "SELECT DISTINCT v.sha256, v.type FROM paper_versions v"
        " WHERE NOT EXISTS (SELECT 1 FROM paper_facts f WHERE f.sha256 = v.sha256)"
    )
    return [(row["sha256"].hex(), row["type"]) for row in rows]


def note_left(conn: Connection, why: str, now: datetime) -> None:
    """Note that the machine could not read some papers, so that the next sync tries again."""
    events.record(conn, LEFT, now, message=why)


def note_done(conn: Connection, now: datetime) -> None:
    """Note that no paper is left unread."""
    if are_left(conn):
        events.record(conn, DONE, now)


def are_left(conn: Connection) -> bool:
    """Tell whether papers were left unread."""
    return [event.kind for event in events.last(conn, "papers.")] == [LEFT]


def prune(conn: Connection, state: State) -> None:
    """Forget what nothing has any more, and remove pictures without a row, which a cut may have left."""
    with transaction(conn):
        conn.execute(f"DELETE FROM paper_facts WHERE sha256 NOT IN ({NEEDED})")  # noqa: S608 - our own words
    with transaction(conn):  # nobody adds a picture meanwhile: its row is written in the same transaction
        kept = {row[0] for row in conn.execute("SELECT picture FROM paper_facts")}
        for path in state.pictures.iterdir():
            if path.name not in kept:
                path.unlink()


def _known(conn: Connection, sha256: str) -> bool:
    row = conn.execute("SELECT 1 FROM paper_facts WHERE sha256 = ?", (bytes.fromhex(sha256),)).fetchone()
    return row is not None
