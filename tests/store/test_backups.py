"""Backup and restore: what was written on one kiosk is on another, and a cut leaves the old or the new."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kiosk.errors import Conflict, FormatError, InvalidInput, KioskError, NoSpace, StoreError
from kiosk.store import (
    attachments,
    backup_file,
    backups,
    board_settings,
    cards,
    db,
    generations,
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
from tests.making import START, Village

KAMPALA = ZoneInfo("Africa/Kampala")
PDF = made.pdf()


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


@pytest.fixture
def kiosks(tmp_path: Path) -> Iterator[tuple[Kiosk, Kiosk]]:
    one, other = Kiosk(tmp_path / "one"), Kiosk(tmp_path / "other")
    one.fill()
    with closing(one.conn), closing(other.conn):
        yield one, other


KEY, RECIPIENT = sealed.new_key()


def test_all_that_people_wrote_is_on_a_fresh_kiosk(kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, other = kiosks
    token = cards.printed(one.conn, one.press(), 1).token
    head = other.restore(one.backup(RECIPIENT), KEY)
    assert (head.kiosk, head.made_at) == ("Umoja", START)
    assert head.counts == {"members": 1, "operators": 1, "papers": 1, "posts": 1} == backups.counts(other.conn)
    assert other.card_opens(token, "4071")
    assert not other.card_opens(token, "4072")
    found = papers.get(other.conn, 1)
    assert other.state.document_path(found.newest.sha256).read_bytes() == PDF
    assert attachments.path(other.state, "0123456789abcdef", ".mp3").read_bytes() == b"mp3"
    assert board_settings.read(other.conn).hidden_after == 7
    guess = operators.count_guess(other.conn, "amina", START)
    assert operators.fits(guess, "a field of green beans")
    assert backups.recipient(other.conn) == RECIPIENT  # the paper with the key is good for the next ones
    assert restore.replaced_by(other.conn) == START
    assert not (other.state.folder / "restoring").exists()


def test_it_is_restored_again_and_back(kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, other = kiosks
    first = one.backup(RECIPIENT)
    with db.transaction(one.conn):
        threads.open_thread(one.conn, "Maize", "Okello", "Dear maize", START)
    one.restore(first, KEY)
    assert backups.counts(one.conn)["posts"] == 1
    second = one.backup(now=START + timedelta(hours=1))
    other.restore(second, KEY)
    assert backups.counts(other.conn)["posts"] == 1
    with closing(db.connect(one.state.folder / "replaced" / "kiosk.sqlite3")) as old:
        assert backups.counts(old)["posts"] == 2


def test_sessions_of_then_and_now_end(kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, _ = kiosks
    path = one.backup(RECIPIENT)
    for _time in range(3):
        operators.sign_out(one.conn, "amina")
    before = operators.get(one.conn, "amina").sign_outs
    one.restore(path, KEY)
    assert operators.get(one.conn, "amina").sign_outs > before
    assert one.conn.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0


def test_what_packs_brought_to_the_card_stays(village: Village, kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, _ = kiosks
    village.release()
    village.agent().run()
    path = one.backup(RECIPIENT)
    with closing(db.connect(village.state.database)) as conn, backups.alone(village.state), path.open("rb") as file:
        number = village.state.current_number()
        assert number
        restore.restore(conn, village.state, file, KEY, "who", START)
        assert generations.get(conn, number)
        assert backups.counts(conn)["posts"] == 1
        assert conn.execute("SELECT count(*) FROM trust_accepted").fetchone()[0] > 0
        assert conn.execute("SELECT count(*) FROM search_places").fetchone()[0] > 0
    village.release(2, "They meet on Friday.")
    village.agent().run()
    assert "They meet on Friday." in village.lesson()


def test_what_can_be_fetched_again_is_in_no_backup(village: Village) -> None:
    village.release()
    village.agent().run()
    with closing(db.connect(village.state.database)) as conn, backups.alone(village.state):
        backups.choose_recipient(conn, RECIPIENT)
        made_ = backups.make(conn, village.state, "Umoja", START, 0)
        folder = village.folder / "unpacked"
        folder.mkdir()
        with backups.path_of(village.state, made_.name).open("rb") as file:
            backup_file.unpack(file, KEY, folder)
    with closing(db.connect(folder / "kiosk.sqlite3")) as conn:
        for table in backups.OF_THE_CARD:
            if conn.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone():
                assert conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table


def test_no_key_of_the_console_or_of_phones_is_in_a_backup(kiosks: tuple[Kiosk, Kiosk], tmp_path: Path) -> None:
    one, _ = kiosks
    others = [one.state.secret(name) for name in ("console-session", "portal-session", "phones")]
    folder = tmp_path / "unpacked"
    folder.mkdir()
    with one.backup(RECIPIENT).open("rb") as file:
        backup_file.unpack(file, KEY, folder)
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert one.state.secret("cards").encode() in held
    assert not [each for each in others if each.encode() in held]


def test_what_was_taken_back_is_not_in_a_backup(kiosks: tuple[Kiosk, Kiosk], tmp_path: Path) -> None:
    one, _ = kiosks
    one.conn.execute("UPDATE posts SET body = 'x'")
    folder = tmp_path / "unpacked"
    folder.mkdir()
    with one.backup(RECIPIENT).open("rb") as file:
        backup_file.unpack(file, KEY, folder)
    assert b"Cheap beans" not in (folder / "kiosk.sqlite3").read_bytes()


def test_it_is_written_to_while_it_is_made(kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, other = kiosks
    backups.choose_recipient(one.conn, RECIPIENT)
    with closing(db.connect(one.state.database)) as writer, db.transaction(writer):
        writer.execute("UPDATE threads SET title = 'half written'")
        path = one.backup()
    other.restore(path, KEY)
    assert other.conn.execute("SELECT title FROM threads").fetchone()[0] == "Beans"


@pytest.mark.parametrize("size", [0, 1, 100, 5_000, 60_000])
def test_a_backup_that_is_not_whole_changes_nothing(kiosks: tuple[Kiosk, Kiosk], tmp_path: Path, size: int) -> None:
    one, other = kiosks
    data = one.backup(RECIPIENT).read_bytes()
    (tmp_path / "cut.age").write_bytes(data[:size])
    with pytest.raises(KioskError):
        other.restore(tmp_path / "cut.age", KEY)
    assert backups.counts(other.conn)["members"] == 0
    assert not list(other.state.documents.rglob("*"))


def test_a_byte_that_flipped_is_found(kiosks: tuple[Kiosk, Kiosk], tmp_path: Path) -> None:
    one, other = kiosks
    data = bytearray(one.backup(RECIPIENT).read_bytes())
    for at in (len(data) // 2, len(data) - 10):
        spoiled = bytearray(data)
        spoiled[at] ^= 1
        (tmp_path / "spoiled.age").write_bytes(spoiled)
        with pytest.raises(FormatError, match="damaged"):
            other.restore(tmp_path / "spoiled.age", KEY)
    assert backups.counts(other.conn)["members"] == 0


def test_another_key_does_not_open_it(kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, other = kiosks
    path = one.backup(RECIPIENT)
    with pytest.raises(InvalidInput, match="does not open"):
        other.restore(path, sealed.new_key()[0])
    with path.open("rb") as file, pytest.raises(InvalidInput, match="does not open"):
        backup_file.look(file, sealed.new_key()[0])


def test_a_key_is_read_as_people_type_it() -> None:
    key, _ = sealed.new_key()
    grouped = sealed.grouped(key)
    assert re.fullmatch(r"(?:[A-Z0-9]{4} ){14}[A-Z0-9]{2}", grouped)
    for typed in (key, grouped, grouped.lower(), f"  {grouped}\n", grouped.replace(" ", "\n")):
        assert sealed.read_key(typed) == key
    wrong = "q" if grouped[5] != "Q" else "p"
    for typed in ("", "x" * 500, grouped[:-1], grouped[:5] + wrong + grouped[6:], "é" * 58):
        with pytest.raises(InvalidInput):
            sealed.read_key(typed)


def seal(pieces: bytes) -> io.BytesIO:
    out = io.BytesIO()
    sealed.seal([pieces], out, RECIPIENT)
    out.seek(0)
    return out


def archive(*entries: tuple[str, bytes], **changes: object) -> bytes:
    """Return an archive as whoever has the public half of the key could make one."""
    out = b""
    for name, data in entries:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        for what, value in changes.items():
            setattr(info, what, value)
        out += info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)
    return out + bytes(1024)


HEAD = (
    b'{"version": 1, "made_at": "2026-11-24T08:00:00Z", "kiosk": "x", "schema": 1, "counts": {}, "size_bytes": 100000}'
)
HOSTILE = [
    b"", b"x", b"x" * 5000, bytes(1024),
    archive(("head.json", b"{}")),
    archive(("head.json", b"[" * 10_000)),
    archive(("head.json", HEAD.replace(b'"counts": {}', b'"counts": []'))),
    archive(("kiosk.sqlite3", b"x")),
    archive(("head.json", HEAD)),
    archive(("head.json", HEAD), ("manifest.txt", b"")),
    *(
        archive(("head.json", HEAD), (name, b"x"))
        for name in (
            "../evil", "/etc/passwd", "documents/../../evil", "documents/.hidden", "documents", "documents/",
            "secrets/x", "secrets/console-session", "documents/ab/cd/ef", "attachments/a\nb", "documents/" + "a" * 300,
            "kiosk.sqlite3-wal",
        )
    ),
    archive(("head.json", HEAD), ("documents/a", b"x"), ("documents/a", b"x")),
    archive(("head.json", HEAD), ("documents/a", b"x" * 200_000)),
    archive(("head.json", HEAD), type=b"2", linkname="/etc/passwd"),
    archive(("head.json", HEAD)) [:512] + b"x",
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(kiosks: tuple[Kiosk, Kiosk], data: bytes) -> None:
    _, other = kiosks
    with pytest.raises(FormatError), backups.alone(other.state):
        restore.restore(other.conn, other.state, seal(data), KEY, "who", START)
    assert not (other.state.folder / "restoring").exists()
    assert not (other.state.folder.parent / "evil").exists()
    assert backups.counts(other.conn)["members"] == 0


def test_another_version_is_told() -> None:
    with pytest.raises(FormatError, match="version 2"):
        backup_file.look(seal(archive(("head.json", HEAD.replace(b'"version": 1', b'"version": 2')))), KEY)


def made_of(kiosk: Kiosk, database: Path, tmp_path: Path) -> Path:
    """Return a backup that holds another database."""
    head = backup_file.Head(START, "x", 1, {}, database.stat().st_size + 64)
    path = tmp_path / "made.age"
    with path.open("wb") as out:
        backup_file.write(out, head, tmp_path / "nothing", database, "a" * 64, RECIPIENT)
    return path


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("CREATE TRIGGER bad AFTER INSERT ON events BEGIN DELETE FROM members; END", "damaged"),
        ("CREATE TABLE more (x)", "damaged"),
        ("DROP TABLE bans", "damaged"),
        ("PRAGMA user_version = 9999", "newer kiosk"),
        ("PRAGMA user_version = 3", "damaged"),
    ],
)
def test_a_database_that_is_not_ours_is_refused(
    kiosks: tuple[Kiosk, Kiosk], tmp_path: Path, spoil: str, told: str
) -> None:
    one, other = kiosks
    one.conn.execute(spoil)
    one.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with pytest.raises(FormatError, match=told):
        other.restore(made_of(one, one.state.database, tmp_path), KEY)
    (tmp_path / "no-database").write_bytes(b"x" * 10_000)
    with pytest.raises(FormatError, match="damaged"):
        other.restore(made_of(one, tmp_path / "no-database", tmp_path), KEY)
    assert backups.counts(other.conn)["members"] == 0


def test_old_ones_go_and_the_newest_stays(kiosks: tuple[Kiosk, Kiosk], monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = kiosks
    backups.choose_recipient(one.conn, RECIPIENT)
    for hour in range(backups.KEPT + 2):
        one.backup(now=START + timedelta(hours=hour))
    found = backups.all_of(one.state)
    assert [each.made_at for each in found] == [
        START + timedelta(hours=hour) for hour in range(backups.KEPT + 1, 1, -1)
    ]
    usage = shutil.disk_usage(one.state.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    with pytest.raises(NoSpace):
        one.backup(now=START + timedelta(days=1))
    assert [each.name for each in backups.all_of(one.state)] == [found[0].name]


def test_without_a_key_there_is_none_and_one_at_a_time(kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, _ = kiosks
    with pytest.raises(StoreError, match="no recovery key"):
        one.backup()
    with backups.alone(one.state), pytest.raises(Conflict):
        one.backup(RECIPIENT)


@pytest.mark.parametrize(
    ("now", "last", "failed", "due"),
    [
        ("2026-11-25T02:00+03:00", "2026-11-24T02:00+03:00", None, True),
        ("2026-11-25T01:59+03:00", "2026-11-24T02:00+03:00", None, False),
        ("2026-11-25T12:00+03:00", "2026-11-24T02:00+03:00", None, True),
        ("2026-11-25T12:00+03:00", "2026-11-25T02:01+03:00", None, False),
        ("2026-11-25T12:00+03:00", None, None, True),
        ("2026-11-25T12:00+03:00", None, "2026-11-25T11:30+03:00", False),
        ("2026-11-25T12:00+03:00", None, "2026-11-25T10:30+03:00", True),
        ("2026-11-25T12:00+03:00", "2027-01-01T00:00+03:00", None, True),
    ],
)
def test_it_is_due_once_a_night(now: str, last: str | None, failed: str | None, due: bool) -> None:
    moments = [datetime.fromisoformat(each) if each else None for each in (now, last, failed)]
    assert moments[0]
    assert backups.is_due(moments[0], KAMPALA, 2, moments[1], moments[2]) is due


OF_PEOPLE = {
    "acts", "attachments", "audit", "bans", "card_phones", "cards", "counts", "events", "failed_logins", "guesses",
    "limits",
    "members", "operators", "paper_facts", "paper_versions", "papers", "posts", "progress", "readings", "recordings",
    "reports", "search_openings", "search_posts", "search_papers", "sections", "sessions", "settings", "sought",
    "threads", "usage",
}  # fmt: skip
"""Tables that a backup takes along."""


def test_of_each_table_is_said_whether_it_is_in_a_backup(kiosks: tuple[Kiosk, Kiosk]) -> None:
    """A new table is added to one of the two; the index of the search is made anew."""
    rows = kiosks[0].conn.execute("PRAGMA table_list").fetchall()
    names = {row["name"] for row in rows if row["type"] in ("table", "virtual")}
    unknown = names - OF_PEOPLE - set(backups.OF_THE_CARD) - {"search_words"}
    assert {name for name in unknown if not name.startswith("sqlite_")} == set()
