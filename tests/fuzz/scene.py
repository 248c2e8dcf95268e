"""A kiosk that has something of everything, its two sites, and those who come to them."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from kiosk.config import Config, Members
from kiosk.console import create_console
from kiosk.host.conversion import Converter
from kiosk.host.helper import SOCKET
from kiosk.packs.attachments import Carried, Photo, Voice
from kiosk.portal import create_portal
from kiosk.store import attachments, bans, db, events, members, moderation, operators, queue, sections, threads
from kiosk.store.moderation import Act
from kiosk.store.operators import Rights
from kiosk.store.state import State
from kiosk.store.threads import Sending
from kiosk.web.phone import hashed
from tests.fuzz.phone import Phone
from tests.host.test_helper import Scene as Helped
from tests.host.test_helper import at_work
from tests.making import MovableClock
from tests.portal.conftest import NOW, Packer, configuration, village
from tests.portal.membership import join, sign_in
from tests.portal.searching import add_paper

PASSWORD = "a field of green beans"
LONG = Members(timedelta(days=40_000), timedelta(days=40_000))
"""Sessions that outlast every jump of the clock."""
KEPT = ("attachments", "uploads", "papers")

Role = Callable[[], Phone]


@dataclass
class Kiosk:
    """The kiosk; `restore` puts back what `keep` found."""

    config: Config
    clock: MovableClock
    helped: Helped
    portal: Flask = field(init=False)
    console: Flask = field(init=False)
    sites: dict[str, dict[str, Role]] = field(init=False, default_factory=dict)
    _kept: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        packer = Packer(self.state)
        self.state.prepare()
        village(packer)
        packer.install()
        self.portal = create_portal(self.config, self.clock, Converter())
        self.console = create_console(self.config, self.clock, self.helped.machine)
        self._kept = sqlite3.connect(":memory:")

    @property
    def state(self) -> State:
        return State(self.config.state)

    def keep(self) -> None:
        """Remember how all is."""
        with closing(sqlite3.connect(self.state.database)) as live:
            live.backup(self._kept)
        for folder in self._folders():
            shutil.copytree(folder, self._copy(folder), dirs_exist_ok=True)

    def restore(self) -> None:
        """Make sure that the database is sound, and put everything back."""
        with closing(db.connect(self.state.database)) as live:
            assert [tuple(row) for row in live.execute("PRAGMA integrity_check")] == [("ok",)]
            assert list(live.execute("PRAGMA foreign_key_check")) == []
            self._kept.backup(live)
        for folder in self._folders():
            for path in self._copy(folder).rglob("*"):
                there = folder / path.relative_to(self._copy(folder))
                if path.is_file() and not there.exists():
                    there.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, there)
        self.clock.now = NOW

    def close(self) -> None:
        self._kept.close()

    def _folders(self) -> list[Path]:
        return [self.state.folder / name for name in KEPT if (self.state.folder / name).is_dir()]

    def _copy(self, folder: Path) -> Path:
        return self.helped.folder / "kept" / folder.name


@contextmanager
def kiosk(folder: Path) -> Iterator[Kiosk]:
    """Yield a kiosk below `folder`, with its root helper at work: what needs root is only written down."""
    (folder / "hostapd.conf").write_text("interface=wlan0\nssid=Old\nchannel=1\n")
    helped = Helped(folder, MovableClock(NOW))
    assert helped.path != SOCKET
    with at_work(helped, {os.getuid()}):
        made = Kiosk(replace(configuration(folder), members=LONG), helped.clock, helped)
        _fill(made)
        made.sites = {"portal": _visitors(made), "console": _operators(made)}
        made.keep()
        try:
            yield made
        finally:
            made.close()


def session_of(app: Flask, **values: Any) -> str:
    """Return the session cookie that holds these values, as the site would sign it."""
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(signer.dumps(values))


def _fill(kiosk: Kiosk) -> None:
    add_paper(kiosk.config, "Minutes of May", "We bought two mills.", members_only=True)
    add_paper(kiosk.config, "Prices of maize", "Forty a tin.")
    with closing(db.connect(kiosk.state.database)) as conn, db.transaction(conn):
        sections.add(conn, "inner", "Inner circle", sells=True, members_only=True)
        post = _post(conn, "Two goats", _hashed(kiosk, "writer"), "market")
        _post(conn, "Our debts", "b", "inner")
        picture = Photo(b"\xff\xd8\xff", b"\xff\xd8\xff", 9, 9)
        attachments.add(conn, kiosk.state, post, Carried((picture,), Voice(b"ID3", 4)), 0)
        moderation.report(conn, post, "fraud", "d" * 32, "e" * 32, NOW)
        queue.hold(conn, _post(conn, "I am new", "c"))
        act = Act("manager", NOW, "so be it")
        bans.ban(conn, _post(conn, "Insults", "f"), 9, act, NOW.date())
        moderation.close(conn, 1, act)
        members.record_reading(conn, members.add(conn, "Juma", NOW), 1, 1, NOW)
        for number in range(60):
            events.record(conn, "sync.started", NOW, mirrors=["http://mirror.test"], number=number)
        events.record(conn, "sync.finished", NOW, generation=1, fetched_bytes=9)
        events.record(conn, "backup.finished", NOW)


def _hashed(kiosk: Kiosk, phone: str) -> str:
    with kiosk.portal.app_context():
        return hashed(phone)


def _post(conn: db.Connection, title: str, phone: str, section: str = "talk") -> int:
    sending = Sending(phone=phone if len(phone) > 1 else phone * 32)
    thread = threads.open_thread(conn, title, "Amina", title, NOW, section=section, sending=sending)
    return threads.first_post(conn, thread)


def _visitors(kiosk: Kiosk) -> dict[str, Role]:
    url, app = kiosk.config.portal.url, kiosk.portal
    holder = join(kiosk.state)
    with app.test_client() as client:
        assert sign_in(client, holder).status_code == 303
        cookie = client.get_cookie("portal_session", "localhost")
    assert cookie
    return {
        "nobody": lambda: Phone(app, url),
        "writer": lambda: Phone(app, url, {"portal_session": session_of(app, phone="writer")}),
        "member": lambda: Phone(app, url, {"portal_session": cookie.value}),
    }


def _operators(kiosk: Kiosk) -> dict[str, Role]:
    app = kiosk.console
    with closing(db.connect(kiosk.state.database)) as conn, db.transaction(conn):
        for name in ("manager", "editor", "shut"):
            operators.add(conn, name, Rights.EDITOR if name == "editor" else Rights.MANAGER, NOW)
            operators.choose_password(conn, name, PASSWORD, NOW)
        operators.shut_out(conn, "shut", shut=True)

    def operator(name: str) -> Phone:
        with closing(db.connect(kiosk.state.database)) as conn:
            found = operators.get(conn, name)
        since, seen = f"{db.to_text(found.changed_at)} {found.sign_outs}", db.to_text(kiosk.clock())
        cookie = session_of(app, operator=name, since=since, seen=seen)
        return Phone(app, kiosk.config.console.url, {"console_session": cookie})

    return {
        "manager": lambda: operator("manager"),
        "nobody": lambda: Phone(app, kiosk.config.console.url),
        "editor": lambda: operator("editor"),
    }
