"""`kiosk board section`: the parts of the board."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli.board import board
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json
from kiosk.clock import system_clock
from kiosk.store import db, moderation, sections
from kiosk.store.moderation import Act

NAME = click.argument("name")


@board.group()
def section() -> None:
    """Look at the sections of the board, add some, change them, take them away.

    \b
    Example:
      kiosk board section add seeds --title "Seeds and tools" --sells
    """


@section.command("list")
@CONFIG
@JSON
def list_(config_path: Path, json_: bool) -> None:
    """List the sections in their order.

    \b
    Example:
      kiosk board section list
    """
    with opened(configuration.load(config_path)) as (_, conn):
        _tell(conn, json_=json_)


@section.command()
@NAME
@click.option("--title", default="", help="What it is called, in every language; known for those that came along.")
@click.option("--sells", is_flag=True, help="Its threads have a price, a place and a last day.")
@click.option("--members-only", is_flag=True, help="Only signed-in members see it.")
@CONFIG
@JSON
def add(config_path: Path, json_: bool, name: str, title: str, sells: bool, members_only: bool) -> None:
    """Add the section NAME (small letters, digits, hyphens) after the others.

    \b
    Example:
      kiosk board section add herds --title "Herds" --members-only
    """
    with opened(configuration.load(config_path)) as (_, conn):
        with db.transaction(conn):
            sections.add(conn, name, title, sells=sells, members_only=members_only)
        _tell(conn, json_=json_)


@section.command()
@NAME
@click.option("--title", help='What it is called; "" for the words it came with.')
@click.option("--sells/--no-sells", default=None, help="Whether its threads have a price, a place and a last day.")
@click.option("--members-only/--for-everyone", default=None, help="Who sees it, and all that is in it.")
@click.option("--place", type=click.IntRange(1), metavar="N", help="Where it stands; 1 is the first.")
@CONFIG
@JSON
def change(
    config_path: Path, json_: bool, name: str, title: str | None, sells: bool | None, members_only: bool | None,
    place: int | None,
) -> None:  # fmt: skip
    """Change the section NAME; its threads stay in it.

    \b
    Example:
      kiosk board section change questions --title "Ask the adviser" --place 1
    """
    with opened(configuration.load(config_path)) as (_, conn):
        with db.transaction(conn):
            sections.change(conn, name, title=title, sells=sells, members_only=members_only, place=place)
        _tell(conn, json_=json_)


@section.command()
@NAME
@click.option("--into", metavar="SECTION", help="Where its threads go.")
@CONFIG
@JSON
def remove(config_path: Path, json_: bool, name: str, into: str | None) -> None:
    """Take the section NAME away; its threads go into another, and nothing is lost.

    \b
    Example:
      kiosk board section remove good-practice --into talk
    """
    by = Act(getpass.getuser(), system_clock(), f"the section {name} was taken away")
    with opened(configuration.load(config_path)) as (_, conn):
        with db.transaction(conn):
            moderation.remove_section(conn, name, into or "", by)
        _tell(conn, json_=json_)


def _tell(conn: db.Connection, *, json_: bool) -> None:
    found = sections.all_of(conn, members=True)
    if json_:
        as_json([{**asdict(each), "threads": len(sections.threads_in(conn, each.section))} for each in found])
        return
    for each in found:
        what = ["sells"] * each.sells + ["members only"] * each.members_only
        about = f"{len(sections.threads_in(conn, each.section))} threads{''.join(f', {word}' for word in what)}"
        click.echo(f"{each.section:20} {each.title or '':30} {about}".rstrip())
