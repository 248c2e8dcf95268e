"""The Wi-Fi in the console: on trial by the real helper, kept from the new network, or back by itself."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.host import health
from kiosk.store import audit, db, events
from kiosk.store.operators import Rights
from tests.console.entering import HOST, enter, token
from tests.console.test_machine import app, scene
from tests.host.test_helper import Scene
from tests.making import Village

__all__ = ["app", "scene"]  # fixtures

NEW = {"name": "Kijiji Ŋ", "password": "green beans", "channel": "11"}


def send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    form = {"csrf_token": token(client, "/machine"), **fields}
    return client.post(path, **HOST, data=form, follow_redirects=True)


def test_it_is_tried_and_kept(inside: FlaskClient, scene: Scene, village: Village, conn: db.Connection) -> None:
    page = send(inside, "/wifi", **NEW).text
    assert "Keep the new Wi-Fi?" in page
    assert "Else the old Wi-Fi is back at 24 Nov 2026, 11:02." in page
    assert "A change of the Wi-Fi waits" in inside.get("/", **HOST).text
    assert "wpa_passphrase=green beans" in scene.hostapd.read_text()
    village.clock.forward(minutes=1)
    assert "The new Wi-Fi stays." in send(inside, "/wifi/confirm").text
    assert 'value="Kijiji Ŋ"' in inside.get("/wifi", **HOST).text
    assert "green beans" not in str([each.detail for each in events.last(conn, "", 99)])
    assert [(act.who, act.kind, act.detail) for act in audit.last(conn, 9)] == [
        ("manager", "wifi.kept", "Kijiji Ŋ"), ("manager", "wifi.changed", "Kijiji Ŋ"),
    ]  # fmt: skip
    village.clock.forward(minutes=10)
    assert "wpa_passphrase=green beans" in scene.hostapd.read_text()


def test_it_goes_back_by_itself_and_that_is_said(inside: FlaskClient, scene: Scene, village: Village) -> None:
    before = scene.hostapd.read_text()
    send(inside, "/wifi", **NEW)
    village.clock.forward(minutes=2)
    page = send(inside, "/wifi/confirm").text
    assert "The machine did not do it" in page
    assert ".." not in page.partition("The machine did not do it")[2].partition("<")[0]
    assert "Nobody kept the last change" in page
    assert scene.hostapd.read_text() == before


def test_who_is_on_a_cable_can_not_keep_it(
    inside: FlaskClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    send(inside, "/wifi", **NEW)
    monkeypatch.setattr(health, "is_on_hotspot", lambda address: False)
    assert "has joined the new Wi-Fi." in send(inside, "/wifi/confirm").text
    assert scene.hostapd.with_name("hostapd.conf.before").exists()
    monkeypatch.setattr(health, "is_on_hotspot", lambda address: True)
    assert "The new Wi-Fi stays." in send(inside, "/wifi/confirm").text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": ""}, "Take 1 to 32 letters."),
        ({"name": "Ŋ" * 17}, "Take 1 to 32 letters."),
        ({"name": "a\nwpa=0"}, "Take 1 to 32 letters."),
        ({"password": "short"}, "8 to 63 letters"),
        ({"password": ""}, "8 to 63 letters"),  # an open hotspot is said to be one
        ({"password": "pässword"}, "8 to 63 letters"),
        ({"channel": "14"}, "Take a number from 1 to 13."),
        ({"channel": "six"}, "Take a number from 1 to 13."),
    ],
)
def test_what_can_not_be_is_told(inside: FlaskClient, scene: Scene, wrong: dict[str, str], told: str) -> None:
    answer = send(inside, "/wifi", **{**NEW, **wrong})
    assert answer.status_code == 422
    assert f'role="alert">{told}' in answer.text
    assert scene.told() == []


def test_the_form_shows_what_the_hotspot_is_but_not_its_password(inside: FlaskClient, scene: Scene) -> None:
    scene.hostapd.write_text("interface=wlan0\nssid=Soko\nchannel=11\nwpa=2\nwpa_passphrase=maize and beans\n")
    page = inside.get("/wifi", **HOST).text
    assert 'value="Soko"' in page
    assert 'value="11"' in page
    assert 'name="open" checked' not in page
    assert "maize" not in page


def test_a_hotspot_that_can_not_be_read_is_set_up_anew(inside: FlaskClient, scene: Scene) -> None:
    scene.hostapd.unlink()
    page = inside.get("/wifi", **HOST)
    assert page.status_code == 200
    assert 'value="6"' in page.text


def test_an_open_hotspot_is_chosen_in_so_many_words(inside: FlaskClient, scene: Scene) -> None:
    chosen = 'name="open" checked'
    send(inside, "/wifi", **NEW)
    send(inside, "/wifi/confirm")
    assert chosen not in inside.get("/wifi", **HOST).text
    both = send(inside, "/wifi", **{**NEW, "open": "on"})
    assert both.status_code == 422
    assert "Either the Wi-Fi is open to all, or it has a password." in both.text
    send(inside, "/wifi", **{**NEW, "open": "on", "password": ""})
    assert "wpa" not in scene.hostapd.read_text()
    send(inside, "/wifi/confirm")
    assert chosen in inside.get("/wifi", **HOST).text


def test_an_editor_is_shown_only_what_an_editor_may_do(app: Flask, conn: db.Connection, village: Village) -> None:
    editor = enter(app, conn, village, Rights.EDITOR)
    assert editor.get("/wifi", **HOST).status_code == 403
    for page in ("/", "/machine"):
        assert 'href="/wifi"' not in editor.get(page, **HOST).text
    assert 'href="/clock"' in editor.get("/machine", **HOST).text
    assert "/machine/diagnostics" not in editor.get("/machine", **HOST).text
