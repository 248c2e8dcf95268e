"""Members for tests: adding one with a card, and signing in on a phone as a browser does."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.store import cards, db, members
from kiosk.store.cards import Press
from kiosk.store.state import State
from tests.portal.conftest import NOW


class Holder(NamedTuple):
    """A member with what is printed on the card, and the PIN."""

    member: int
    token: str
    code: str
    pin: str


def press(state: State) -> Press:
    return Press(state.secret("cards"))


def join(state: State, name: str = "Amina Okello", pin: str = "4071", now: datetime = NOW) -> Holder:
    """Add a member with a card."""
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        member = members.add(conn, name, now)
        cards.issue(conn, press(state), member, pin, now)
        printed = cards.printed(conn, press(state), member)
    return Holder(member, printed.token, printed.code, pin)


def state_of(portal: Flask) -> State:
    found: State = portal.extensions["kiosk-site"].state
    return found


def post(phone: FlaskClient, path: str, shown_on: str, **fields: str) -> TestResponse:
    """Send a form of the page `shown_on` to `path`."""
    match = re.search(r'name="csrf_token" value="([^"]+)"', phone.get(shown_on).text)
    assert match, shown_on
    return phone.post(path, data={**fields, "csrf_token": match[1]})


def sign_in(phone: FlaskClient, holder: Holder, pin: str | None = None, **fields: str) -> TestResponse:
    """Read the card's QR code, type the PIN and send."""
    pin = holder.pin if pin is None else pin
    return post(phone, "/members/sign-in", f"/c/{holder.token}", token=holder.token, pin=pin, **fields)
