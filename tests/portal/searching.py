"""The search as tests use it: a portal whose texts are indexed, posts and papers to find, and what a question finds."""

from __future__ import annotations

import io
import re
from contextlib import closing
from datetime import timedelta

from flask.testing import FlaskClient

from kiosk.config import Config
from kiosk.packs.papers import Reading
from kiosk.portal import create_portal
from kiosk.store import db, facts, papers, search_index, threads
from kiosk.store.state import State
from kiosk.store.threads import Sending
from tests.portal.bookcase import index_books
from tests.portal.conftest import NOW, Packer

PHONE = "5" * 32


def portal_of(config: Config, packer: Packer, number: int = 1) -> FlaskClient:
    """Install what was packed, index it as a sync does, and return a visitor."""
    packer.install(number)
    with closing(db.connect(packer.state.database)) as conn:
        search_index.build(conn, packer.state, number)
    index_books(packer.state, number)
    return create_portal(config, lambda: NOW).test_client()


def write(config: Config, title: str, *bodies: str, section: str = "talk") -> int:
    """Open a thread with these posts and return its number."""
    with closing(db.connect(State(config.state).database)) as conn, db.transaction(conn):
        sending = Sending(phone=PHONE)
        thread = threads.open_thread(conn, title, "Amina", bodies[0], NOW, section=section, sending=sending)
        for body in bodies[1:]:
            threads.reply(conn, thread, "Amina", body, NOW, sending=sending)
    return thread


def add_paper(config: Config, title: str, words: str, *, members_only: bool = False, paper: int = 0) -> int:
    """Add a paper of this kiosk, or a version of one, in which these words were read; return its number."""
    state, data = State(config.state), f"{title}\n{words}".encode()
    with (
        closing(db.connect(state.database)) as conn,
        papers.drafted(state, io.BytesIO(data), len(data), 0) as draft,
        db.transaction(conn),
    ):
        facts.record(conn, state, draft.sha256, Reading(None, words), NOW)
        if paper:
            papers.add_version(conn, state, paper, draft, title, NOW + timedelta(hours=1))
            return paper
        return papers.add(conn, state, draft, title, "reports", "en", NOW, members_only=members_only)


def found(reader: FlaskClient, question: str, **query: str) -> list[str]:
    """Return the addresses that a question leads to."""
    answer = reader.get("/search", query_string={"q": question, **query})
    assert answer.status_code == 200
    rows = re.findall(r'<ul class="rows">(.*?)</ul>', answer.text, re.DOTALL)
    return re.findall(r'<a href="([^"]*)"', "".join(rows))
