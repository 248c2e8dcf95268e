"""About: who runs this kiosk, and what is stored about a visitor, as the code has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from kiosk.config import About, Captive, Config, Members
from kiosk.portal import create_portal
from kiosk.store import db
from kiosk.store.state import State

TOLD = {
    "welcomed": "When you press OK",
    "threads": "On the board",
    "posts": "On the board",
    "reports": "On the board",
    "attachments": "On the board",
    "search_posts": "On the board",
    "search_openings": "On the board",
    "limits": "On the board",
    "bans": "On the board",
    "members": "If you are a member",
    "cards": "If you are a member",
    "card_phones": "If you are a member",
    "sessions": "If you are a member",
    "readings": "If you are a member",
    "progress": "If you are a member",
}
"""Tables that keep something about visitors, and where the page tells of it."""
ABOUT_NO_VISITOR = {
    "generations", "packs", "collections", "entries", "items", "operators", "events", "trust_accepted", "trust_roots",
    "trust_heads", "clock", "settings", "usage", "holds", "sections", "acts", "paper_facts", "papers", "paper_versions",
    "offers", "transfer", "recordings", "search_built", "search_papers", "search_places", "search_texts",
    "search_words", "guesses", "failed_logins", "audit",
}  # fmt: skip


def test_who_runs_it_is_said(config: Config) -> None:
    about = About("Kijiji Farmers & Friends", ("Amina, in the shop", "0700 123 456"))
    page = create_portal(replace(config, about=about)).test_client().get("/about").text
    for part in ("Kijiji Farmers &amp; Friends", "Amina, in the shop", "0700 123 456"):
        assert f'dir="auto">{part}<' in page
    assert "Ask the people" not in page


def test_without_a_word_of_the_operator_it_is_the_kiosks_name(visitor: FlaskClient) -> None:
    page = visitor.get("/about").text
    assert '<strong dir="auto">Umoja Telecenter</strong>' in page
    assert "Ask the people of the telecenter." in page


def test_what_is_kept_is_told_with_the_times_the_kiosk_keeps_to(config: Config) -> None:
    members = Members(timedelta(minutes=7), timedelta(hours=3))
    found = replace(config, captive=Captive(again_hours=5), members=members)
    page = create_portal(found).test_client().get("/about").text
    for part in ("counts for 5 h", "within 30 minutes", "after 7 minutes", "after 3 h", "For a year"):
        assert part in page


def test_every_table_that_knows_visitors_is_told_of(portal: Flask, visitor: FlaskClient) -> None:
    """A new table is added to one of the two lists, and to the page if it keeps something about people."""
    state: State = portal.extensions["kiosk-site"].state
    conn = db.connect(state.database)
    names = {row["name"] for row in conn.execute("PRAGMA table_list") if row["type"] in ("table", "virtual")}
    conn.close()
    assert {name for name in names if not name.startswith("sqlite_")} == {*TOLD, *ABOUT_NO_VISITOR}
    page = visitor.get("/about").text
    for heading in TOLD.values():
        assert heading in page


def test_a_phone_that_only_reads_keeps_nothing_but_what_was_told(visitor: FlaskClient) -> None:
    for path in ("/courses", "/courses/village/cooperative/en/what-it-is", "/documents", "/board", "/help", "/about"):
        assert "Set-Cookie" not in visitor.get(path).headers, path
