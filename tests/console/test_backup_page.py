"""The pages of backups and of settings: made, downloaded, and restored on a fresh kiosk, by real processes."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk import config as configuration
from kiosk.clock import system_clock
from kiosk.console import create_console
from kiosk.errors import HostError
from kiosk.host.machine import Helped, Unhelped
from kiosk.portal import create_portal
from kiosk.store import audit, backups, db, operators, restore_orders, threads
from kiosk.store.operators import Rights
from kiosk.store.state import State
from kiosk.web import i18n
from tests.cli.commands import configure
from tests.console.entering import OWN

HOST = {"base_url": "http://console.kiosk.test"}


class Site:
    """A kiosk's console with an operator who is signed in; what it begins is done by children, as for developers."""

    def __init__(self, folder: Path, operator: str) -> None:
        folder.mkdir()
        path = configure(folder / "kiosk.yaml", folder / "state", folder / "root.json")
        self.config = configuration.load(path)
        self.machine = Unhelped(path)
        self.app: Flask = create_console(self.config, system_clock, self.machine)
        self.state = State(self.config.state)
        self.client: FlaskClient = self.app.test_client()
        with closing(self.conn()) as conn, db.transaction(conn):
            operators.add(conn, operator, Rights.MANAGER, system_clock())
            operators.choose_password(conn, operator, OWN, system_clock())
        self.sign_in(operator)

    def conn(self) -> db.Connection:
        return db.connect(self.config.state / "kiosk.sqlite3")

    def page(self, path: str) -> str:
        return self.client.get(path, **HOST, follow_redirects=True).text

    def post(self, page: str, to: str, **fields: object) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page(page))
        assert token, page
        data = {"csrf_token": token[1], **fields}
        return self.client.post(to, **HOST, data=data, follow_redirects=True).text

    def sign_in(self, name: str) -> None:
        assert "Signed in as" in self.post("/login", "/login", name=name, password=OWN)

    def wait(self, until: Callable[[str], bool]) -> str:
        for _ in range(600):
            page = self.page("/backup")
            if until(page):
                return page
            time.sleep(0.1)
        raise AssertionError(page)

    def make_key(self) -> str:
        page = self.post("/backup", "/backup/key")
        key = re.search(r"<code>(AGE-SECRET-KEY-1[A-Z0-9]+)</code>", page)
        assert key, page
        assert "<svg" in page
        return key[1]

    def backup(self) -> bytes:
        assert "A backup is being made." in self.post("/backup", "/backup/make")
        page = self.wait(lambda page: "being made" not in page)
        name = re.search(r"/backup/files/(kiosk-[\d-]+\.age)", page)
        assert name, page
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        answer = self.client.post(f"/backup/files/{name[1]}", **HOST, data={"csrf_token": token[1]})
        assert answer.headers["Content-Disposition"].endswith(name[1])
        data = bytes(answer.data)
        answer.close()
        return data


class Maker(Protocol):
    def __call__(self, name: str, operator: str = "amina") -> Site: ...


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Maker]:
    """Makes kiosks, whose children have ended when the test has."""
    made: list[Site] = []

    def make(name: str, operator: str = "amina") -> Site:
        made.append(Site(tmp_path / name, operator))
        return made[-1]

    yield make
    for each in made:
        each.machine.end()


def test_a_kiosk_is_found_again_on_a_fresh_one(site: Maker) -> None:
    one = site("one")
    assert "Make a backup now" not in one.page("/backup")
    key = one.make_key()
    assert key not in one.page("/backup")
    with closing(one.conn()) as conn, db.transaction(conn):
        threads.open_thread(conn, "Beans", "Okello", "Cheap beans", system_clock())
    one.post("/settings", "/settings", name="Kijiji", cooperative="Umoja & sons", night_hour="3", language="en")
    data = one.backup()
    with closing(one.conn()) as conn:
        acts = [act.kind for act in audit.last(conn, 9)]
    assert acts == ["backup.downloaded", "backup.begun", "settings.changed", "backup.key"]
    other = site("other", "first")
    assert "Restore this backup?" not in other.page("/backup/restore/look")
    page = other.post("/backup/restore", "/backup/restore", key=key.lower(), file=(io.BytesIO(data), "a.age"))
    assert "Restore this backup?" in page
    assert re.search(r"Kijiji", page)
    assert "Cheap beans" not in create_portal(other.config).test_client().get("/board").text
    assert "A backup is being restored." in other.post("/backup/restore/look", "/backup/restore/begin", seen=seen(page))
    other.wait(lambda page: "was restored. Sign in" in page)
    assert not (other.state.folder / "asked").exists()
    other.sign_in("amina")
    assert "Umoja &amp; sons" in other.page("/settings")
    assert "Kijiji" in other.page("/")
    with closing(other.conn()) as conn:
        assert [act.kind for act in audit.last(conn, 2)] == ["backup.restored", "backup.begun"]
        assert conn.execute("SELECT title FROM threads").fetchone()[0] == "Beans"


def test_what_can_not_be_restored_is_told_and_changes_nothing(site: Maker) -> None:
    one = site("one")
    key = one.make_key()
    data = one.backup()
    to = "/backup/restore"
    assert "compare it letter by letter" in one.post(to, to, key="x", file=(io.BytesIO(data), "a.age"))
    assert "Please choose a file." in one.post(to, to, key=key)
    assert "Please choose a file." in one.post(to, to, key=key, name="../kiosk.sqlite3")
    assert "damaged, or no backup" in one.post(to, to, key=key, file=(io.BytesIO(b"x" * 5000), "a.age"))
    other_key = one.make_key()
    assert "does not open this file" in one.post(to, to, key=other_key, file=(io.BytesIO(data), "a.age"))
    assert not (one.state.folder / "asked").exists()
    spoiled = data[:-20]
    page = one.post(to, to, key=key, file=(io.BytesIO(spoiled), "a.age"))
    assert "Restore this backup?" in page
    one.post(f"{to}/look", f"{to}/begin", seen=seen(page))
    assert "Nothing was changed." in one.wait(lambda page: "is being restored" not in page)
    name = backups.all_of(one.state)[0].name
    assert "Restore this backup?" in one.post(to, to, key=key, name=name)
    assert "Nothing was changed." in one.post(f"{to}/look", f"{to}/leave")
    assert not (one.state.folder / "asked").exists()


def test_who_sends_a_backup_while_another_manager_leaves_is_told(site: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    one = site("one")
    key = one.make_key()
    data = one.backup()
    receive = restore_orders.receive

    def and_another_leaves(*args: object) -> Path:
        path = receive(*args)  # type: ignore[arg-type]
        restore_orders.forget(one.state)
        return path

    monkeypatch.setattr(restore_orders, "receive", and_another_leaves)
    page = one.post("/backup/restore", "/backup/restore", key=key, file=(io.BytesIO(data), "a.age"))
    assert "Something else is running" in page


def test_only_the_backup_that_was_shown_is_restored(site: Maker) -> None:
    one = site("one")
    key, to = one.make_key(), "/backup/restore"
    first = one.backup()
    one.post(to, to, key=key, file=(io.BytesIO(first), "a.age"))
    shown = seen(one.page(f"{to}/look"))
    with closing(one.conn()) as conn, db.transaction(conn):
        threads.open_thread(conn, "Beans", "Okello", "Cheap beans", system_clock())
    time.sleep(1.1)  # backups are told apart by the second
    one.post(to, to, key=key, file=(io.BytesIO(one.backup()), "b.age"))
    assert "Restore this backup?" in one.post(f"{to}/look", f"{to}/begin", seen=shown)
    assert "A backup is being restored." in one.post(f"{to}/look", f"{to}/begin", seen=seen(one.page(f"{to}/look")))
    one.wait(lambda page: "was restored. Sign in" in page)


def seen(page: str) -> str:
    """Return by what a page tells the backup that it shows."""
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def test_a_machine_that_does_not_do_it_says_so(site: Maker, tmp_path: Path) -> None:
    one = site("one")
    one.make_key()
    one.app.extensions["kiosk-machine"] = Helped(tmp_path / "no-helper")
    page = one.post("/backup", "/backup/make")
    assert "The machine did not do it" in page
    assert "being made" not in page
    assert "No stick is in." in one.post("/backup", "/backup/stick", stick="sdb1", act="copy")
    with pytest.raises(HostError):
        Helped(tmp_path / "no-helper").start("backup")


def test_an_order_is_forgotten_after_an_hour(site: Maker, tmp_path: Path) -> None:
    one = site("one")
    asked = restore_orders.Asked(tmp_path / "x", "key", "amina", system_clock())
    restore_orders.ask(one.state, asked)
    assert restore_orders.asked(one.state, system_clock()) == asked.__class__(
        asked.path, "key", "amina", asked.at.replace(microsecond=0)
    )
    with pytest.raises(Exception, match="nobody asked"):
        restore_orders.asked(one.state, system_clock() + restore_orders.LONGEST * 2)
    assert not (one.state.folder / "asked").exists()


def test_settings_are_kept_and_shown(site: Maker) -> None:
    one = site("one")
    portal = create_portal(one.config).test_client()
    assert "Umoja" in portal.get("/about").text
    one.post("/settings", "/settings", name="Kijiji", cooperative="Beans", night_hour="0", language=["fr", "sw"])
    page = portal.get("/about").text
    assert "Kijiji" in page
    assert ">Beans<" in page
    assert 'lang="fr"' in page.partition(">")[0] + page
    assert "Español" not in portal.get("/languages").text
    assert "Kiswahili" in portal.get("/languages").text
    assert portal.get("/about?lang=es").status_code == 200  # not offered: no redirect that keeps it
    assert "Español" in one.page("/languages")
    for wrong in ({"night_hour": "24"}, {"night_hour": ""}, {"name": "x" * 61, "night_hour": "1"}, {"name": "a\nb"}):
        assert 'role="alert"' in one.post("/settings", "/settings", **{"language": "en", **wrong})
    assert "Please choose one of these." in one.post("/settings", "/settings", name="", cooperative="", night_hour="2")
    assert "Español" not in portal.get("/languages").text
    one.post("/settings", "/settings", name="", cooperative="", night_hour="2", language=list(i18n.LANGUAGES))
    assert "Umoja" in portal.get("/about").text
    assert "Español" in portal.get("/languages").text
