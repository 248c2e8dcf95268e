"""A kiosk with a member, a page for members only, and a clock that is set by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.config import Config, Members
from kiosk.portal import create_portal, membership
from tests.portal.conftest import NOW
from tests.portal.membership import Holder, join, state_of


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def site(config: Config, hands: Hands) -> Flask:
    """The portal with a page for members only, as other modules make theirs."""
    app = create_portal(replace(config, members=Members(timedelta(minutes=15), timedelta(hours=4))), hands)

    @app.get("/secret")
    def secret() -> str:
        return f"minutes for {membership.required()}"

    @app.get("/open")
    def both() -> str:
        return f"open to {membership.signed_in()}"

    return app


@pytest.fixture
def phone(site: Flask) -> FlaskClient:
    return site.test_client()


@pytest.fixture
def holder(site: Flask) -> Holder:
    return join(state_of(site))
