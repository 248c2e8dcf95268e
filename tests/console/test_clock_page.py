"""The clock in the console: the difference is shown first, then set by the real helper."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.clock import Memory
from kiosk.host import timekeeping
from kiosk.store import audit, db
from kiosk.store import clock as clocks
from tests.console.entering import HOST, token
from tests.console.test_machine import app, scene
from tests.host.test_helper import Scene
from tests.making import START, Village

__all__ = ["app", "scene"]  # fixtures


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time server keeps this machine's clock, whatever the machine of the tests has."""
    monkeypatch.setattr(timekeeping, "synchronised", lambda: False)


def send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, **HOST, data={"csrf_token": token(client, "/clock"), **fields})


def test_the_difference_is_shown_and_nothing_set(inside: FlaskClient, scene: Scene) -> None:
    phone = START + timedelta(hours=3, minutes=10)
    page = send(inside, "/clock/compare", instant=str(round(phone.timestamp() * 1000)), typed="2026-01-01T00:00").text
    assert "The kiosk is 3 hours behind your phone." in page
    assert "It would be set to 24 Nov 2026, 14:10." in page
    assert 'name="ahead" value="11400"' in page
    assert scene.times == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("2026-11-24T11:00", "The two agree."),
        ("2026-11-24T11:02", "The kiosk is 2 minutes behind your phone."),
        ("2026-11-20T11:00", "The kiosk is 4 days ahead of your phone."),
    ],
)
def test_without_a_script_the_time_is_typed_as_the_village_has_it(inside: FlaskClient, typed: str, told: str) -> None:
    assert told in send(inside, "/clock/compare", instant="", typed=typed).text


@pytest.mark.parametrize(
    "value", ["", "soon", "2026-11-24", "1970-01-01T00:00", "2100-01-02T00:00", "9999-12-31T23:59"]
)
def test_what_can_not_be_the_time_is_told(inside: FlaskClient, value: str) -> None:
    answer = send(inside, "/clock/compare", typed=value)
    if value == "2026-11-24":  # midnight
        assert answer.status_code == 200
        return
    assert answer.status_code == 422
    assert "This can not be the time now." in answer.text


@pytest.mark.parametrize("value", ["x", "9" * 400, "-1", "99999999999999"])
def test_an_instant_that_is_none_is_told(inside: FlaskClient, value: str) -> None:
    assert send(inside, "/clock/compare", instant=value).status_code == 422
    if value != "-1":
        assert send(inside, "/clock", ahead=value).status_code == 422


def test_it_is_set_by_the_difference_and_vouched_for(
    inside: FlaskClient, scene: Scene, conn: db.Connection, village: Village
) -> None:
    with db.transaction(conn):
        clocks.remember(conn, Memory(agreed=START + timedelta(days=3000)))
    form = token(inside, "/clock")
    village.clock.forward(minutes=5)  # the operator reads slowly
    answer = inside.post(
        "/clock", **HOST, data={"csrf_token": form, "ahead": str(86400 * 30)}, follow_redirects=True
    )  # fmt: skip
    after = START + timedelta(days=30, minutes=5)
    assert scene.times == [after.timestamp()]
    assert "The clock is set" in answer.text  # the session lives on
    assert clocks.memory(conn) == Memory(saved=after)
    (act,) = audit.last(conn, 9)
    assert (act.who, act.kind, act.detail) == ("manager", "clock.set", "2026-11-24 11:05 → 2026-12-24 11:05")


def test_where_a_time_server_is_there_is_nothing_to_set(inside: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "synchronised", lambda: True)
    page = inside.get("/clock", **HOST).text
    assert "There is nothing to set." in page
    assert "<form class" not in page.partition("<main")[2]


def test_only_the_page_with_the_script_may_run_it(inside: FlaskClient) -> None:
    assert "script-src 'self'" in inside.get("/clock", **HOST).headers["Content-Security-Policy"]
    assert "script-src" not in inside.get("/machine", **HOST).headers["Content-Security-Policy"]
