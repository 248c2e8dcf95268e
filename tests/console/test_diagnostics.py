"""The diagnostics file: what helps is in it, and nothing that must not leave the kiosk."""

from __future__ import annotations

import json

from flask.testing import FlaskClient

from kiosk.store import audit, db, events, members, threads
from tests.console.entering import HOST, OWN
from tests.console.test_machine import app, scene
from tests.making import Village

__all__ = ["app", "scene"]  # fixtures


def test_it_tells_what_helps(inside: FlaskClient, conn: db.Connection, village: Village) -> None:
    village.release()
    village.agent().run()
    with db.transaction(conn):
        audit.record(conn, "Grace", "clock.set", "from then to now", village.clock())
    answer = inside.get("/machine/diagnostics", **HOST)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kiosk-2026-11-24-0800.json"'
    told = json.loads(answer.data)
    assert told["generation"]["packs"][0]["pack"] == "members"
    assert told["events"][0]["kind"] == "sync.finished"
    assert [(act["kind"], len(act)) for act in told["acts"]] == [("clock.set", 2)]
    assert told["config"]["sync"]["channels"] == ["stable"]
    assert told["disk"]["total_bytes"] > 0
    assert told["clock"]["judged"]["at"].startswith("2026-11-24")


def test_it_holds_no_secret_and_nothing_of_people(inside: FlaskClient, conn: db.Connection, village: Village) -> None:
    now = village.clock()
    village.state.secret("captive-teller")
    secrets = [path.read_text().strip() for path in (village.state.folder / "secrets").iterdir()]
    assert len(secrets) >= 2
    with db.transaction(conn):
        threads.open_thread(conn, "Cheap beans", "Amina Okello", "Call zero-seven", now)
        members.add(conn, "Joseph Mukasa", now)
    events.record(conn, "wifi.started", now, who="operator Grace", why="a private reason")
    audit.record(conn, "Grace", "machine.restarted", "a private reason", now)
    events.record(conn, "member.added", now, told="Mukasa")
    events.record(conn, "sync.failed", now, message="https://me:pa55word@mirror.example/x is down", hint=secrets[0])
    text = inside.get("/machine/diagnostics", **HOST).text
    assert "https://mirror.example/x is down" in text
    people = ["Amina", "zero-seven", "beans", "Mukasa", "Grace", "private reason", "pa55word", OWN, "pbkdf2", "scrypt"]
    for word in [*secrets, *people]:
        assert word not in text
