"""`kiosk backup`: making backups, and bringing them to a stick and back."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli import paths
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json, size
from kiosk.clock import system_clock
from kiosk.errors import Conflict, KioskError, NotFound
from kiosk.store import audit, backups, copies, events, sealed, site_settings
from kiosk.store.db import Connection, to_text, transaction
from kiosk.store.state import State, sync_folder

WHO = "kiosk backup"
FOLDER = "kiosk-backups"
"""Where backups lie on a stick."""
PLACE = click.argument("place", type=paths.FOLDER, metavar="FOLDER")


@click.group()
def backup() -> None:
    """Make backups of what people wrote here, and bring them to a stick and back."""


@backup.command()
@click.option("--new", is_flag=True, help="Make another one although there is one.")
@CONFIG
@JSON
def key(new: bool, config_path: Path, json_: bool) -> None:
    """Make the recovery key and print it, this once: without it no backup can be restored. Keep it away from the kiosk.

    \b
    Example:
      kiosk backup key
    """
    with opened(configuration.load(config_path)) as (_, conn), transaction(conn):
        if backups.recipient(conn) and not new:
            raise Conflict("there is a recovery key already", "--new makes another; older backups need the older one")
        secret, recipient = sealed.new_key()
        backups.choose_recipient(conn, recipient)
        audit.record(conn, WHO, "backup.key", "", system_clock())
    if json_:
        as_json({"recovery_key": secret})
    else:
        click.echo(secret)


@backup.command()
@click.option(
    "--due",
    is_flag=True,
    help="If the hour of the night has struck since the last one; keeps a copy of the database too.",
)
@CONFIG
@JSON
def make(due: bool, config_path: Path, json_: bool) -> None:
    """Make a backup now, sealed for the recovery key.

    \b
    Example:
      kiosk backup make
    """
    config, now = configuration.load(config_path), system_clock()
    with opened(config) as (state, conn):
        if due and copies.is_due(state, now):
            _keep_a_copy(conn, state, now)
        if due and not _is_due(conn, config):
            click.echo("no backup is due")
            return
        with backups.alone(state):
            name = site_settings.read(conn).name or config.name
            made = _made(conn, state, name, config.sync.spare_bytes)
    told = {"name": made.name, "made_at": to_text(now), "size_bytes": made.size_bytes}
    if json_:
        as_json(told)
    else:
        click.echo(f"{backups.folder(state) / made.name}, {size(made.size_bytes)}")


def _keep_a_copy(conn: Connection, state: State, now: datetime) -> None:
    try:
        copies.keep(conn, state, now)
    except (KioskError, OSError) as error:  # the console tells it; a backup may still be made
        click.secho(f"{error}", fg="yellow", err=True)


def _is_due(conn: Connection, config: configuration.Config) -> bool:
    last, failed = events.last(conn, "backup.finished"), events.last(conn, "backup.failed")
    hour = site_settings.read(conn).night_hour
    moments = [each[0].at if each else None for each in (last, failed)]
    return bool(backups.recipient(conn)) and backups.is_due(system_clock(), config.time_zone, hour, *moments)


def _made(conn: Connection, state: State, name: str, spare_bytes: int) -> backups.Kept:
    with transaction(conn):
        events.record(conn, "backup.started", system_clock(), size_bytes=backups.plan(conn, state))
    try:
        made = backups.make(conn, state, name, system_clock(), spare_bytes)
    except (KioskError, OSError) as error:
        told = error.message if isinstance(error, KioskError) else str(error.strerror or error)
        with transaction(conn):
            events.record(conn, "backup.failed", system_clock(), message=told, error=type(error).__name__)
        raise
    with transaction(conn):
        events.record(conn, "backup.finished", system_clock(), name=made.name, size_bytes=made.size_bytes)
    return made


@backup.command("list")
@CONFIG
@JSON
def list_(config_path: Path, json_: bool) -> None:
    """List the backups on the card, the newest first.

    \b
    Example:
      kiosk backup list
    """
    found = backups.all_of(State(configuration.load(config_path).state))
    if json_:
        as_json([{"name": x.name, "made_at": to_text(x.made_at), "size_bytes": x.size_bytes} for x in found])
        return
    for each in found:
        click.echo(f"{each.name}  {size(each.size_bytes)}")
    if not found:
        click.echo("there is no backup yet; `kiosk backup make` makes one")


@backup.command()
@PLACE
@CONFIG
def copy(place: Path, config_path: Path) -> None:
    """Copy the newest backup to a FOLDER, such as a stick's.

    \b
    Example:
      kiosk backup copy /media/stick
    """
    with opened(configuration.load(config_path)) as (state, conn):
        kept = backups.all_of(state)
        if not kept:
            raise NotFound("there is no backup yet", "`kiosk backup make` makes one")
        _carry(backups.path_of(state, kept[0].name), place / FOLDER)
        with transaction(conn):
            events.record(conn, "backup.copied", system_clock(), name=kept[0].name)
    click.echo(f"{place / FOLDER / kept[0].name}, {size(kept[0].size_bytes)}")


@backup.command()
@PLACE
@CONFIG
def fetch(place: Path, config_path: Path) -> None:
    """Copy the newest backup of a FOLDER, such as a stick's, to the card; restore it then in the console.

    \b
    Example:
      kiosk backup fetch /media/stick
    """
    with opened(configuration.load(config_path)) as (state, conn):
        found = sorted(path for path in (place / FOLDER).glob("kiosk-*.age") if backups.NAME.fullmatch(path.name))
        if not found or found[-1].is_symlink():
            raise NotFound(f"{place / FOLDER}: there is no backup")
        with backups.alone(state):
            _carry(found[-1], backups.folder(state))
        with transaction(conn):
            events.record(conn, "backup.fetched", system_clock(), name=found[-1].name)
    click.echo(f"{backups.folder(state) / found[-1].name}")


def _carry(source: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    draft = folder / backups.DRAFT
    try:
        with source.open("rb") as file, draft.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(folder / source.name)
        sync_folder(folder)
    finally:
        draft.unlink(missing_ok=True)
