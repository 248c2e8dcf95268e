"""`kiosk board ban`: phones that may not write for some days."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli.board import NUMBER, WHY, board
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.errors import Conflict, InvalidInput
from kiosk.store import audit, bans, db
from kiosk.store.moderation import Act


@board.group()
def ban() -> None:
    """Let a phone write nothing for some days, see which may not, and end that early.

    \b
    Example:
      kiosk board ban add 1207 --days 7 --why "insults a neighbour"
    """


@ban.command("list")
@CONFIG
@JSON
def list_(config_path: Path, json_: bool) -> None:
    """List the bans that hold, the newest first.

    \b
    Example:
      kiosk board ban list
    """
    config = configuration.load(config_path)
    with opened(config) as (_, conn):
        found = bans.all_of(conn, _today(config))
    if json_:
        as_json([{"ban": each.ban, "ends": each.ends.isoformat()} for each in found])
        return
    for each in found:
        click.echo(f"ban {each.ban}: until {each.ends} has passed")
    if not found:
        click.echo("no phone is banned")


@ban.command()
@NUMBER
@click.option("--days", type=click.IntRange(1, bans.MOST_DAYS), default=7, show_default=True, help="For how long.")
@WHY
@CONFIG
@JSON
def add(config_path: Path, number: int, days: int, why: str, json_: bool) -> None:
    """Hide post NUMBER and ban the phone that wrote it.

    \b
    Example:
      kiosk board ban add 1207 --days 7 --why "insults a neighbour"
    """
    config = configuration.load(config_path)
    by = Act(getpass.getuser(), system_clock(), why)
    with opened(config) as (_, conn):
        try:
            with db.transaction(conn):
                ends = bans.ban(conn, number, days, by, _today(config, by.now))
        except InvalidInput as error:
            hint = "a phone is known for half an hour, or until somebody has looked at what was reported"
            raise Conflict(error.message.rstrip("."), hint) from error
    _tell(json_, f"hidden: post {number}; its phone can not write until {ends} has passed", ends)


@ban.command()
@NUMBER
@CONFIG
@JSON
def lift(config_path: Path, number: int, json_: bool) -> None:
    """End ban NUMBER (see the list) before its last day.

    \b
    Example:
      kiosk board ban lift 3
    """
    config = configuration.load(config_path)
    now = system_clock()
    with opened(config) as (_, conn), db.transaction(conn):
        ends = bans.lift(conn, number, _today(config, now))
        audit.record(conn, getpass.getuser(), "ban.lifted", ends.isoformat(), now)
    _tell(json_, f"ended: ban {number}", ends)


def _today(config: Config, now: datetime | None = None) -> date:
    return (now or system_clock()).astimezone(config.time_zone).date()


def _tell(json_: bool, done: str, ends: date) -> None:
    if json_:
        as_json({"done": done, "ends": ends.isoformat()})
    else:
        click.echo(done)
