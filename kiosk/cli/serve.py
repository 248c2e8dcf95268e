"""`kiosk serve`: one server a command, as its unit on the kiosk runs it."""

from __future__ import annotations

from pathlib import Path

import click
import waitress
from flask import Flask

from kiosk import config as configuration
from kiosk.cli.kiosk_options import CONFIG
from kiosk.config import Site
from kiosk.console import create_console
from kiosk.errors import HostError
from kiosk.host import kiwix
from kiosk.portal import create_portal
from kiosk.store.state import State

THREADS = 4
"""Enough for a hotspot of twenty phones; each thread costs memory."""
MOST_BODIES = 4
"""A request of up to this many times what a site takes is still answered with a page that says it is too large."""


@click.group()
def serve() -> None:
    """Serve one of the kiosk's sites until it is stopped."""


@serve.command()
@CONFIG
def portal(config_path: Path) -> None:
    """Serve the villagers' portal.

    \b
    Example:
      kiosk serve portal --config kiosk.yaml
    """
    config = configuration.load(config_path)
    _serve(create_portal(config), config.portal)


@serve.command()
@CONFIG
def console(config_path: Path) -> None:
    """Serve the operator's console.

    \b
    Example:
      kiosk serve console --config kiosk.yaml
    """
    config = configuration.load(config_path)
    _serve(create_console(config), config.console)


@serve.command()
@CONFIG
def library(config_path: Path) -> None:
    """Serve the library: kiwix-serve on the books of the current generation.

    \b
    Example:
      kiosk serve library --config kiosk.yaml
    """
    config = configuration.load(config_path)
    state = State(config.state)
    state.prepare()
    kiwix.serve(config.library, state.current, state.folder / "no-books.xml")


def _serve(app: Flask, site: Site) -> None:
    # waitress keeps a request on disk before the application sees it, and would keep a gigabyte.
    most_bytes = MOST_BODIES * int(app.config["MAX_CONTENT_LENGTH"])
    try:
        server = waitress.create_server(
            app, host=site.address, port=site.port, threads=THREADS, ident=None, channel_timeout=60,
            max_request_body_size=most_bytes,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise HostError(
            f"{site.address}:{site.port}: can not be listened on: {reason}",
            "is another program there? address and port are in the configuration",
        ) from error
    server.run()
