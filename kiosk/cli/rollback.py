"""`kiosk sync rollback`: go back to what was served before."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json
from kiosk.clock import system_clock
from kiosk.store import db, holds
from kiosk.sync import lock
from kiosk.sync import rollback as way_back
from kiosk.sync.plan import Change


@click.command()
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--yes", is_flag=True, help="Do it; without this, it is only shown.")
@click.option("--lift", is_flag=True, help="Let the next sync take again what was gone back from; changes nothing now.")
@CONFIG
@JSON
def rollback(config_path: Path, number: int | None, yes: bool, lift: bool, json_: bool) -> None:
    """Show what going back to generation NUMBER (the one before, if none is named) would change; --yes does it.

    No sync brings by itself what was gone back from; a newer version of the pack comes as ever.

    \b
    Example:
      kiosk sync rollback
      kiosk sync rollback 41 --yes
      kiosk sync rollback --lift
    """
    config = configuration.load(config_path)
    with opened(config) as (state, conn), lock.alone(state):
        if lift:
            held = list(holds.all_of(conn))
            with db.transaction(conn):
                holds.lift(conn, held)
            click.echo(f"let go: {', '.join(held)}" if held else "nothing was held")
            return
        wanted = way_back.target(conn, state, number)
        changes = way_back.changes(conn, state, wanted)
        if yes:
            way_back.roll_back(conn, state, wanted, system_clock)
    if json_:
        as_json({"generation": wanted.number, "done": yes, "changes": [vars(change) for change in changes]})
        return
    when = f"{wanted.made_at.astimezone(config.time_zone):%Y-%m-%d %H:%M}"
    click.echo(f"generation {wanted.number} of {when} {'is served' if yes else 'would be served'}:")
    for change in changes:
        click.echo(f"  {told(change)}")
    if not changes:
        click.echo("  no pack changes")
    if not yes:
        click.echo("nothing was changed; --yes does it")


def told(change: Change) -> str:
    """Return a change of a way back in words."""
    if not change.after:
        return f"goes away: {change.pack} {change.before}"
    if not change.before:
        return f"comes back: {change.pack} {change.after}"
    return f"{change.pack} {change.before} -> {change.after}"
