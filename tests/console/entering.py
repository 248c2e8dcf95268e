"""How tests get into the console: one way, which the pages' own tests share."""

from __future__ import annotations

import re
from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.store import db, operators
from kiosk.store.operators import Rights
from tests.making import Village

HOST = {"base_url": "http://127.0.0.3:8000"}
OWN = "a field of green beans"


def enter(app: Flask, conn: db.Connection, village: Village, rights: Rights = Rights.MANAGER) -> FlaskClient:
    """Return a client in which a new operator of these rights, named like them, is signed in."""
    return let_in(app, conn, rights, village.clock())


def let_in(app: Flask, conn: db.Connection, rights: Rights, now: datetime) -> FlaskClient:
    """Do as `enter` for a console whose clock says `now`."""
    operators.add(conn, rights, rights, now)
    operator = operators.choose_password(conn, rights, OWN, now)
    client = app.test_client()
    with client.session_transaction(**HOST) as session:
        session["operator"], session["seen"] = operator.name, db.to_text(now)
        session["since"] = f"{db.to_text(operator.changed_at)} {operator.sign_outs}"
    assert client.get("/", base_url=HOST["base_url"]).status_code == 200
    return client


def token(client: FlaskClient, path: str) -> str:
    """Return the token of the forms on a page, "" where there is none."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path, **HOST, follow_redirects=True).text)
    return found[1] if found else ""


def send(client: FlaskClient, page: str, to: str, **fields: str) -> TestResponse:
    """Send a form of a page as a browser would: with its token."""
    return client.post(to, **HOST, data={"csrf_token": token(client, page), **fields})


def sign_in(client: FlaskClient, password: str = OWN, name: str = "manager") -> TestResponse:
    """Sign in on the login's page."""
    return send(client, "/login", "/login", name=name, password=password)
