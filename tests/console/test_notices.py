"""Notices that operators write: on the console, and on the portal beside those that packs brought."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.portal import create_portal
from kiosk.store import audit, db, own_notices
from tests.console import test_board
from tests.console.entering import HOST, send, token
from tests.making import Village
from tests.sounds import silence

conn = test_board.conn
console = test_board.console

GOOD = {
    "language": "en", "title": "Assembly on Friday", "text": "At nine.\nBring your card.\n\n<b>All</b> are welcome.",
    "starts": "2026-11-24", "ends": "2026-11-30",
}  # fmt: skip


def write(client: FlaskClient, to: str = "/notices", **fields: str | bytes) -> TestResponse:
    """Send the form of a notice; bytes are a file."""
    sent = {name: (io.BytesIO(value), "x") for name, value in fields.items() if isinstance(value, bytes)}
    return client.post(to, **HOST, data={"csrf_token": token(client, "/notices"), **GOOD, **fields, **sent})


@pytest.fixture
def portal(village: Village) -> FlaskClient:
    return create_portal(village.config, village.clock).test_client()


def test_a_notice_is_announced_on_the_portal_until_its_last_day(
    console: FlaskClient, portal: FlaskClient, conn: db.Connection, village: Village
) -> None:
    assert write(console, pinned="yes").location == "/notices/1"
    assert [(act.kind, act.detail) for act in audit.last(conn, 1)] == [("notice.added", "Assembly on Friday")]
    for page in ("/", "/notices"):
        text = portal.get(page).text
        assert 'href="/notices/_here/1/en">Assembly on Friday</a>' in text, page
        assert "Important" in text
        assert "At nine. Bring your card." in text
    text = portal.get("/notices/_here/1/en").text
    assert "<p>At nine.<br>Bring your card.</p><p>&lt;b&gt;All&lt;/b&gt; are welcome.</p>" in text
    village.clock.forward(days=7)
    assert "Assembly" not in portal.get("/notices").text
    assert "This notice was for the time until 30 November 2026." in portal.get("/notices/_here/1/en").text


def test_nobody_sees_it_before_its_day_nor_once_it_is_taken_down(
    console: FlaskClient, portal: FlaskClient, conn: db.Connection
) -> None:
    write(console, starts="2026-11-26")
    assert "Not yet shown" in console.get("/notices", **HOST).text
    assert portal.get("/notices/_here/1/en").status_code == 404
    write(console, "/notices/1/days", starts="2026-11-24")
    assert portal.get("/notices/_here/1/en").status_code == 200
    send(console, "/notices", "/notices/1/end")
    assert portal.get("/notices/_here/1/en").status_code == 404
    assert "Assembly" not in portal.get("/notices").text + portal.get("/search?q=assembly").text.partition("<ul")[2]
    assert "Taken down" in console.get("/notices", **HOST).text
    send(console, "/notices", "/notices/1/resume")
    assert "Assembly" in portal.get("/notices").text
    assert [act.kind for act in audit.last(conn, 2)] == ["notice.resumed", "notice.ended"]


def test_it_is_said_language_by_language(console: FlaskClient, portal: FlaskClient, conn: db.Connection) -> None:
    write(console)
    write(console, "/notices/1/texts", language="sw", title="Mkutano wa Ijumaa", text="Saa tatu.")
    french = portal.get("/notices", headers={"Accept-Language": "fr"}).text
    assert "Assembly on Friday" in french  # the one of those there are that is most likely read
    assert "Mkutano" in portal.get("/notices", headers={"Accept-Language": "sw"}).text
    assert 'href="/notices/_here/1/en"' in portal.get("/notices", headers={"Accept-Language": "sw"}).text
    assert write(console, "/notices/1/texts", title="Assembly on Saturday").status_code == 303
    assert "Saturday" in portal.get("/notices").text
    assert write(console, "/notices/1/texts", act="remove").status_code == 303
    refused = write(console, "/notices/1/texts", act="remove", language="sw")
    assert (refused.status_code, [text.language for text in own_notices.get(conn, 1).texts]) == (422, ["sw"])
    assert portal.get("/notices/_here/1/en").status_code == 404


def test_it_may_be_listened_to(
    console: FlaskClient, portal: FlaskClient, conn: db.Connection, village: Village
) -> None:
    write(console, sound=silence(2))
    address = "/notices/_here/1/en/sound"
    assert f'<audio controls preload="none" src="{address}">' in portal.get("/notices/_here/1/en").text
    with portal.get(address, headers={"Range": "bytes=0-9"}) as answer:
        assert (answer.status_code, answer.mimetype, len(answer.data)) == (206, "audio/mpeg", 10)
    with console.get("/notices/1/en/sound", **HOST) as answer:
        assert answer.mimetype == "audio/mpeg"
    write(console, "/notices/1/texts", text="Other words.")
    with portal.get(address) as answer:
        assert answer.status_code == 200
    first = own_notices.get(conn, 1).texts[0].sound
    write(console, "/notices/1/texts", sound=silence(3))
    assert own_notices.get(conn, 1).texts[0].sound != first
    assert len(list(village.state.notices.iterdir())) == 1
    write(console, "/notices/1/texts", silent="yes")
    assert portal.get(address).status_code == 404
    assert not list(village.state.notices.iterdir())
    refused = write(console, "/notices/1/texts", sound=b"no sound", text="Typed for long.")
    assert refused.status_code == 422
    assert "This is not a sound" in refused.text
    assert "Typed for long." in refused.text


def test_it_is_found(console: FlaskClient, portal: FlaskClient, village: Village) -> None:
    write(console)
    page = portal.get("/search?q=friday card").text
    assert "/notices/_here/1/en" in page
    assert "<mark>card</mark>" in page
    assert "/notices/_here" not in portal.get("/search?q=friday goats").text
    village.clock.forward(days=7)
    assert "/notices/_here" not in portal.get("/search?q=friday").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""}, {"title": "x" * 201}, {"text": " "}, {"text": "x" * 10_001}, {"language": "<b>"},
        {"starts": "soon"}, {"ends": ""}, {"ends": "2026-11-23"}, {"ends": "2028-01-01"}, {"starts": "9999-12-31"},
    ],
)  # fmt: skip
def test_a_mistake_is_told_and_loses_nothing(console: FlaskClient, conn: db.Connection, wrong: dict[str, str]) -> None:
    answer = write(console, **wrong)
    assert answer.status_code == 422
    assert 'class="problem"' in answer.text
    if "text" not in wrong:
        assert "Bring your card." in answer.text
    assert own_notices.all_of(conn) == []
    write(console)
    field = next(iter(wrong))
    to = "/notices/1/days" if field in ("starts", "ends") else "/notices/1/texts"
    assert write(console, to, **wrong).status_code == 422
    assert own_notices.get(conn, 1).texts[0].text.startswith("At nine.")


def test_its_days_are_changed(console: FlaskClient, portal: FlaskClient) -> None:
    write(console)
    assert write(console, "/notices/1/days", starts="2026-11-25", ends="2026-11-26").status_code == 303
    assert "Assembly" not in portal.get("/notices").text
    for act in ("days", "texts", "end", "resume"):
        assert write(console, f"/notices/9/{act}").status_code == 404
    for address in ("x/en", "1/xx", "9999999999999999999999/en", "١/en", "1/en/sound"):
        assert portal.get(f"/notices/_here/{address}").status_code == 404, address
