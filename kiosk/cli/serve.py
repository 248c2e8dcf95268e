"""`kiosk serve`: one server a command, as its unit on the kiosk runs it."""

from __future__ import annotations

import threading
from pathlib import Path

import click
from flask import Flask

from kiosk import config as configuration
from kiosk.cli import duty
from kiosk.cli.kiosk_options import CONFIG, opened
from kiosk.cli.listening import bind
from kiosk.config import Site
from kiosk.console import create_console
from kiosk.errors import ConfigError, KioskError
from kiosk.host import kiwix
from kiosk.host.conversion import Converter
from kiosk.host.machine import Helped, Unhelped
from kiosk.host.processes import free_port
from kiosk.portal import create_portal
from kiosk.portal.kiwix import opens_a_book
from kiosk.portal.reading import create_library
from kiosk.store import attachments
from kiosk.store.state import State
from kiosk.sync import neighbours
from kiosk.sync.holdings import Holdings
from kiosk.sync.sharing import create_sharing

MIRROR_PORT = 8090
LIBRARY_THREADS = 8
"""They wait for kiwix-serve most of the time."""
MOST_QUESTION_BYTES = 1000
"""Nobody has anything to tell the mirror."""


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
    try:
        with opened(config) as (state, conn):
            attachments.prune(conn, state)  # what a cut left
    except KioskError as error:  # the pages tell visitors
        click.secho(error.message, fg="yellow", err=True)
    _serve(create_portal(config, converter=Converter()), config.portal)


@serve.command()
@click.option("--helper/--no-helper", "helped", default=True, show_default=True,
              help="Ask the root helper for what needs root, or refuse that (for those who develop).")  # fmt: skip
@click.option("--idle-minutes", type=click.IntRange(1, 1440), metavar="N",
              help="End when nobody has asked for so long; systemd starts it anew.  [default: never]")  # fmt: skip
@CONFIG
def console(config_path: Path, helped: bool, idle_minutes: int | None) -> None:
    """Serve the operator's console.

    \b
    Example:
      kiosk serve console --config kiosk.yaml
    """
    config = configuration.load(config_path)
    host = Helped() if helped else Unhelped(config_path)
    _serve(create_console(config, host=host), config.console, idle_minutes)


@serve.command()
@CONFIG
def library(config_path: Path) -> None:
    """Serve the library: the books of the current generation, by kiwix-serve, under a bar that leads back.

    \b
    Example:
      kiosk serve library --config kiosk.yaml
    """
    config = configuration.load(config_path)
    state = State(config.state)
    state.prepare()
    site = config.library
    behind = Site("127.0.0.1", free_port("127.0.0.1"), site.url)
    app = create_library(config, behind)
    most_bytes = int(app.config["MAX_CONTENT_LENGTH"])
    server = bind(app, site, most_bytes, LIBRARY_THREADS)
    threading.Thread(target=server.run, daemon=True).start()
    duty.watch(lambda seconds: opens_a_book(behind, seconds))
    kiwix.serve(behind, state.current, state.folder / "no-books.xml")


@serve.command()
@CONFIG
@click.option("--address", default="0.0.0.0", show_default=True, help="Where to listen.")  # noqa: S104 - it is public
@click.option("--port", type=click.IntRange(1, 65535), default=MIRROR_PORT, show_default=True, help="The port.")
@click.option("--announce/--no-announce", default=True, show_default=True, help="Tell kiosks near that it is here.")
def mirror(config_path: Path, address: str, port: int, announce: bool) -> None:
    """Serve neighbouring kiosks the packs that this one holds; read-only.

    \b
    Example:
      kiosk serve mirror --config kiosk.yaml
    """
    config = configuration.load(config_path)
    stop = threading.Event()
    if announce:
        path = config.sync.trusted_root
        try:
            known = neighbours.repositories(path.read_bytes(), State(config.state).trust)
        except OSError as error:
            raise ConfigError(f"{path}: the root of trust can not be read: {error.strerror}") from error
        arguments = (config.name, port, known, stop)
        threading.Thread(target=neighbours.keep_announcing, args=arguments, daemon=True).start()
    try:
        site = Site(address, port, "http://mirror")
        bind(create_sharing(Holdings(config.state)), site, MOST_QUESTION_BYTES).run()
    finally:
        stop.set()


def _serve(app: Flask, site: Site, idle_minutes: int | None = None) -> None:
    idle_seconds = None if idle_minutes is None else idle_minutes * 60
    duty.stand(app, site, int(app.config["MAX_CONTENT_LENGTH"]), idle_seconds)
