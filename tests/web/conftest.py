"""A site with a page or two of its own, for what the portal and the console share."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, request

from kiosk.clock import system_clock
from kiosk.config import Config, Site, Sync
from kiosk.errors import InvalidInput, NoSpace, NotFound, StoreError, TrustError
from kiosk.web.app import create_site
from tests.web.catalogues import compile_catalogues


@pytest.fixture(scope="session", autouse=True)
def _catalogues() -> None:
    compile_catalogues()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Any configuration."""
    return Config(
        name="Umoja",
        state=tmp_path / "state",
        portal=Site("127.0.0.1", 8300, "http://kiosk.test"),
        library=Site("127.0.0.1", 9, "http://library.test"),
        console=Site("127.0.0.1", 8302, "http://console.test"),
        sync=Sync(("http://mirror.test",), ("stable",), tmp_path / "root.json", 1, 1, neighbours=False),
        time_zone=ZoneInfo("Africa/Kampala"),
    )


@pytest.fixture
def site(config: Config) -> Flask:
    """A site that is neither portal nor console, with ways to fail."""
    app = create_site("web", config, system_clock, title="Umoja")
    errors = {
        "missing": NotFound("no /secret/path"),
        "store": StoreError("the file /secret/path is torn", "restore"),
        "full": NoSpace("no room at /secret/path", "make room"),
        "trust": TrustError("bad signature on /secret/path"),
        "input": InvalidInput("Please fill in this field.", "x"),
        "bug": ZeroDivisionError("/secret/path"),
    }

    @app.route("/fail/<how>", methods=["GET", "POST"])
    def fail(how: str) -> str:
        raise errors[how]

    @app.get("/echo")
    def echo() -> str:
        return request.query_string.decode()

    return app
