"""For half an hour the phone that opened a thread may change its title, price, place and last day, and no other may."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.portal import create_portal
from kiosk.store import db, threads
from tests.portal.conftest import NOW
from tests.portal.test_board import GOOD, send
from tests.portal.test_board_rules import conn, other

__all__ = ["conn", "other"]
OFFER = {**GOOD, "price": "500 a bag", "place": "Mill", "ends": "2026-12-01"}
BETTER = {**GOOD, "title": "Good maize seed", "price": "450 a bag", "place": "Market", "ends": "2026-12-24"}


def test_the_form_holds_what_there_is_and_changes_it(visitor: FlaskClient, other: FlaskClient) -> None:
    send(visitor, "/board/new?in=market", **OFFER)
    form = visitor.get("/board/post/1/change").text
    values = re.findall(r'name="(title|price|place|ends)" type="\w+" value="([^"]*)"', form)
    assert dict(values) == {name: OFFER[name] for name in ("title", "price", "place", "ends")}
    assert send(visitor, "/board/post/1/change", **BETTER)[0] == 303
    for path in ("/board", "/board/1"):
        page = other.get(path).text
        for words in ("Good maize seed", "450 a bag", "Market", "Until 24 December 2026"):
            assert words in page
        assert "500 a bag" not in page


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [("title", " ", "fill in this field"), ("price", "x" * 41, "too long"), ("ends", "soon", "like this: 2026-12-31")],
)
def test_a_mistake_changes_nothing(visitor: FlaskClient, field: str, value: str, problem: str) -> None:
    send(visitor, "/board/new?in=market", **OFFER)
    status, _, page = send(visitor, "/board/post/1/change", **{**BETTER, "body": "Other words", field: value})
    assert status == 422
    assert re.search(rf'id="p-{field}" role="alert">[^<]*{problem}', page)
    assert "Other words" in page
    page = visitor.get("/board/1").text
    assert "Maize seed" in page
    assert "Other words" not in page


def test_a_form_that_arrives_in_pieces_changes_only_what_arrived(visitor: FlaskClient) -> None:
    send(visitor, "/board/new?in=market", **OFFER)
    assert send(visitor, "/board/post/1/change", author="Asha", body="Ten bags", price="450 a bag")[0] == 303
    page = visitor.get("/board/1").text
    for words in ("Maize seed", "450 a bag", "Mill", "Until 1 December 2026", "Ten bags"):
        assert words in page


def test_only_the_first_message_has_the_title(visitor: FlaskClient, other: FlaskClient) -> None:
    send(visitor, "/board/new?in=market", **OFFER)
    send(other, "/board/1", author="Juma", body="How much?")
    assert 'name="title"' not in other.get("/board/post/2/change").text
    assert send(other, "/board/post/2/change", **BETTER)[0] == 303
    assert send(other, "/board/post/1/change", **BETTER)[0] == 404
    assert "Good maize seed" not in visitor.get("/board").text


def test_elsewhere_there_is_no_price(visitor: FlaskClient) -> None:
    send(visitor, "/board/new?in=talk", **GOOD)
    assert 'name="price"' not in visitor.get("/board/post/1/change").text
    assert send(visitor, "/board/post/1/change", **BETTER)[0] == 303
    page = visitor.get("/board/1").text
    assert "Good maize seed" in page
    assert "450 a bag" not in page


def test_after_half_an_hour_it_stands(visitor: FlaskClient, portal: Flask) -> None:
    send(visitor, "/board/new?in=market", **OFFER)
    with visitor.session_transaction() as session:
        cookie = dict(session)

    def later() -> datetime:
        return NOW + timedelta(minutes=31)

    visitor = create_portal(portal.extensions["kiosk-site"].config, later).test_client()
    with visitor.session_transaction() as session:
        session.update(cookie)
    assert send(visitor, "/board/post/1/change", **BETTER)[0] == 404
    assert "500 a bag" in visitor.get("/board/1").text


def test_an_offer_that_ended_runs_again_with_another_day(visitor: FlaskClient, conn: db.Connection) -> None:
    send(visitor, "/board/new?in=market", **OFFER)
    conn.execute("UPDATE threads SET level = 0")
    send(visitor, "/board/post/1/change", **BETTER)
    assert not threads.get(conn, 1).ended
