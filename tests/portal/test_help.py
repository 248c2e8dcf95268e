"""Help in pictures, and the way to it from every page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.store import board_settings, db
from kiosk.store.board_settings import BoardIs, BoardSettings
from kiosk.store.state import State
from tests.portal.crawl import crawl


def steps(page: str) -> list[str]:
    """Return what each picture of the page says, without its tags."""
    found = re.findall(r'<li class="card">(.*?)</li>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


def test_each_picture_has_a_sentence_and_leads_to_its_place(visitor: FlaskClient) -> None:
    page = visitor.get("/help").text
    assert page.count('<svg class="drawn"') == len(steps(page)) == 8
    for sentence, word in zip(
        steps(page),
        (
            "Join the Wi-Fi",
            "kiosk.test",
            "stay connected",
            "Languages",
            "listen",
            "Library",
            "Write on the board",
            "card",
        ),
        strict=True,
    ):
        assert word in sentence
    for link in ("/languages?page=%2Fhelp", "?listen=yes", "/library", "/board/new", "/members/sign-in"):
        assert f'href="{link}"' in page


@pytest.mark.parametrize("state", [BoardIs.OFF, BoardIs.READ_ONLY])
def test_nobody_is_sent_to_a_board_that_takes_nothing(portal: Flask, visitor: FlaskClient, state: BoardIs) -> None:
    store: State = portal.extensions["kiosk-site"].state
    conn = db.connect(store.database)
    with db.transaction(conn):
        board_settings.save(conn, replace(BoardSettings(), state=state))
    conn.close()
    page = visitor.get("/help").text
    assert len(steps(page)) == 7
    assert "/board/new" not in page


def test_every_page_leads_to_help_and_about(portal: Flask, visitor: FlaskClient) -> None:
    pages = crawl(portal, visitor)
    assert {"help.show", "about.show", "home.show", "board.new", "courses.lesson"} <= {page.endpoint for page in pages}
    for page in pages:
        assert {"/help", "/about"} <= set(page.links), page.address
    missing = visitor.get("/nope").text
    assert 'href="/help"' in missing
    assert 'href="/about"' in missing
