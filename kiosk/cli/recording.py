"""`kiosk recording`: what is said of the tiles on the first page, in languages that are not written."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli import paths
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json, size
from kiosk.clock import system_clock
from kiosk.store import recordings
from kiosk.store.db import transaction
from kiosk.web.i18n import language_name

TILE = click.option("--tile", type=click.Choice(recordings.TILES), required=True, help="The tile.")
LANGUAGE = click.option("--language", required=True, metavar="CODE", help="The language spoken, such as nyn.")


@click.group()
def recording() -> None:
    """Let the tiles of the first page say what they are."""


@recording.command()
@TILE
@LANGUAGE
@click.option("--name", help="What its speakers call the language; known for many.")
@click.argument("file", type=paths.FILE)
@CONFIG
def add(tile: str, language: str, name: str | None, file: Path, config_path: Path) -> None:
    """Add FILE (MP3 or M4A, a sentence or two) to a tile, in place of the one there was in that language.

    \b
    Example:
      kiosk recording add --tile courses --language nyn courses-nyn.mp3
    """
    with opened(configuration.load(config_path)) as (state, conn), file.open("rb") as source:
        data = source.read(recordings.MOST_BYTES + 1)
        with transaction(conn):
            recordings.add(conn, state, tile, language, name or language_name(language), data, system_clock())
            recordings.prune(conn, state)
    click.echo(f"{tile} says it in {name or language_name(language)}")


@recording.command("list")
@CONFIG
@JSON
def list_(config_path: Path, json_: bool) -> None:
    """List the recordings.

    \b
    Example:
      kiosk recording list
    """
    with opened(configuration.load(config_path)) as (_, conn):
        found = recordings.all_of(conn)
    if json_:
        as_json([vars(each) for each in found])
        return
    for each in found:
        click.echo(f"{each.tile}  {each.language}  {each.name}  {size(each.size_bytes)}")
    if not found:
        click.echo("no tile says anything yet")


@recording.command()
@TILE
@LANGUAGE
@CONFIG
def remove(tile: str, language: str, config_path: Path) -> None:
    """Take a recording from a tile.

    \b
    Example:
      kiosk recording remove --tile courses --language nyn
    """
    with opened(configuration.load(config_path)) as (state, conn), transaction(conn):
        recordings.remove(conn, tile, language)
        recordings.prune(conn, state)
    click.echo(f"{tile} says nothing in {language} any more")
