"""Backups that are cut, spoiled, sealed for another, or made by a stranger: refused, and nothing changes."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import pytest

from kiosk.errors import FormatError, InvalidInput, KioskError
from kiosk.store import (
    backup_file,
    backups,
    restore,
    sealed,
)
from tests.making import START
from tests.store.kiosks import KEY, RECIPIENT, Kiosk


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
    *(
        archive(("head.json", HEAD.replace(b"100000", size)))
        for size in (b"Infinity", b"1e999", b"NaN", b"-5", b"0", b"1" * 30)
    ),
    archive(("head.json", HEAD.replace(b'"counts": {}', b'"counts": {"members": Infinity}'))),
    archive(("head.json", HEAD.replace(b"2026-11-24", b"9999-12-31"))),
    archive(("head.json", HEAD.replace(b"2026-11-24", b"0001-01-01"))),
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


@pytest.mark.parametrize("name", [rb"\ud800Umoja", rb"Um\u0000oja", rb"Umo\u202eja", rb"\nUmoja"])
def test_the_name_a_backup_gives_itself_can_be_shown_and_kept(name: bytes) -> None:
    head = HEAD.replace(b'"kiosk": "x"', b'"kiosk": "%s"' % name)
    assert backup_file.look(seal(archive(("head.json", head))), KEY).kiosk == "Umoja"


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


def test_a_trigger_with_a_name_of_sqlite_itself_is_refused(kiosks: tuple[Kiosk, Kiosk], tmp_path: Path) -> None:
    one, other = kiosks
    trigger = "CREATE TRIGGER sqlite_bad AFTER INSERT ON events BEGIN DELETE FROM bans; END"
    one.conn.execute("PRAGMA writable_schema = ON")
    one.conn.execute("INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_bad', 'events', 0, ?)", (trigger,))
    one.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with pytest.raises(FormatError, match="damaged"):
        other.restore(made_of(one, one.state.database, tmp_path), KEY)
    assert "sqlite_bad" not in {row[0] for row in other.conn.execute("SELECT name FROM sqlite_schema")}
