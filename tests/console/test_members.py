"""Members on the console: adding, importing, cards and readers."""

from __future__ import annotations

import io
import re

from flask.testing import FlaskClient

from kiosk.store import audit, cards, db, members
from kiosk.store.cards import Press
from tests.console import test_board
from tests.console.entering import HOST, send, token
from tests.making import Village

conn = test_board.conn
console = test_board.console


def test_a_member_is_added_with_a_pin_shown_once(console: FlaskClient, conn: db.Connection, village: Village) -> None:
    answer = send(console, "/members", "/members", name="Amina Okello", number="12").text
    pin = re.search(r'<strong class="score" dir="ltr">(\d{4})<', answer)
    assert pin
    press = Press(village.state.secret("cards"))
    row = conn.execute("SELECT salt, pin_hash FROM cards").fetchone()
    assert press.fits(row["salt"], row["pin_hash"], pin[1])
    page = console.get("/members", **HOST).text
    assert "Amina Okello" in page
    assert f">{pin[1]}<" not in page
    for name, number in (("", ""), ("Juma", "12"), ("Juma", "0"), ("Juma", "x")):
        assert send(console, "/members", "/members", name=name, number=number).status_code == 422


def test_a_csv_is_reported_line_by_line(console: FlaskClient, conn: db.Connection, village: Village) -> None:
    members.add(conn, "Amina", village.clock(), 1)
    form = token(console, "/members")

    def upload(text: bytes) -> tuple[int, str]:
        fields = {"csrf_token": form, "file": (io.BytesIO(text), "members.csv")}
        answer = console.post("/members/import", **HOST, data=fields)
        return answer.status_code, answer.text

    code, page = upload(b"number,name\n1,Amina Okello\n2,Juma\nx,Bad\n3,\n")
    assert code == 200
    assert {each.name for each in members.all_of(conn)} == {"Amina Okello", "Juma"}
    for line, said in ((2, "has another name now"), (3, "has a card"), (4, "digits only"), (5, "fill in this field")):
        assert re.search(rf"{said}(?:(?!<li).)*Line {line}<", page, re.DOTALL), said
    page = upload(b"number,name\n4,Grace\n4,Asha\n5,Ouma, Joseph\n6,Bela,\n")[1]
    for line, said in ((2, "has a card"), (3, "is another member’s"), (4, "more columns"), (5, "has a card")):
        assert re.search(rf"{said}(?:(?!<li).)*Line {line}<", page, re.DOTALL), said
    assert members.get(conn, 4).name == "Grace"
    assert upload(b"a,b\n1,2\n")[0] == 422
    assert upload(b"\xff\xfe")[0] == 422


def test_cards_are_printed_revoked_and_made_anew(console: FlaskClient, conn: db.Connection, village: Village) -> None:
    for n in range(11):
        send(console, "/members", "/members", name=f"Member {n}")
    page = console.get("/members/cards", **HOST).text
    assert [sheet.count('viewBox="0 0 85.6') for sheet in page.split('<div class="cards">')[1:]] == [10, 1]
    assert send(console, "/members/1", "/members/1/revoke").status_code == 303
    assert "Member 0" not in console.get("/members/cards?m=1", **HOST).text
    assert "PIN" in send(console, "/members/1", "/members/1/reissue").text
    assert [card.revoked_at is None for card in cards.all_of(conn, 1)] == [True, False]
    assert send(console, "/members/1", "/members/1/unlock").status_code == 303
    assert [(act.who, act.kind, act.detail) for act in audit.last(conn, 4)] == [
        ("editor", kind, "№ 1") for kind in ("card.unlocked", "card.issued", "card.revoked")
    ] + [("editor", "member.added", "№ 11")]
    members.record_reading(conn, 1, 1, 1, village.clock())
    assert console.get("/members/1", **HOST).status_code == 200
    assert console.get("/members/readers/1", **HOST).status_code == 404
    assert console.get("/members/99", **HOST).status_code == 404
