"""The machine in the console: its lights, whether it may be unplugged, restart and shut down, by the real helper."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.clock import Now
from kiosk.console import create_console, lights, unplug
from kiosk.host import health
from kiosk.host.health import Card, Health, Power, Uplink
from kiosk.host.machine import Helped, Unhelped
from kiosk.store import audit, db, events, moderation, threads, uploads
from kiosk.store.moderation import Act
from tests.console.entering import HOST, sign_in, token
from tests.host.test_helper import Scene, at_work
from tests.making import START, Village


@pytest.fixture
def scene(tmp_path: Path, village: Village) -> Iterator[Scene]:
    with at_work(Scene(tmp_path, village.clock), {os.getuid()}) as scene:
        (tmp_path / "hostapd.conf").write_text("interface=wlan0\nssid=Old\nchannel=1\n")
        yield scene


@pytest.fixture
def app(village: Village, scene: Scene) -> Flask:
    return create_console(village.config, village.clock, Helped(scene.path))


NOW = Now(START, trusted=True)
DOUBTED = Now(START, trusted=False, doubt="x")
COLOURS = [
    (lights.memory, Health(), "unknown"),
    (lights.memory, Health(free_memory_bytes=300_000_000, memory_bytes=500_000_000), "good"),
    (lights.memory, Health(free_memory_bytes=20_000_000, memory_bytes=500_000_000), "wait"),
    (lights.heat, Health(), "unknown"),
    (lights.heat, Health(celsius=69.4), "good"),
    (lights.heat, Health(celsius=70.1), "wait"),
    (lights.heat, Health(celsius=85.0), "bad"),
    (lights.power, Health(), "unknown"),
    (lights.power, Health(power=Power(False, False)), "good"),
    (lights.power, Health(power=Power(False, True)), "wait"),
    (lights.power, Health(power=Power(True, True)), "bad"),
    (lights.wifi, Health(), "unknown"),
    (lights.wifi, Health(radio=False), "bad"),
    (lights.wifi, Health(small_firmware=True, seats=19), "unknown"),
    (lights.wifi, Health(small_firmware=True, phones=3, seats=19), "good"),
    (lights.wifi, Health(small_firmware=True, phones=19, seats=19), "wait"),
    (lights.wifi, Health(small_firmware=False, phones=3, seats=8), "bad"),
]


@pytest.mark.parametrize(("of", "machine", "colour"), COLOURS)
def test_a_light_has_the_colour_of_what_is_known(app: Flask, of: object, machine: Health, colour: str) -> None:
    assert callable(of)
    with app.test_request_context(**HOST):
        light = of(machine)
        assert light.colour == colour
        assert light.sentence
        assert bool(light.remedy) == (colour == "bad" or (colour == "wait" and of is not lights.wifi))


def test_the_link_and_the_clock_have_lights(app: Flask) -> None:
    with app.test_request_context(**HOST):
        assert lights.link(None, metered=None).colour == "unknown"
        assert lights.link(Uplink(), metered=None).colour == "wait"
        for kind in ("cable", "wifi", "usb"):
            light = lights.link(Uplink("x0", kind), metered=True)
            assert light.colour == "good"
            assert "metered" in light.sentence
        assert lights.clock(NOW, vouched=True).colour == "good"
        assert lights.clock(DOUBTED, vouched=False).colour == "wait"
        assert lights.clock(DOUBTED, vouched=True).colour == "bad"
        assert lights.services({"Portal": True, "Library": True}).colour == "good"
        assert "Library" in lights.services({"Portal": True, "Library": False}).sentence
        assert lights.disk(10**8, 10**10).colour == "bad"
        assert lights.card(Card(read_only=False, errors=0), 0).colour == "good"
        assert lights.card(Card(read_only=False), 0).colour == "good"
        for found, unreadable in ((None, 0), (Card(read_only=True), 0), (Card(False, 0), 2), (Card(False, 3), 0)):
            light = lights.card(found, unreadable)
            assert light.colour == "bad"
            assert "new card" in light.remedy


def test_the_start_page_has_a_row_of_lights(inside: FlaskClient) -> None:
    page = inside.get("/", **HOST).text
    for key in (
        "content",
        "sync",
        "disk",
        "card",
        "link",
        "wifi",
        "clock",
        "services",
        "power",
        "heat",
        "memory",
        "board",
    ):
        assert f'id="{key}"' in page
    assert "Does not answer: Portal, Library." in page
    assert "Nothing is going on." in page


def test_what_waits_on_the_board_is_counted(inside: FlaskClient, conn: db.Connection, village: Village) -> None:
    assert "No message waits for your look." in inside.get("/", **HOST).text
    with db.transaction(conn):
        threads.open_thread(conn, "Beans", "Amina", "Cheap beans", village.clock())
        moderation.report(conn, 1, "rude", "a" * 32, "b" * 32, village.clock())
    assert "1 message waits for your look." in inside.get("/", **HOST).text
    moderation.hide(conn, 1, Act("operator", village.clock()))
    assert "No message waits for your look." in inside.get("/", **HOST).text


def test_the_last_backup_is_told(inside: FlaskClient, conn: db.Connection, village: Village) -> None:
    page = inside.get("/", **HOST).text.partition('id="backup"')[2]
    assert "There was none yet." in page.partition("</li>")[0]
    events.record(conn, "backup.finished", village.clock())
    events.record(conn, "backup.started", village.clock())
    page = inside.get("/", **HOST).text
    assert "In order" in page.partition('id="backup"')[2].partition("</li>")[0]
    assert "A backup is being made." in page
    sign_in_after(inside, village, days=9)
    assert "Make a new one." in inside.get("/", **HOST).text


def sign_in_after(client: FlaskClient, village: Village, **by: float) -> None:
    village.clock.forward(**by)
    sign_in(client)


def test_the_next_try_is_told(inside: FlaskClient, conn: db.Connection, village: Village) -> None:
    events.record(conn, "sync.finished", village.clock(), changes=[], fetched_bytes=0)
    assert "Next try: 24 Nov 2026, 17:00." in inside.get("/", **HOST).text
    again = (village.clock() + timedelta(minutes=4)).isoformat()
    events.record(conn, "sync.failed", village.clock(), message="no link", next_try=again)
    assert "Next try: 24 Nov 2026, 11:04." in inside.get("/", **HOST).text
    village.clock.forward(minutes=5)
    assert "The next try is due." in inside.get("/", **HOST).text


def test_it_may_not_be_unplugged_while_something_goes_on(
    inside: FlaskClient, conn: db.Connection, village: Village, app: Flask
) -> None:
    with village.state.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path in ("/", "/machine"):
            page = inside.get(path, **HOST).text
            assert "Better not." in page
            assert "A sync is running." in page
        with app.test_request_context(**HOST):
            assert unplug.going_on(conn, Health(sticks=("sdb1",))) == ["A stick is being read or written."]
    assert "Nothing is going on." in inside.get("/", **HOST).text
    wanted = uploads.Wanted("Minutes", "reports", "en", members_only=False)
    uploads.begin(conn, village.state, "operator", "minutes.pdf", "a" * 64, 9, wanted, 0, village.clock())
    assert "A file is being uploaded." in inside.get("/", **HOST).text
    sign_in_after(inside, village, hours=3)
    assert "Nothing is going on." in inside.get("/", **HOST).text


@pytest.mark.parametrize(
    ("path", "told", "kind", "words"),
    [
        ("/machine/restart", "reboot --no-block", "machine.restarted", "It restarts"),
        ("/machine/shut-down", "poweroff --no-block", "machine.shut_down", "It shuts down"),
    ],
)
def test_it_restarts_and_shuts_down_and_says_who_did_it(
    inside: FlaskClient, conn: db.Connection, scene: Scene, path: str, told: str, kind: str, words: str
) -> None:
    assert inside.get(path, **HOST).status_code == 405
    assert inside.post(path, **HOST).status_code == 400
    assert scene.told() == []
    assert words in inside.post(path, **HOST, data={"csrf_token": token(inside, "/machine")}).text
    assert scene.told() == [told]
    assert [(act.who, act.kind) for act in audit.last(conn, 9)] == [("manager", kind)]


def test_a_developers_machine_says_no_politely(village: Village, conn: db.Connection, inside: FlaskClient) -> None:
    app = create_console(village.config, village.clock, Unhelped(Path("kiosk.yaml")))
    client = app.test_client()
    sign_in(client)
    form = {"csrf_token": token(client, "/machine")}
    answer = client.post("/machine/restart", **HOST, data=form, follow_redirects=True)
    assert answer.status_code == 200
    assert "The machine did not do it" in answer.text
    assert audit.last(conn, 9) == []


def test_the_start_page_needs_no_machine_that_tells(inside: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "read", Health)
    rows = inside.get("/", **HOST).text.split("<li")
    silent = [row for row in rows if "This machine does not tell." in row]
    assert len(silent) > 3
    assert not any('href="/machine"' in row for row in silent)  # nobody shuts down for what is not known
