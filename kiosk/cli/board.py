"""`kiosk board`: what visitors report, and keeping the board fit for everyone."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from kiosk import config as configuration
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json
from kiosk.clock import system_clock
from kiosk.errors import ConfigError, InvalidInput
from kiosk.store import board_settings, db, moderation
from kiosk.store.board_settings import BoardIs
from kiosk.store.moderation import Act

WHY = click.option("--why", default="", metavar="TEXT", help="The reason, kept with what was done.")
UNDO = click.option("--undo", is_flag=True, help="The other way round.")
NUMBER = click.argument("number", type=click.IntRange(1))


@click.group()
def board() -> None:
    """Look at what visitors report, hide and restore, close, pin and move; switch the board off.

    \b
    Example:
      kiosk board reports
      kiosk board hide 1207 --why "insults a neighbour"
    """


@board.command()
@CONFIG
@JSON
def reports(config_path: Path, json_: bool) -> None:
    """Show the posts that visitors reported and nobody has looked at.

    \b
    Example:
      kiosk board reports
    """
    with opened(configuration.load(config_path)) as (_, conn):
        found = moderation.reports(conn)
    if json_:
        as_json([{**asdict(each), "last_at": db.to_text(each.last_at)} for each in found])
        return
    for each in found:
        why = ", ".join(f"{reason} {count}" for reason, count in each.reasons.items())
        click.echo(f"post {each.post}{' (hidden)' if each.hidden else ''} in thread {each.thread}: {why}")
        click.echo(f"  {each.title!r}, {each.author!r}: {each.body!r}")
    if not found:
        click.echo("nothing was reported")


@board.command()
@NUMBER
@WHY
@CONFIG
@JSON
def hide(config_path: Path, number: int, why: str, json_: bool) -> None:
    """Hide post NUMBER; with the first post of a thread, the thread.

    \b
    Example:
      kiosk board hide 1207 --why "insults a neighbour"
    """
    _act(config_path, json_, why, f"hidden: post {number}", lambda conn, act: moderation.hide(conn, number, act))


@board.command()
@NUMBER
@WHY
@CONFIG
@JSON
def restore(config_path: Path, number: int, why: str, json_: bool) -> None:
    """Show post NUMBER again, or say that it is in order: reports hide it no more.

    \b
    Example:
      kiosk board restore 1207
    """
    _act(config_path, json_, why, f"shown: post {number}", lambda conn, act: moderation.restore(conn, number, act))


@board.command()
@NUMBER
@UNDO
@WHY
@CONFIG
@JSON
def close(config_path: Path, number: int, undo: bool, why: str, json_: bool) -> None:
    """Let thread NUMBER take no more posts; with --undo, let it take them again.

    \b
    Example:
      kiosk board close 88
      kiosk board close 88 --undo
    """
    done = f"{'open' if undo else 'closed'}: thread {number}"
    _act(config_path, json_, why, done, lambda conn, act: moderation.close(conn, number, act, closed=not undo))


@board.command()
@NUMBER
@UNDO
@WHY
@CONFIG
@JSON
def pin(config_path: Path, number: int, undo: bool, why: str, json_: bool) -> None:
    """Have thread NUMBER stand above all others; with --undo, among them again.

    \b
    Example:
      kiosk board pin 88
    """
    done = f"{'not pinned' if undo else 'pinned'}: thread {number}"
    _act(config_path, json_, why, done, lambda conn, act: moderation.pin(conn, number, act, pinned=not undo))


@board.command()
@NUMBER
@click.argument("section")
@WHY
@CONFIG
@JSON
def move(config_path: Path, number: int, section: str, why: str, json_: bool) -> None:
    """Put thread NUMBER into SECTION.

    \b
    Example:
      kiosk board move 88 market
    """
    done = f"moved: thread {number} to {section}"
    _act(config_path, json_, why, done, lambda conn, act: moderation.move(conn, number, section, act))


@board.command("set")
@click.option("--state", type=click.Choice([str(each) for each in BoardIs]), help="Open, only to be read, or off.")
@click.option("--hidden-after", type=int, metavar="REPORTS", help="Hide a post after so many reports; 0: never.")
@click.option("--phone-an-hour", type=int, metavar="POSTS", help="How much one phone may write.")
@click.option("--address-an-hour", type=int, metavar="POSTS", help="How much one address may; phones may share it.")
@CONFIG
@JSON
def set_(config_path: Path, json_: bool, **given: Any) -> None:
    """Show how the board is kept; with options, change it first.

    \b
    Example:
      kiosk board set --state read-only
      kiosk board set --hidden-after 5
    """
    wanted = {name: value for name, value in given.items() if value is not None}
    if "state" in wanted:
        wanted["state"] = BoardIs(wanted["state"])
    with opened(configuration.load(config_path)) as (_, conn):
        try:
            with db.transaction(conn):
                found = replace(board_settings.read(conn), **wanted)
                board_settings.save(conn, found)
        except InvalidInput as error:
            option = f"--{error.field.replace('_', '-')}"
            raise ConfigError(f"{option}: {error.message}", "`kiosk board set --help`") from error
    if json_:
        as_json(asdict(found))
        return
    for name, value in asdict(found).items():
        click.echo(f"{name.replace('_', '-'):16} {value}")


def _act(config_path: Path, json_: bool, why: str, done: str, act: Callable[[db.Connection, Act], None]) -> None:
    by = Act(getpass.getuser(), system_clock(), why)
    with opened(configuration.load(config_path)) as (_, conn), db.transaction(conn):
        act(conn, by)
    if json_:
        as_json({"done": done, "who": by.who, "at": db.to_text(by.now), "why": by.why})
    else:
        click.echo(done)
