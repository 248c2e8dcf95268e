"""Kiosks for the tests of backups: one with what villagers and operators write, and a fresh one."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from kiosk.store import (
    attachments,
    backup_file,
    backups,
    board_settings,
    cards,
    db,
    members,
    operators,
    papers,
    restore,
    sealed,
    sessions,
    threads,
)
from kiosk.store.cards import Press
from kiosk.store.operators import Rights
from kiosk.store.state import State
from tests import papers as made
from tests.making import START

PDF = made.pdf()
KEY, RECIPIENT = sealed.new_key()


class Kiosk:
    """A kiosk's state with a database that is open."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.state.prepare()
        self.conn = db.connect(self.state.database)

    def fill(self) -> None:
        """Write what villagers and operators write."""
        conn, state = self.conn, self.state
        with db.transaction(conn):
            operators.add(conn, "amina", Rights.MANAGER, START)
            operators.choose_password(conn, "amina", "a field of green beans", START)
            thread = threads.open_thread(conn, "Beans", "Okello", "Cheap beans today", START)
            assert thread
            members.add(conn, "Amina Okello", START)
            cards.issue(conn, self.press(), 1, "4071", START)
            board_settings.save(conn, replace(board_settings.read(conn), hidden_after=7))
            name = "0123456789abcdef"
            conn.execute("INSERT INTO attachments (name, post, kind, size_bytes) VALUES (?, 1, 'voice', 3)", (name,))
            attachments.path(state, name, ".mp3").write_bytes(b"mp3")
        with papers.drafted(state, io.BytesIO(PDF), len(PDF), 0) as draft, db.transaction(conn):
            papers.add(conn, state, draft, "Minutes of May", "reports", "en", START, members_only=False)

    def press(self) -> Press:
        return Press(cards.secret(self.conn, self.state))

    def backup(self, recipient: str = "", now: datetime = START) -> Path:
        if recipient:
            backups.choose_recipient(self.conn, recipient)
        with backups.alone(self.state):
            return backups.path_of(self.state, backups.make(self.conn, self.state, "Umoja", now, 0).name)

    def restore(self, path: Path, key: str) -> backup_file.Head:
        with backups.alone(self.state), path.open("rb") as file:
            return restore.restore(self.conn, self.state, file, key, "who", START)

    def card_opens(self, token: str, pin: str) -> bool:
        press = self.press()
        with db.transaction(self.conn):
            guess = sessions.count_guess(self.conn, press, token, "a phone", START)
        return guess is not None and sessions.fits(press, guess, pin)
