"""Every address of the portal, walked by a stranger and by a member: what is for members only, and where it shows.

The addresses are those of the route table, with all that a member is led to in their places, so that a new page is
walked as soon as it is there.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from kiosk.config import Config
from kiosk.packs.attachments import Carried, Photo, Voice
from kiosk.portal import create_portal
from kiosk.store import attachments, db, sections, threads
from kiosk.store.state import State
from tests.portal.conftest import NOW, Packer, village
from tests.portal.crawl import crawl
from tests.portal.membership import join, sign_in
from tests.portal.searching import add_paper, write

SECRET = ("debtstitle", "debtsbody", "debtsreply", "papertitle", "paperwords", "photobytes", "smallbytes", "voicebytes")
OFTEN = 6
"""How many values of a name are tried in an address."""
OPEN = ("static", "icon", "files.send", "healthz")


@pytest.fixture
def portal(config: Config, packer: Packer) -> Flask:
    """A portal with something of all that is for members only, each with a word of `SECRET` in it."""
    village(packer)
    packer.install()
    state = State(config.state)
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        sections.add(conn, "inner", "Inner circle", sells=True, members_only=True)
    write(config, "Open talk", "Anybody", "may read this")
    inner = write(config, "debtstitle", "debtsbody", "debtsreply", section="inner")
    add_paper(config, "papertitle", "paperwords", members_only=True)
    add_paper(config, "papertitle", "paperwords again", paper=1)
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        post = threads.first_post(conn, inner)
        carried = Carried((Photo(b"photobytes", b"smallbytes", 9, 9),), Voice(b"voicebytes", 4))
        attachments.add(conn, state, post, carried, 0)
    return create_portal(config, lambda: NOW)


@pytest.fixture
def member(portal: Flask) -> FlaskClient:
    client = portal.test_client()
    assert sign_in(client, join(portal.extensions["kiosk-site"].state)).status_code == 303
    return client


def addresses(portal: Flask, member: FlaskClient, method: str) -> Iterator[str]:
    """Yield addresses of every rule that takes `method`, with what a member is led to in their places."""
    known: dict[str, dict[str, None]] = defaultdict(dict)
    for page in crawl(portal, member):
        sources = re.findall(r'src="([^"]+)"', page.text)
        for link in (*page.links, *sources, *(form.action for form in page.forms)):
            for name, value in _values(portal, link).items():
                known[name].setdefault(str(value))
    for rule in portal.url_map.iter_rules():
        if method not in (rule.methods or ()) or rule.endpoint in OPEN:
            continue
        names = sorted(rule.arguments)
        choices = [[*dict.fromkeys([*[*known[name]][-OFTEN:], "1", "2"])] for name in names]
        # With many names, one of them is changed at a time: all of each with each are thousands.
        for chosen in itertools.product(*choices) if len(names) < 3 else _in_turn(choices):
            address = rule.rule
            for name, value in zip(names, chosen, strict=True):
                address = re.sub(rf"<(?:\w+:)?{name}>", quote(value), address)
            yield address


def _in_turn(choices: list[list[str]]) -> Iterator[tuple[str, ...]]:
    for n in range(max(map(len, choices))):
        yield tuple(each[n % len(each)] for each in choices)


def _values(portal: Flask, link: str) -> dict[str, object]:
    for method in ("GET", "POST"):
        try:
            return dict(portal.url_map.bind("x").match(urlsplit(link).path, method=method)[1])
        except (HTTPException, ValueError):
            continue
    return {}


def shown(client: FlaskClient, address: str) -> tuple[set[str], str]:
    """Return which words of `SECRET` an address shows, and how long a browser may keep the answer."""
    with client.get(address, headers={"Accept-Encoding": "identity"}) as answer:
        text = answer.get_data().decode("utf-8", "replace")
        return {word for word in SECRET if word in text}, answer.headers["Cache-Control"]


def asked(portal: Flask, member: FlaskClient) -> list[str]:
    words = [f"/search?q={word}" for word in SECRET]
    return [*dict.fromkeys((*addresses(portal, member, "GET"), *words))]


def test_a_stranger_is_shown_nothing_that_is_for_members(portal: Flask, member: FlaskClient) -> None:
    stranger = portal.test_client()
    for address in asked(portal, member):
        found, _ = shown(stranger, address)
        assert not (found - {address.partition("?q=")[2]}), address


def test_what_is_for_members_is_shown_to_them_and_kept_by_no_browser(portal: Flask, member: FlaskClient) -> None:
    seen = set()
    for address in asked(portal, member):
        found, kept = shown(member, address)
        found -= {address.partition("?q=")[2]}
        seen |= found
        assert not found or kept == "no-store", address
    assert seen == set(SECRET), "else the walk of a stranger says nothing"


def test_a_stranger_changes_nothing_where_only_members_read(portal: Flask, member: FlaskClient, config: Config) -> None:
    def rows() -> list[tuple[object, ...]]:
        with closing(db.connect(State(config.state).database)) as conn:
            tables = ("threads", "posts", "reports", "documents", "attachments", "members", "cards")
            known = {row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            return [tuple(row) for name in tables if name in known for row in conn.execute(f"SELECT * FROM {name}")]

    stranger = portal.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get("/board/new").text)
    assert token
    before = rows()
    sent = {"csrf_token": token[1], "body": "x", "title": "x", "author": "x", "reason": "rude", "remove": "post"}
    for address in {*addresses(portal, member, "POST"), "/board/new?in=inner"}:
        open_thread = address.startswith(("/board/new", "/board/1", "/board/post/1/", "/board/post/2/"))
        if open_thread and "inner" not in address:
            continue
        with stranger.post(address, data={**sent, "in": "inner", "section": "inner"}) as answer:
            assert not any(word in answer.get_data(as_text=True) for word in SECRET), address
    assert rows() == before
