"""Backup and restore: what was written on one kiosk is on another, and a cut leaves the old or the new."""

from __future__ import annotations

import io
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kiosk.errors import Conflict, NoSpace, StoreError
from kiosk.store import (
    attachments,
    backup_file,
    backups,
    board_settings,
    cards,
    db,
    generations,
    operators,
    papers,
    restore,
    restore_orders,
    threads,
    uploads,
)
from tests.making import START, Village
from tests.store.kiosks import KEY, PDF, RECIPIENT, Kiosk

KAMPALA = ZoneInfo("Africa/Kampala")


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


def test_files_that_were_sent_since_stop_no_restore(kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, _ = kiosks
    path = one.backup(RECIPIENT)
    said = uploads.Wanted("Accounts", "reports", "en", members_only=False)
    with papers.drafted(one.state, io.BytesIO(b"May: 7"), 6, 0) as draft, db.transaction(one.conn):
        paper = papers.add(one.conn, one.state, draft, "Accounts", "reports", "en", START, members_only=False)
        for digest, of_paper in (("aa", None), ("bb", paper), ("cc", None)):
            wanted = replace(said, of_paper=of_paper)
            uploads.begin(one.conn, one.state, "amina", "may.txt", digest * 32, 6, wanted, 0, START)
        uploads.became(one.conn, 1, paper)
    one.restore(path, KEY)
    assert [each.paper for each in papers.all_of(one.conn)] == [1]
    assert [each.digest.hex() for each in uploads.unfinished(one.conn)] == ["cc" * 32]  # goes on


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


def test_what_a_cut_restore_left_open_goes_with_the_next_backup(kiosks: tuple[Kiosk, Kiosk]) -> None:
    one, _ = kiosks
    path = one.backup(RECIPIENT)
    (one.state.folder / "restoring").mkdir()
    (one.state.folder / "restoring" / "kiosk.sqlite3").write_bytes(b"x")
    restore_orders.ask(one.state, restore_orders.Asked(path, KEY, "amina", START))
    one.backup(now=START + timedelta(minutes=59))
    assert not (one.state.folder / "restoring").exists()
    assert restore_orders.asked(one.state, START).key == KEY
    one.backup(now=START + timedelta(minutes=61))
    assert not (one.state.folder / "asked").exists()


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
    "members", "operators", "own_notice_texts", "own_notices",
    "paper_facts", "paper_versions", "papers", "posts", "progress", "readings", "recordings",
    "reports", "search_openings", "search_posts", "search_papers", "sections", "sessions", "settings",
    "threads", "usage",
}  # fmt: skip
"""Tables that a backup takes along."""


def test_of_each_table_is_said_whether_it_is_in_a_backup(kiosks: tuple[Kiosk, Kiosk]) -> None:
    """A new table is added to one of the two; the index of the search is made anew."""
    rows = kiosks[0].conn.execute("PRAGMA table_list").fetchall()
    names = {row["name"] for row in rows if row["type"] in ("table", "virtual")}
    unknown = names - OF_PEOPLE - set(backups.OF_THE_CARD) - {"search_words"}
    assert {name for name in unknown if not name.startswith("sqlite_")} == set()
