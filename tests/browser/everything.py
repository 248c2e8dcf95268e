"""A portal on which every page has something to show, as a member sees it and as a visitor does."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from kiosk.config import Config
from kiosk.host.conversion import Converter
from kiosk.packs.papers import Reading
from kiosk.portal import create_portal
from kiosk.store import db, facts, moderation, papers, recordings, threads
from kiosk.store.moderation import Act
from kiosk.store.state import State
from kiosk.store.threads import Offer
from tests import papers as made
from tests.portal.conftest import NOW, Packer, village
from tests.portal.crawl import Page, crawl, endpoint_of, read
from tests.portal.membership import join, post, sign_in, state_of
from tests.portal.test_sounds import spoken
from tests.sounds import silence

NOT_PAGES = {
    "healthz", "static", "icon", "files.send", "papers.send", "papers.picture", "papers.picture_added",
    "sounds.send", "notices.sound", "captive.api", "library.cover", "search.suggest",
    "board_attachments.photo", "board_attachments.small", "board_attachments.voice",
}  # fmt: skip
"""What a GET brings that no person reads as a page. A new page is not to be added here, but to be led to by a link."""
BY_LAWS = b"%PDF-1.4 by-laws"
"""The paper of the village's pack."""
SEEDS = "/board/3"
"""The thread that the member opens, with a photo and a voice note in it."""
ASKED = (
    "/courses/village/cooperative/en/what-it-is?a1=1&a2=1", "/records/village/cooperative/en", "/search?q=seeds",
    "/search?q=nowhere", "/board/2", SEEDS, "/courses/village/spoken/en/first", "/notices/village/news/en", "/nothing",
)  # fmt: skip
"""What is typed or answered, and pages that are unlike the first of their kind."""


@dataclass(frozen=True)
class Seen:
    """A page: its address, and the session cookie of who sees it ("": of a phone that was never here)."""

    address: str
    cookie: str


def everything(config: Config) -> tuple[Flask, list[Seen]]:
    """Return a portal that is full, and the pages to be looked at: one of every kind there is."""
    app, member = filled(config)
    visitor = app.test_client()
    card = f"/c/{join(state_of(app), 'Otieno').token}"
    seen = [Seen(address, _cookie(member)) for address in [*_some(app, member), *ASKED]]
    known = {endpoint_of(app, each.address) for each in seen} - {"home.show"}
    others = [address for address in _some(app, visitor) if endpoint_of(app, address) not in known]
    seen += [Seen(address, "") for address in [*others, card]]
    reached = {endpoint_of(app, each.address) for each in seen}
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())} - NOT_PAGES
    assert pages <= reached, f"lead to them by a link, with something to show: {pages - reached}"
    return app, seen


def filled(config: Config) -> tuple[Flask, FlaskClient]:
    """Return a portal that is full, and a member who is signed in and has written."""
    state = State(config.state)
    state.prepare()
    packer = Packer(state)
    village(packer)
    spoken(packer)
    packer.install()
    app = create_portal(config, lambda: NOW, converter=Converter())
    _fill(state)
    member = app.test_client()
    sign_in(member, join(state_of(app)))
    _write(member)
    return app, member


def _some(app: Flask, client: FlaskClient) -> list[str]:
    first: dict[str, str] = {}
    for page in crawl(app, client):
        first.setdefault(page.endpoint, page.address)
    return list(first.values())


def _cookie(client: FlaskClient) -> str:
    found = client.get_cookie("portal_session", "localhost")
    assert found
    return found.value


def _fill(state: State) -> None:
    reading = Reading(2, "Words of the minutes. " * 40, b"")
    with closing(db.connect(state.database)) as conn:
        with db.transaction(conn):
            facts.record(conn, state, hashlib.sha256(BY_LAWS).hexdigest(), reading, NOW)
        for title, members_only in (*((f"Minutes {number}", False) for number in range(12)), ("Accounts", True)):
            data = made.pdf(2, text=title)
            with papers.drafted(state, io.BytesIO(data), len(data), 0) as draft, db.transaction(conn):
                facts.record(conn, state, draft.sha256, reading, NOW)
                papers.add(conn, state, draft, title, "reports", "sw", NOW, members_only=members_only)
        with db.transaction(conn):
            recordings.add(conn, state, "courses", "kdj", "Ŋakarimojoŋ", silence(1), NOW)
            offer = Offer("40 / kg", "Kapenguria", date(2026, 12, 1).isoformat())
            goats = threads.open_thread(conn, "Two goats", "Wanjiru", "Young.", NOW, section="market", offer=offer)
            closed = threads.open_thread(conn, "An old talk", "Otieno", "It is over.", NOW)
            for _ in range(60):
                threads.reply(conn, goats, "محمد", "هل هي سليمة؟", NOW)
            act = Act("operator", NOW)
            moderation.pin(conn, goats, act)
            moderation.close(conn, closed, act)


def _write(member: FlaskClient) -> None:
    sent = post(member, "/board/new", "/board/new", title="Seeds", author="Amina", body="Who has some?", section="talk")
    assert sent.status_code in (302, 303), sent.text
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "#1f6f54").save(picture, "JPEG")
    picture.seek(0)
    form = next(each for each in read(Page(SEEDS, "", member.get(SEEDS).text)).forms if each.action == SEEDS)
    carried = {"photo": (picture, "a.jpg"), "voice": (io.BytesIO(silence(2)), "a.mp3")}
    assert member.post(SEEDS, data={**form.fill("See and hear"), **carried}).status_code == 303
    for lesson in ("first", "second"):
        address = f"/courses/village/spoken/en/{lesson}"
        assert post(member, address, address).status_code == 303
