"""Content in the console: seen with its cost, agreed to, watched to its end, and gone back from."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from kiosk import config as configuration
from kiosk.clock import system_clock
from kiosk.console import create_console
from kiosk.host import health
from kiosk.host.machine import Unhelped
from kiosk.portal import create_portal
from kiosk.store import audit, db, events, generations, holds, settings, transfers, usage
from kiosk.store.settings import SyncSettings
from kiosk.store.transfers import Step, Transfer
from kiosk.sync.agent import Agent
from kiosk.sync.mirrors import HttpMirror
from tests.cli.commands import configure
from tests.console.operating import Operator
from tests.making import Village, http_server
from tests.sync.origin import Origin
from tests.sync.test_courtesy import MB, paper

BASE = "http://127.0.0.3:8000"
PACKS = ("aa", "bb", "cc")


class Desk(Unhelped):
    """A machine whose syncs go by the clock of the test: the agent is the real one, over real HTTP."""

    def __init__(self, village: Village, url: str) -> None:
        super().__init__(Path("nowhere"))
        self._village, self._url = village, url

    def start(self, what: str) -> None:
        agent = Agent(self._village.config, [HttpMirror(self._url)], self._village.clock, wait=lambda seconds: None)
        try:
            agent.run() if what == "sync" else agent.offer()
        except Exception as error:  # noqa: BLE001 - a child's end is told by its events alone
            self.ended_by = error


@contextmanager
def ended(machine: Unhelped) -> Iterator[None]:
    """Leave no child behind."""
    try:
        yield
    finally:
        machine.end()


@pytest.fixture
def mirror(village: Village) -> Iterator[str]:
    origin = Origin(village.folder / "server")
    origin.state.mkdir()
    origin.folder.symlink_to(village.repository.folder)
    with origin.serve() as url:
        yield url


@pytest.fixture
def app(village: Village, mirror: str) -> Flask:
    return create_console(village.config, village.clock, Desk(village, mirror))


@pytest.fixture
def operator(app: Flask, conn: db.Connection, village: Village) -> Operator:
    return Operator(app, conn, village.clock, BASE)


def installed(conn: db.Connection, village: Village) -> dict[str, int]:
    current = generations.get(conn, village.state.current_number())
    return {pack.pack: pack.version for pack in current.packs} if current else {}


def test_a_sync_of_three_packs_is_agreed_to_and_watched_to_its_end_by_the_process_of_development(
    tmp_path: Path,
) -> None:
    village = Village(tmp_path, system_clock())
    for pack in PACKS:
        paper(village, pack, 60_000)
    with http_server(village.repository.folder) as url:
        path = configure(tmp_path / "kiosk.yaml", village.state.folder, village.config.sync.trusted_root, url)
        config = configuration.load(path)
        machine = Unhelped(path)
        app = create_console(config, host=machine)
        with closing(db.connect(village.state.database)) as conn, ended(machine):
            operator = Operator(app, conn, system_clock, config.console.url)
            assert "Nobody has asked the channels yet" in operator.read("/content")
            assert "Agree" not in operator.read("/content")
            operator.press("/content", "/content/look")
            assert "The channels were asked." in operator.watch(lambda page: False)[-1]
            page = operator.read("/content")
            for pack in PACKS:
                assert f"<bdi>{pack.capitalize()}</bdi></strong>: new" in page
            assert "Agree and fetch 181 KB" in page
            assert "at an assumed 12 KB a second" in page
            assert "Room needed</dt><dd><strong>361 KB" in page
            assert installed(conn, village) == {}
            with db.transaction(conn):
                settings.save_sync(conn, SyncSettings(rate_bytes=60_000))
            assert 'id="progress"' in operator.press("/content", "/content/sync").text
            said = operator.watch(lambda page: False)
            assert any("<progress" in page and "of 181 KB" in page for page in said)
            assert "Finished: verified and visible. Generation 1 is served." in said[-1]
            assert installed(conn, village) == dict.fromkeys(PACKS, 1)
            assert "All that you chose is installed." in operator.read("/content")
            kinds = [act.kind for act in audit.last(conn, 9)]
            assert kinds[:2] == ["sync.agreed", "content.looked"]
        assert create_portal(config).test_client().get("/documents").text.count("Paper") >= 3


def test_a_budget_stops_the_day_says_so_and_day_two_goes_on(
    operator: Operator, conn: db.Connection, village: Village
) -> None:
    for pack in PACKS:
        paper(village, pack, 4 * MB)
    operator.press("/budget", "/budget", day="5", hours="", link="ask", metered="small", metered_most="20", every="6")
    operator.press("/content", "/content/look")
    page = operator.read("/content")
    assert "Agree and fetch 12 MB" in page
    assert "2 days more by the data budget" in page
    used = []
    for day in (1, 2):
        page = operator.press("/content", "/content/sync").text.replace("\xa0", " ")
        assert re.search(r"5(\.1)? MB of today’s 5 MB are used\. It goes on at", page), day
        assert "Finished" not in page
        used.append(usage.used(conn, village.clock().date()).day_bytes)
        assert " MB of today’s 5 MB are used." in operator.read("/budget")
        assert operator.read("/budget").count('class="bar"') == day
        assert len(installed(conn, village)) == day
        village.clock.forward(days=1)
        operator.sign_in_again()
        left = r"(7|6\.\d) MB" if day == 1 else r"(2|1\.\d) MB"
        assert re.search(f"Agree and fetch {left}", operator.read("/content")), day
    assert "Finished: verified and visible." in operator.press("/content", "/content/sync").text
    used.append(usage.used(conn, village.clock().date()).day_bytes)
    assert all(abs(day - 5 * MB) <= 0.02 * 5 * MB for day in used[:2])
    assert 12 * MB < sum(used) <= 12.24 * MB  # nothing came twice
    assert installed(conn, village) == dict.fromkeys(PACKS, 1)


def test_packs_are_chosen_ordered_and_dropped(operator: Operator, conn: db.Connection, village: Village) -> None:
    for pack in PACKS:
        paper(village, pack)
    operator.press("/content", "/content/look")
    fields: dict[str, Any] = {"which": "some", "pack": ["aa", "cc"], "place-cc": "1", "place-aa": "2"}
    assert "Your choice is kept." in operator.press("/content", "/content/choice", **fields).text
    assert settings.sync(conn).packs == ("aa", "cc")
    assert settings.sync(conn).order == ("cc", "aa")
    page = operator.read("/content")
    assert page.index('value="cc"') < page.index('value="aa"') < page.index('value="bb"')
    assert "<bdi>Bb</bdi></strong>: new" not in page
    operator.press("/content", "/content/sync")
    assert re.fullmatch(r"cc, aa: \d+\sKB", audit.last(conn, 1)[0].detail)
    assert installed(conn, village) == {"aa": 1, "cc": 1}
    operator.press("/content", "/content/choice", which="some", pack=["aa"])
    assert "<bdi>Members</bdi></strong>: goes away" in operator.read("/content")
    assert "Agree and fetch" not in operator.read("/content")
    operator.press("/content", "/content/sync")
    assert installed(conn, village) == {"aa": 1}
    wrong = operator.press("/content", "/content/choice", **{"which": "some", "place-aa": "9" * 5000})
    assert wrong.status_code == 422
    assert settings.sync(conn).packs == ("aa",)
    assert "Please tick at least one." in operator.press("/content", "/content/choice", which="some").text
    operator.press("/content", "/content/choice", which="some", pack=["../x", "unknown", "aa", "aa"])
    assert settings.sync(conn).packs == ("aa",)
    operator.press("/content", "/content/choice", which="all")
    assert settings.sync(conn).packs is None


def test_what_was_not_seen_is_not_agreed_to(operator: Operator, conn: db.Connection, village: Village) -> None:
    paper(village, "aa")
    operator.press("/content", "/content/look")
    answer = operator.press("/content", "/content/sync", seen="aa:1:5")
    assert "The cost has changed." in answer.text
    assert events.last(conn, "sync.") == []


def test_a_card_without_room_is_told_before(operator: Operator, village: Village, conn: db.Connection) -> None:
    paper(village, "aa")
    operator.press("/content", "/content/look")
    conn.execute("UPDATE offers SET installed_bytes = ?", (1 << 60,))
    page = operator.read("/content")
    assert "The card has not enough room" in page
    assert "Agree" not in page
    conn.execute("UPDATE offers SET media_bytes = installed_bytes")  # those are counted where they are fetched
    assert "Agree" in operator.read("/content")


def test_going_back_is_shown_first_and_done_by_the_machine(tmp_path: Path) -> None:
    village = Village(tmp_path, system_clock())
    for version in (1, 2):
        village.release(version=version, text=f"Text of version {version}.")
        village.agent().run()
    path = configure(tmp_path / "kiosk.yaml", village.state.folder, village.config.sync.trusted_root)
    config = configuration.load(path)
    machine = Unhelped(path)
    app = create_console(config, host=machine)
    with closing(db.connect(village.state.database)) as conn, ended(machine):
        operator = Operator(app, conn, system_clock, config.console.url)
        assert 'href="/content/generations/1"' in operator.read("/content/generations")
        page = operator.read("/content/generations/1")
        assert "version 2 becomes 1" in page
        assert village.state.current_number() == 2
        operator.press("/content/generations/1", "/content/generations/1")
        assert "Generation 1 is served again." in operator.watch(lambda page: False)[-1]
        assert village.state.current_number() == 1
        assert "Text of version 1." in village.lesson()
        assert operator.get("/content/generations/1").status_code == 404
        assert operator.get("/content/generations/99").status_code == 404
        assert list(holds.all_of(conn)) == ["members"]
        page = operator.read("/content")
        assert "</strong>: stays as it is: the version on offer was gone back from</p>" in page
        assert "All that you chose is installed." not in page
        operator.press("/content", "/content/held/members")
        assert holds.all_of(conn) == {}


def test_progress_is_read_from_the_store_while_the_lock_is_held(
    operator: Operator, conn: db.Connection, village: Village
) -> None:
    assert "There was none yet." in operator.read("/content/progress")
    now = village.clock()
    with village.state.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        transfers.put(conn, Transfer(now, now, Step.LOOK))
        assert "Asking the channels" in operator.read("/content/progress")
        village.clock.forward(minutes=2)
        transfers.put(conn, Transfer(now, village.clock(), Step.FETCH, "aa", 3 * MB, 12 * MB))
        answer = operator.get("/content/progress")
        assert answer.headers["Refresh"].endswith("url=/content/progress?again=1")
        page = answer.text.replace("\xa0", " ")
        assert "3 MB of 12 MB; about 6 minutes left" in page
        assert f'max="{12 * MB}" value="{3 * MB}"' in page
        assert "A sync is running." in operator.read("/content")
        for path in ("/content/look", "/content/sync"):
            assert f'action="{path}"' not in operator.read("/content")
    assert "Refresh" not in operator.get("/content/progress").headers


def test_a_page_that_renews_itself_keeps_no_session_open(operator: Operator, village: Village) -> None:
    for _ in range(3):
        village.clock.forward(minutes=11)
        last = operator.get("/content/progress?again=1")
    assert last.location == "/login"


def test_what_does_not_begin_is_told(operator: Operator, conn: db.Connection, village: Village) -> None:
    events.record(conn, "asked", village.clock(), what="look", after=0)
    assert "It begins." in operator.read("/content/progress")
    village.clock.forward(minutes=2)
    assert "It did not begin, or was cut." in operator.read("/content/progress")


def test_a_pause_holds_and_ends(operator: Operator, conn: db.Connection, village: Village) -> None:
    paper(village, "aa")
    page = operator.press("/content", "/content/progress/pause", hours="6").text
    assert "Syncs are paused." in page
    assert "24 Nov 2026, 17:00" in page
    operator.press("/content", "/content/look")
    assert "Syncs are paused." in operator.read("/content/progress")
    operator.press("/content", "/content/progress/go-on")
    assert settings.sync(conn).pause is None
    operator.press("/content", "/content/progress/pause", hours="")
    assert settings.sync(conn).pause is not None


def test_a_stick_is_taken_and_filled_by_the_machine(
    operator: Operator, app: Flask, monkeypatch: pytest.MonkeyPatch, conn: db.Connection
) -> None:
    asked: list[tuple[str, str]] = []
    machine = app.extensions["kiosk-machine"]
    monkeypatch.setattr(machine, "import_stick", lambda folder: asked.append(("take", str(folder))))
    monkeypatch.setattr(machine, "export_stick", lambda folder: asked.append(("fill", str(folder))))
    monkeypatch.setattr(health, "plugged", tuple)
    assert "No stick is in." in operator.read("/content/stick")
    monkeypatch.setattr(health, "plugged", lambda: ("sdb1",))
    for act in ("take", "fill"):
        operator.press("/content/stick", "/content/stick", act=act)
    assert asked == [("take", "/run/kiosk-usb/sdb1"), ("fill", "/run/kiosk-usb/sdb1")]
    for wrong in ("", "../../etc", "sdb1/x", "mmcblk0p1", "sdb1.service"):
        assert "choose it here" in operator.press("/content/stick", "/content/stick", stick=wrong).text
    assert len(asked) == 2
    assert [act.detail for act in audit.last(conn, 2)] == ["sdb1", "sdb1"]
