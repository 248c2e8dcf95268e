"""`kiosk member`: the cooperative's members, and the cards by which they sign in."""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kiosk import config as configuration
from kiosk.cli import paths
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.errors import FormatError, InvalidInput
from kiosk.store import cards, members
from kiosk.store.cards import Press
from kiosk.store.db import Connection, transaction
from kiosk.store.state import State
from kiosk.web import card as picture
from kiosk.web.card import Face

NUMBER = click.argument("number", type=click.IntRange(1, members.MOST_NUMBER))
PIN = click.option("--pin", help="4 to 6 digits; a random PIN if left out.")
OUT = click.option("--out", type=click.Path(path_type=Path), help="Write the card to this SVG file, to print it.")


@click.group()
def member() -> None:
    """Add members, print, revoke and reissue their cards."""


@member.command()
@click.argument("name")
@click.option("--number", type=click.IntRange(1, members.MOST_NUMBER), help="Theirs; the next free one if left out.")
@PIN
@OUT
@CONFIG
def add(name: str, number: int | None, pin: str | None, out: Path | None, config_path: Path) -> None:
    """Add a member with a card. The PIN is shown this once: tell it to the member, and print it on no card.

    \b
    Example:
      kiosk member add "Amina Okello" --out amina.svg
    """
    config = configuration.load(config_path)
    pin, now = pin or cards.random_pin(), system_clock()
    with opened(config) as (state, conn):
        with transaction(conn):
            number = members.add(conn, name, now, number)
            cards.issue(conn, _press(conn, state), number, pin, now)
        _hand_over(_face(config, state, conn, number), pin, out)


@member.command("import")
@click.argument("file", type=paths.FILE)
@CONFIG
def import_(file: Path, config_path: Path) -> None:
    """Add the members of a CSV FILE with the columns number and name; prints number, name, code and PIN as CSV.

    Who is there already keeps the card and gets the name in the file. Either the whole file is taken or nothing.

    \b
    Example:
      kiosk member import members.csv > pins.csv
    """
    config, now = configuration.load(config_path), system_clock()
    issued: list[tuple[int, str, str, str]] = []
    with opened(config) as (state, conn):
        known = {each.member for each in members.all_of(conn)}
        with transaction(conn):
            for place, number, name in _rows(file):
                if number in (each[0] for each in issued):
                    raise FormatError(f"{place}: the number {number} stands on two lines", "give each its own")
                pin = cards.random_pin()
                try:
                    if number in known:
                        members.rename(conn, number, name)
                        continue
                    members.add(conn, name, now, number)
                    cards.issue(conn, _press(conn, state), number, pin, now)
                except InvalidInput as error:
                    raise FormatError(f"{place}: {error.field}: {error.message}") from error
                issued.append(
                    (number, name, picture.grouped(cards.printed(conn, _press(conn, state), number).code), pin)
                )
    writer = csv.writer(sys.stdout)
    writer.writerows([("number", "name", "code", "pin"), *issued])


@member.command("list")
@CONFIG
@JSON
def list_(config_path: Path, json_: bool) -> None:
    """List the members: whether their card is valid, on how many phones it was used, and what was tried with it.

    \b
    Example:
      kiosk member list
    """
    config = configuration.load(config_path)
    with opened(config) as (_, conn):
        told = [_told(conn, each) for each in members.all_of(conn)]
    if json_:
        as_json(told)
        return
    for each in told:
        click.echo(f"{each['number']:>6}  {each['name']}: {_in_words(each)}")
    if not told:
        click.echo("there are no members yet; `kiosk member add` adds one")


@member.command()
@NUMBER
@OUT
@CONFIG
def card(number: int, out: Path | None, config_path: Path) -> None:
    """Print a member's card again; nothing about it changes.

    \b
    Example:
      kiosk member card 12 --out card.svg
    """
    config = configuration.load(config_path)
    with opened(config) as (state, conn):
        _hand_over(_face(config, state, conn, number), None, out)


@member.command()
@NUMBER
@CONFIG
def revoke(number: int, config_path: Path) -> None:
    """Make a member's card open nothing any more, from this moment.

    \b
    Example:
      kiosk member revoke 12
    """
    with opened(configuration.load(config_path)) as (_, conn):
        members.get(conn, number)
        with transaction(conn):
            done = cards.revoke(conn, number, system_clock())
    click.echo(f"the card of member {number} is revoked" if done else f"member {number} has no valid card")


@member.command()
@NUMBER
@PIN
@OUT
@CONFIG
def reissue(number: int, pin: str | None, out: Path | None, config_path: Path) -> None:
    """Make a new card with a new PIN for a member; the old one opens nothing any more.

    \b
    Example:
      kiosk member reissue 12 --out card.svg
    """
    config = configuration.load(config_path)
    pin = pin or cards.random_pin()
    with opened(config) as (state, conn):
        with transaction(conn):
            cards.issue(conn, _press(conn, state), number, pin, system_clock())
        _hand_over(_face(config, state, conn, number), pin, out)


@member.command()
@NUMBER
@CONFIG
def unlock(number: int, config_path: Path) -> None:
    """Take PINs again for a card that was locked after too many wrong ones.

    \b
    Example:
      kiosk member unlock 12
    """
    with opened(configuration.load(config_path)) as (_, conn), transaction(conn):
        cards.unlock(conn, number)
    click.echo(f"the card of member {number} is open to its PIN again")


def _press(conn: Connection, state: State) -> Press:
    return Press(cards.secret(conn, state))


def _face(config: Config, state: State, conn: Connection, number: int) -> Face:
    printed = cards.printed(conn, _press(conn, state), number)
    name = members.get(conn, number).name
    return Face(config.name, config.portal.url, name, number, printed.token, printed.code)


def _hand_over(face: Face, pin: str | None, out: Path | None) -> None:
    click.echo(f"member {face.member}: {face.name}")
    click.echo(f"code:   {picture.grouped(face.code)}, typed at {face.typed_at}")
    if pin:
        click.echo(f"PIN:    {pin}")
    if out:
        out.write_text(picture.svg(face), encoding="utf-8")
        click.echo(f"card:   {out}")
    else:
        picture.qr(face).terminal(sys.stdout, compact=True)


def _rows(file: Path) -> list[tuple[str, int, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            if not {"number", "name"} <= set(reader.fieldnames or ()):
                raise FormatError(f"{file}:1: there are no columns number and name", "the first line names the columns")
            return [(f"{file}:{reader.line_num}", _number(file, reader, row), row["name"] or "") for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{file}: this is not CSV in UTF-8: {error}", "save it as CSV, in UTF-8") from error


def _number(file: Path, reader: csv.DictReader[str], row: dict[str, str]) -> int:
    text = (row["number"] or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise FormatError(f"{file}:{reader.line_num}: '{text}' is not a member's number", "write digits only")
    return int(text)


def _told(conn: Connection, found: members.Member) -> dict[str, Any]:
    newest = next(iter(cards.all_of(conn, found.member)), None)
    return {
        "number": found.member,
        "name": found.name,
        "card": "none"
        if newest is None
        else "revoked"
        if newest.revoked_at
        else "locked"
        if newest.locked
        else "valid",
        "phones": [_when(phone.last_at) for phone in newest.phones] if newest else [],
        "wrong_pins": newest.failures if newest else 0,
        "papers_read": len({(each.paper, each.version) for each in members.read_by(conn, found.member)}),
    }


def _when(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _in_words(told: dict[str, Any]) -> str:
    facts = [f"card {told['card']}", f"phones {len(told['phones'])}"]
    if told["wrong_pins"]:
        facts.append(f"wrong PINs {told['wrong_pins']}")
    if told["phones"]:
        facts.append(f"last used {max(told['phones'])[:10]}")
    return ", ".join(facts)
