"""A phone on the hotspot: it has an address there, asks whatever it likes, and its DHCP server tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kiosk.config import Config
from kiosk.portal import captive, create_portal
from kiosk.store.state import State
from tests.portal.conftest import NOW

ADDRESS = "192.168.4.23"


@dataclass
class Phone:
    """Without cookies, as the windows are that phones open by themselves."""

    portal: Flask
    config: Config
    now: datetime
    address: str = ADDRESS

    def ask(self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> TestResponse:
        """Ask for any address in the world: the kiosk's DNS leads them all to the portal."""
        full = {"welcome": f"{self.config.portal.url}/welcome", "portal": f"{self.config.portal.url}/"}.get(url, url)
        client = self.portal.test_client(use_cookies=False)
        # An empty name, or the test client would add its own.
        sent = {"User-Agent": "", **(headers or {})}
        return client.open(full, method=method, headers=sent, environ_overrides={"REMOTE_ADDR": self.address})

    def press_ok(self) -> None:
        """Press OK on the welcome page."""
        assert self.ask("welcome", "POST").status_code == 303

    def is_in(self) -> bool:
        """Tell whether the phone's system thinks that it is online."""
        return self.ask("http://connectivitycheck.gstatic.com/generate_204").status_code == 204

    def wait(self, time: timedelta) -> None:
        """Let time pass."""
        self.now += time

    def told_of(self) -> None:
        """Let the DHCP server's script tell the portal of the phone."""
        secret = State(self.config.state).secret(captive.TELLER)
        answer = self.portal.test_client().post(
            "/welcome/forget", data={"address": self.address}, headers={captive.SECRET_HEADER: secret}
        )
        assert answer.status_code == 204


@pytest.fixture
def phone(config: Config) -> Phone:
    """A phone that has just joined the hotspot of a kiosk with nothing installed."""
    found = Phone(Flask("none"), config, NOW)
    found.portal = create_portal(config, lambda: found.now)
    return found
