"""`kiosk serve`: one server a command, as its unit on the kiosk runs it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click
from flask import Flask

from kiosk import config as configuration
from kiosk.cli import duty
from kiosk.cli.kiosk_options import CONFIG, opened
from kiosk.cli.listening import Sent, bind
from kiosk.config import Site
from kiosk.console import create_console, session, uploads
from kiosk.errors import ConfigError, KioskError
from kiosk.host import kiwix, timekeeping
from kiosk.host.conversion import Converter
from kiosk.host.machine import Helped, Unhelped
from kiosk.host.processes import free_port
from kiosk.portal import counting, create_portal
from kiosk.portal.kiwix import opens_a_book
from kiosk.portal.reading import create_library
from kiosk.store import attachments, copies
from kiosk.store.counts import Kind
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
            if not copies.are_aside(state):  # what a cut left; a database that was set aside may name files of its own
                attachments.prune(conn, state)
    except KioskError as error:  # the pages tell visitors
        click.secho(error.message, fg="yellow", err=True)
    app = create_portal(config, converter=Converter(), timekeeper=timekeeping.read)
    with _counted(app) as sent:
        _serve(app, config.portal, sent)


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
    uploads.spool_on_card(State(config.state))
    if helped:
        _serve_operators(create_console(config, host=Helped()), config.console, idle_minutes)
        return
    host = Unhelped(config_path)
    try:
        _serve_operators(create_console(config, host=host), config.console, idle_minutes)
    finally:
        host.end()


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
    app = create_library(config, behind, timekeeper=timekeeping.read)
    most_bytes = int(app.config["MAX_CONTENT_LENGTH"])
    with _counted(app) as sent:
        server = bind(app, site, most_bytes, LIBRARY_THREADS, sent=sent)
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


def _serve(app: Flask, site: Site, sent: Sent | None = None) -> None:
    duty.stand(app, site, int(app.config["MAX_CONTENT_LENGTH"]), sent=sent)


def _serve_operators(app: Flask, site: Site, idle_minutes: int | None) -> None:
    most_bytes = int(app.config["MAX_CONTENT_LENGTH"])
    idle_seconds = None if idle_minutes is None else idle_minutes * 60
    duty.stand(app, site, most_bytes, idle_seconds, known=lambda cookie: session.opens(app, cookie))


@contextmanager
def _counted(app: Flask) -> Iterator[Sent]:
    """Write what a site counts once a minute, and when it is stopped; yields whom to tell of bytes that left."""
    tally = counting.tally_of(app)
    signal.signal(signal.SIGTERM, _end)  # else the last minute would be lost
    tally.keep()
    try:
        yield lambda number: tally.count(Kind.BYTES, number=number)
    finally:
        tally.end()


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
