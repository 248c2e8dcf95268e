"""`kiosk restore`: a kiosk as it was when a backup was made."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kiosk import config as configuration
from kiosk.cli import paths
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json, size
from kiosk.clock import system_clock
from kiosk.errors import InvalidInput, KioskError, StoreError
from kiosk.store import backup_file, backups, events, restore_orders, sealed
from kiosk.store import restore as restoring
from kiosk.store.backup_file import Head
from kiosk.store.db import Connection, to_text, transaction
from kiosk.store.restore_orders import Asked
from kiosk.store.state import State
from kiosk.sync import lock


@click.command()
@click.argument("file", required=False, type=paths.FILE)
@click.option("--key-file", type=paths.FILE,
              help="A file with the recovery key; it is asked for if left out.")  # fmt: skip
@click.option("--look", is_flag=True, help="Only tell what is in the backup.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.option("--asked", is_flag=True, help="Restore what was asked for in the console.")
@CONFIG
@JSON
def restore(
    file: Path | None, key_file: Path | None, look: bool, yes: bool, asked: bool, config_path: Path, json_: bool
) -> None:
    """Replace what people wrote here, members, papers, settings and operators by those of the backup FILE.

    What the federation's packs brought stays. The database there was is kept in the folder `replaced` of the state.

    \b
    Example:
      kiosk restore kiosk-20261125-020000.age
      kiosk restore kiosk-20261125-020000.age --look
    """
    now = system_clock()
    with opened(configuration.load(config_path)) as (state, conn):
        order = restore_orders.take(state, now) if asked else _order(file, key_file)
        if not asked:
            _show(conn, _look(order), json_ and look)
            if look or not (yes or click.confirm("Replace what is here?")):
                return
        try:
            _restore(conn, state, order, now)
        finally:
            if asked:
                restore_orders.forget(state)
    if not asked:
        click.echo("restored; operators sign in as at that time")


def _order(file: Path | None, key_file: Path | None) -> Asked:
    if file is None:
        raise click.UsageError("Name the FILE to restore.")
    typed = key_file.read_text("utf-8", "replace") if key_file else click.prompt("Recovery key", hide_input=True)
    try:
        return Asked(file, sealed.read_key(typed), "kiosk restore", system_clock())
    except InvalidInput as error:
        raise StoreError("this is not a recovery key", "compare it letter by letter") from error


def _look(order: Asked) -> Head:
    with order.path.open("rb") as opened_:
        return backup_file.look(opened_, order.key)


def _show(conn: Connection, head: Head, json_: bool) -> None:
    here = backups.counts(conn)
    if json_:
        told: dict[str, Any] = {"made_at": to_text(head.made_at), "kiosk": head.kiosk, "size_bytes": head.size_bytes}
        as_json({**told, "counts": head.counts, "here": here})
        return
    click.echo(f"backup of {head.kiosk}, made {to_text(head.made_at)}, {size(head.size_bytes)}")
    for what, count in head.counts.items():
        click.echo(f"  {what}: {count} in the backup, {here.get(what, 0)} here")


def _restore(conn: Connection, state: State, order: Asked, now: datetime) -> None:
    with ExitStack() as locks:
        try:
            locks.enter_context(lock.alone(state))
            locks.enter_context(backups.alone(state))
            with transaction(conn):
                events.record(conn, "restore.started", now)
            with order.path.open("rb") as file:
                restoring.restore(conn, state, file, order.key, order.who, now)
        except (KioskError, OSError) as error:  # noted before the locks are let go: nobody sees neither
            told = error.message if isinstance(error, KioskError) else str(error.strerror or error)
            with transaction(conn):
                events.record(conn, "restore.failed", system_clock(), message=told, error=type(error).__name__)
            raise
