"""Notices that operators write, each in one language or several, from a first day to a last.

Owns: the tables `own_notices` and `own_notice_texts`, and the folder `notices/` with the recordings of the texts. True
always: a notice has a text in at least one language; a recording is on the card before its row is, under a name that
stands for the same bytes for ever; a file without a row goes with the next `prune`.
"""

from __future__ import annotations

import errno
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from kiosk.errors import InvalidInput, NotFound
from kiosk.packs import names
from kiosk.store import papers
from kiosk.store.db import Connection, Row, from_text, to_text, transaction
from kiosk.store.search_words import holds
from kiosk.store.state import State, sync_folder, write_durably
from kiosk.store.typed import clean

MOST_TEXT = 10_000
LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Days:
    """When a notice is shown, first and last day included, and whether before the others."""

    starts: date
    ends: date
    pinned: bool


@dataclass(frozen=True)
class Text:
    """What a notice says in a language; `sound` is the name of its recording, an MP3, "" for none."""

    language: str
    title: str
    text: str
    sound: str = ""
    sound_bytes: int = 0


@dataclass(frozen=True)
class OwnNotice:
    """A notice with its texts, by language. One that was taken down is not shown, whatever the day."""

    notice: int
    days: Days
    ended_at: datetime | None
    texts: tuple[Text, ...]

    def is_shown(self, day: date) -> bool:
        """Tell whether visitors see it on a day."""
        return self.ended_at is None and self.days.starts <= day <= self.days.ends


def add(conn: Connection, state: State, days: Days, text: Text, sound: bytes | None = None) -> int:
    """Add a notice with its first text and return its number; the caller owns the transaction.

    Raises:
        InvalidInput: a field breaks its rule.
    """
    _check(days)
    cursor = conn.execute(
        "INSERT INTO own_notices (starts, ends, pinned) VALUES (?, ?, ?)",
        (days.starts.isoformat(), days.ends.isoformat(), days.pinned),
    )
    notice = int(cursor.lastrowid or 0)
    write(conn, state, notice, text, sound)
    return notice


def set_days(conn: Connection, notice: int, days: Days) -> None:
    """Change when a notice is shown. Raises InvalidInput, NotFound."""
    get(conn, notice)
    _check(days)
    conn.execute(
        "UPDATE own_notices SET starts = ?, ends = ?, pinned = ? WHERE notice = ?",
        (days.starts.isoformat(), days.ends.isoformat(), days.pinned, notice),
    )


def write(conn: Connection, state: State, notice: int, text: Text, sound: bytes | None = None) -> None:
    """Write what a notice says in a language, in place of what it said; the caller owns the transaction.

    Args:
        text: without a recording.
        sound: an MP3 of it being read; None: the one there is stays; empty: there is none any more.

    Raises:
        InvalidInput: a field breaks its rule.
    """
    if not names.is_language(text.language):
        raise InvalidInput("Please write a language as en, fr or sw.", "language")
    title, body = papers.title_of(text.title), clean(text.text, "text", MOST_TEXT)
    there = next((each for each in get(conn, notice).texts if each.language == text.language), text)
    kept = (there.sound, there.sound_bytes) if sound is None else _kept(state, sound)
    conn.execute(
        "INSERT OR REPLACE INTO own_notice_texts VALUES (?, ?, ?, ?, ?, ?)",
        (notice, text.language, title, body, *kept),
    )


def _kept(state: State, sound: bytes) -> tuple[str, int]:
    if not sound:
        return "", 0
    name = f"{secrets.token_hex(8)}.mp3"
    try:
        write_durably(state.notices / name, sound)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise InvalidInput("The kiosk has no room for photos and sounds now.", "sound") from error
        raise
    sync_folder(state.notices)
    return name, len(sound)


def remove_text(conn: Connection, notice: int, language: str) -> None:
    """Take away what a notice says in a language. Raises NotFound; InvalidInput when it is the only one."""
    found = get(conn, notice)
    if language not in {each.language for each in found.texts}:
        raise NotFound(f"notice {notice} has no text in {language}")
    if len(found.texts) == 1:
        raise InvalidInput("A notice needs one language at least.", "text")
    conn.execute("DELETE FROM own_notice_texts WHERE notice = ? AND language = ?", (notice, language))


def end(conn: Connection, notice: int, now: datetime) -> None:
    """Take a notice down. Raises NotFound."""
    get(conn, notice)
    conn.execute("UPDATE own_notices SET ended_at = ? WHERE notice = ? AND ended_at IS NULL", (to_text(now), notice))


def resume(conn: Connection, notice: int) -> None:
    """Show a notice again that was taken down, on its days. Raises NotFound."""
    get(conn, notice)
    conn.execute("UPDATE own_notices SET ended_at = NULL WHERE notice = ?", (notice,))


def get(conn: Connection, notice: int) -> OwnNotice:
    """Return a notice, shown or not. Raises NotFound."""
    row = conn.execute("SELECT * FROM own_notices WHERE notice = ?", (notice,)).fetchone()
    if row is None:
        raise NotFound(f"there is no notice {notice}")
    return _notice(conn, row)


def all_of(conn: Connection) -> list[OwnNotice]:
    """Return all notices, the one that starts last first."""
    rows = conn.execute("SELECT * FROM own_notices ORDER BY starts DESC, notice DESC")
    return [_notice(conn, row) for row in rows]


def on(conn: Connection, day: date) -> list[OwnNotice]:
    """Return the notices that are shown on a day."""
    rows = conn.execute(
        "SELECT * FROM own_notices WHERE ended_at IS NULL AND ? BETWEEN starts AND ends ORDER BY notice DESC",
        (day.isoformat(),),
    )
    return [_notice(conn, row) for row in rows]


def found(conn: Connection, day: date, words: tuple[str, ...]) -> list[tuple[OwnNotice, Text]]:
    """Return what is shown on a day and has all of a question's words; there are few, so each is looked through."""
    return [
        (notice, text)
        for notice in on(conn, day)
        for text in notice.texts
        if all(holds(f"{text.title} {text.text}", (word,)) for word in words)
    ]


def path(state: State, sound: str) -> Path:
    """Return where the recording of this name lies."""
    return state.notices / sound


def prune(conn: Connection, state: State) -> None:
    """Remove recordings without a row."""
    with transaction(conn):  # nobody adds any meanwhile: files are written in the transaction of their rows
        kept = {row[0] for row in conn.execute("SELECT sound FROM own_notice_texts")}
        for file in state.notices.iterdir():
            if file.name not in kept:
                file.unlink(missing_ok=True)


def _check(days: Days) -> None:
    if days.ends < days.starts:
        raise InvalidInput("The last day must not be before the first.", "ends")
    if days.ends - days.starts > LONGEST:
        raise InvalidInput("Please choose a day within the coming year.", "ends")


def _notice(conn: Connection, row: Row) -> OwnNotice:
    texts = conn.execute("SELECT * FROM own_notice_texts WHERE notice = ? ORDER BY language", (row["notice"],))
    return OwnNotice(
        row["notice"],
        Days(date.fromisoformat(row["starts"]), date.fromisoformat(row["ends"]), bool(row["pinned"])),
        from_text(row["ended_at"]) if row["ended_at"] else None,
        tuple(Text(r["language"], r["title"], r["text"], r["sound"], r["sound_bytes"]) for r in texts),
    )
