"""Where a paper stands on the console: its shelf, its language, and who may see it, changed afterwards."""

from __future__ import annotations

from flask.testing import FlaskClient

from kiosk.store import audit, db, papers
from tests.console.entering import send
from tests.console.sending import Sender

TEXT = b"The assembly has decided.\n"


def test_where_it_stands_can_be_changed(inside: FlaskClient, conn: db.Connection) -> None:
    Sender(inside, TEXT).send()
    said = {"category": "forms", "language": "sw", "who": "members"}
    assert send(inside, "/documents/1", "/documents/1/place", **said).location == "/documents/1"
    found = papers.get(conn, 1)
    assert (found.category, found.language, found.members_only) == ("forms", "sw", True)
    assert audit.last(conn, 1)[0].kind == "paper.moved"
    for wrong in ({"category": "x"}, {"language": "../x"}, {}):
        answer = send(inside, "/documents/1", "/documents/1/place", **({**said, **wrong} if wrong else {}))
        assert answer.status_code == 422
        assert papers.get(conn, 1) == found
    assert send(inside, "/documents/1", "/documents/9/place", **said).status_code == 404
