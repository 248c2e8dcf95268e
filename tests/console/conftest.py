"""A console of a fresh kiosk, and somebody who is signed in to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.console import create_console
from kiosk.store import db
from tests.console.entering import enter
from tests.making import Village


@pytest.fixture
def app(village: Village) -> Flask:
    """The console, by the kiosk's own clock, with nobody who helps."""
    return create_console(village.config, village.clock)


@pytest.fixture
def conn(village: Village, app: Flask) -> Iterator[db.Connection]:
    """The console's database."""
    with closing(db.connect(village.state.database)) as conn:
        yield conn


@pytest.fixture
def inside(app: Flask, conn: db.Connection, village: Village) -> FlaskClient:
    """A browser in which a manager is signed in."""
    return enter(app, conn, village)
