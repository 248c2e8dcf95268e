"""`kiosk sync import|export|stick`: packs that come and go on a stick."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli import paths, syncing
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import ProgressLine, as_json, size
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.errors import ConfigError, KioskError, MirrorError, NoSpace, TrustError
from kiosk.host import link, timekeeping
from kiosk.store import clock as clocks
from kiosk.store import db, events
from kiosk.store.state import State
from kiosk.sync import brought, carry, lock
from kiosk.sync.brought import Brought
from kiosk.sync.by_hand import Stick
from kiosk.sync.carry import Exported
from kiosk.sync.kept import TIMESTAMP
from kiosk.sync.meter import Meter
from kiosk.sync.mirrors import FolderMirror, Mirror
from kiosk.sync.unasked import UNKNOWN

REPOSITORY, FILL = "kiosk-repository", "please-fill"
LAST = "what the channels offered last"
FOLDER = click.argument("folder", type=paths.FOLDER)


@click.command("import")
@FOLDER
@CONFIG
@JSON
def import_(folder: Path, config_path: Path, json_: bool) -> None:
    """Sync from FOLDER alone: a copy of a repository, or a stick that has one in `kiosk-repository/`, or books (ZIM).

    All is checked as if it came over the internet. It costs nothing of the data budget; a pause does not hold. A book
    that a pack on offer waits for is taken, and not fetched with that pack.

    \b
    Example:
      kiosk sync import /media/stick
    """
    config, place = configuration.load(config_path), repository_on(folder)
    files = brought.on(folder)
    if not holds_repository(place) and not files:
        _record(config, "import.failed", message=f"{place}: this is not a repository", hint="")
        raise ConfigError(f"{place}: this is not a repository", "name the folder that has metadata/ and blobs/ in it")
    _take(config, place, files, json_=json_)


@click.command()
@FOLDER
@CONFIG
def stick(folder: Path, config_path: Path) -> None:
    """Do what the stick mounted at FOLDER asks for; nothing, if it asks for nothing.

    A stick with a repository in `kiosk-repository/` is imported. Books (ZIM), at its top or in a folder, that packs on
    offer wait for are taken. One with a file `kiosk-repository/please-fill` is then filled with what this kiosk has, to
    be taken to the next.

    \b
    Example:
      kiosk sync stick /run/kiosk-usb/sdb1
    """
    config = configuration.load(config_path)
    place, files = folder / REPOSITORY, brought.on(folder)
    if not place.is_dir() and not files:
        told = f"{folder}: there is no {REPOSITORY}/ on this stick; nothing is done"
        _record(config, "import.failed", message=told, hint="")
        click.echo(told)
        return
    fill = (place / FILL).exists()
    if holds_repository(place) or files:
        try:
            _take(config, place, files, json_=False)
        except (TrustError, MirrorError) as error:
            if not fill:
                raise
            # A stick that comes back from a long way is older than this kiosk: nothing is taken from it, it is filled.
            click.echo(f"nothing is taken from the stick: {error.message}")
    if fill:
        _tell(_export(config, place, [], quiet=False), place)


def _take(config: Config, place: Path, files: tuple[Brought, ...], *, json_: bool) -> None:
    # A stick that has books alone is held against what the channels offered when they were last asked.
    known = holds_repository(place)
    if not known and not (State(config.state).trust / TIMESTAMP).is_file():
        told = f"{files[0].path}: it is not known yet which books the channels offer"
        _record(config, "import.failed", message=told, hint=UNKNOWN)
        raise ConfigError(told, UNKNOWN)
    mirror = FolderMirror(place) if known else FolderMirror(State(config.state).trust, LAST)
    syncing.run(config, [mirror], json_=json_, stick=Stick(files, known))


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--complete", is_flag=True, help="Ask the mirrors for what this kiosk does not hold; costs data.")
@CONFIG
@JSON
def export(folder: Path, complete: bool, config_path: Path, json_: bool) -> None:
    """Make FOLDER, or its `kiosk-repository/` if it has one, a mirror of what this kiosk has, for the next one.

    Only what is missing there is copied; cut off, it goes on where it was. FOLDER is made, if what it lies in is there.

    \b
    Example:
      kiosk sync export /media/stick/kiosk-repository
    """
    config = configuration.load(config_path)
    if not folder.parent.is_dir():
        raise ConfigError(f"{folder.parent}: there is no such folder", "put the stick in, or name a folder on it")
    with suppress(OSError):  # of a stick that can not be written it is told below
        folder.mkdir(exist_ok=True)
    others = syncing.mirrors(config) if complete else []
    exported = _export(config, repository_on(folder), others, quiet=json_)
    if json_:
        as_json(dataclasses.asdict(exported) | {"is_complete": exported.is_complete})
    else:
        _tell(exported, repository_on(folder))


def _export(config: Config, place: Path, others: Sequence[Mirror], *, quiet: bool) -> Exported:
    line = ProgressLine("copying", quiet)
    with opened(config) as (state, conn), lock.alone(state):
        try:
            with Meter(
                conn, lambda: clocks.now(conn, timekeeping.read()).at, config.time_zone, link.is_metered
            ) as meter:
                done = carry.export_to(place, state, others, _Paid(meter), line.bytes)
        except KioskError as error:
            _note(conn, "export.failed", message=error.message, hint=error.hint or "")
            raise
        else:
            _note(conn, "export.finished", packs=len(done.packs), copied_bytes=done.copied_bytes)
            return done
        finally:
            line.end()


def _record(config: Config, kind: str, **detail: object) -> None:
    with opened(config) as (_, conn):
        _note(conn, kind, **detail)


def _note(conn: db.Connection, kind: str, **detail: object) -> None:
    # The console asked for it and waits for a word of how it ended.
    with suppress(NoSpace), db.transaction(conn):
        events.record(conn, kind, system_clock(), **detail)


class _Paid:
    """Counts what comes over the internet; what is read from the kiosk's own card did not arrive anywhere."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def __call__(self, mirror: Mirror, count: int) -> None:
        if mirror.metered:
            self._meter(mirror, count)


def _tell(exported: Exported, place: Path) -> None:
    for pack in exported.packs:
        note = "" if pack.from_nothing else "; not enough for a kiosk that has nothing of it yet (--complete)"
        click.echo(f"{pack.pack} {pack.version}{note}")
    click.echo(f"copied {size(exported.copied_bytes)} to {place}")


def repository_on(folder: Path) -> Path:
    """Return where on a stick the repository lies, or the folder itself."""
    return folder / REPOSITORY if (folder / REPOSITORY).is_dir() else folder


def holds_repository(place: Path) -> bool:
    """Tell whether a folder looks like a repository."""
    return (place / "metadata").is_dir()
