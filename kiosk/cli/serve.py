"""`kiosk serve`: one server a command, as its unit on the kiosk runs it."""

from __future__ import annotations

from pathlib import Path

import click
import waitress

from kiosk import config as configuration
from kiosk.cli.sync import CONFIG
from kiosk.config import Site
from kiosk.console import create_console
from kiosk.host import kiwix
from kiosk.portal import create_portal
from kiosk.store.state import State

THREADS = 4
"""Enough for a hotspot of twenty phones; each thread costs memory."""


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


def _serve(app: object, site: Site) -> None:
    waitress.serve(app, host=site.address, port=site.port, threads=THREADS, ident=None, channel_timeout=60)
