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
    "recordings", "search_built", "search_papers", "search_places", "search_texts", "search_words",
    "guesses", "failed_logins", "audit", "uploads", "announcements", "announcement_texts",
