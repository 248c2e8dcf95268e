"""The database's light and page: a copy that took the place of a broken database is told until somebody has read it."""

from __future__ import annotations

import re
from datetime import timedelta

from flask.testing import FlaskClient

from kiosk.store import audit, copies, db, events
from tests.console.entering import HOST, token
from tests.making import START, Village


def page(client: FlaskClient, path: str = "/database") -> str:
    """Return a page, without the marks that numbers and names are wrapped in for their direction."""
    return re.sub("[\u2066-\u2069]", "", client.get(path, **HOST).text)


def light(client: FlaskClient) -> str:
    return page(client, "/").partition('id="database"')[2].partition("</li>")[0]


def test_the_copy_of_the_night_is_told(inside: FlaskClient, conn: db.Connection, village: Village) -> None:
    assert "There is no copy of it yet." in light(inside)
    assert "There is no copy of it yet." in page(inside)
    copies.keep(conn, village.state, village.clock())
    assert "In order" in light(inside)
    assert "The last good copy is of 24 Nov 2026, 11:00." in page(inside)
    copies.keep(conn, village.state, village.clock() - timedelta(days=4))
    assert "Please look" in light(inside)


def test_a_database_in_doubt_is_told(inside: FlaskClient, village: Village) -> None:
    (village.state.folder / copies.DOUBT).touch()
    assert "The database is damaged." in light(inside)
    assert "Restart" in light(inside)


def test_a_copy_that_took_its_place_is_told_until_it_was_read(
    inside: FlaskClient, conn: db.Connection, village: Village
) -> None:
    copies.keep(conn, village.state, village.clock())
    assert inside.post("/database/read", **HOST, data={"csrf_token": token(inside, "/")}).status_code == 303
    assert audit.last(conn, 9) == []
    events.record(conn, copies.REPLACED, village.clock(), copied_at=db.to_text(START - timedelta(hours=2)))
    events.record(conn, "backup.finished", village.clock())
    for _ in range(2):
        assert "Not in order" in light(inside)
        assert "the copy of 24 Nov 2026, 09:00 took its place" in light(inside)
    assert "On 24 Nov 2026, 11:00 the card gave the database back broken." in page(inside)
    assert inside.post("/database/read", **HOST).status_code == 400
    inside.post("/database/read", **HOST, data={"csrf_token": token(inside, "/database")})
    assert "In order" in light(inside)
    assert [(act.who, act.kind) for act in audit.last(conn, 9)] == [("manager", "database.read")]
