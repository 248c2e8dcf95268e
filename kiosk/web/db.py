"""The database as a view sees it: one connection a request, opened when first asked for, closed at its end.

One more, unused, stays open as long as the site: whoever closes the last one makes SQLite remove its log and make it
again for the next request, which would wear the card with every page that is read.

Owns also `/healthz`, by which the machine asks whether a site can really answer.
"""

from __future__ import annotations

import weakref
from contextlib import suppress

from flask import Flask, Response, g

from kiosk.errors import StoreError
from kiosk.store import db
from kiosk.web import current


def install(app: Flask) -> None:
    """Have each request's connection closed when the request ends, however it ends; add `/healthz`."""
    with suppress(StoreError):  # each request says so for itself, on a page
        kept = db.connect(current.site_of(app).state.database, any_thread=True)
        weakref.finalize(app, kept.close)
    app.teardown_appcontext(_close)
    app.add_url_rule("/healthz", "healthz", _healthz)


def conn() -> db.Connection:
    """Return this request's connection.

    Raises:
        StoreError: the database can not be opened.
    """
    if "conn" not in g:
        g.conn = db.connect(current.state().database)
    found: db.Connection = g.conn
    return found


def _healthz() -> Response:
    conn()
    return Response("ok\n", content_type="text/plain; charset=utf-8")


def _close(_error: BaseException | None) -> None:
    opened = g.pop("conn", None)
    if opened is not None:
        opened.close()
