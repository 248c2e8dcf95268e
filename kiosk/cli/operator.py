"""`kiosk operator`: who may enter the console, for the first of them and when nobody can any more."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json
from kiosk.clock import system_clock
from kiosk.store import audit, operators
from kiosk.store.db import to_text, transaction
from kiosk.store.operators import Operator, Rights

WHO = "kiosk operator"
"""Who did it, in the list of acts: whoever has the command line."""


@click.group()
def operator() -> None:
    """Add operators of the console, and give a new one-time password."""


@operator.command()
@click.argument("name")
@click.option("--manager", is_flag=True, help="With the rights of a manager; the first operator should have them.")
@CONFIG
@JSON
def add(name: str, manager: bool, config_path: Path, json_: bool) -> None:
    """Add an operator and print the one-time password, this once. At the first sign-in another must be chosen.

    \b
    Example:
      kiosk operator add amina --manager
    """
    rights, now = (Rights.MANAGER if manager else Rights.EDITOR), system_clock()
    with opened(configuration.load(config_path)) as (_, conn), transaction(conn):
        password = operators.add(conn, name, rights, now)
        audit.record(conn, WHO, f"operator.added.{rights}", name, now)
    _tell(name, password, json_)


@operator.command()
@click.argument("name")
@CONFIG
@JSON
def reset(name: str, config_path: Path, json_: bool) -> None:
    """Give an operator a new one-time password and print it, this once. The old password opens nothing any more.

    \b
    Example:
      kiosk operator reset amina
    """
    now = system_clock()
    with opened(configuration.load(config_path)) as (_, conn), transaction(conn):
        password = operators.reset(conn, name, now)
        audit.record(conn, WHO, "operator.reset", name, now)
    _tell(name, password, json_)


@operator.command("list")
@CONFIG
@JSON
def list_(config_path: Path, json_: bool) -> None:
    """List the operators with their rights.

    \b
    Example:
      kiosk operator list
    """
    with opened(configuration.load(config_path)) as (_, conn):
        found = operators.all_of(conn)
    if json_:
        as_json([_value(each) for each in found])
        return
    for each in found:
        more = ", shut out" if each.shut_out else ", has not chosen a password yet" if each.must_change else ""
        click.echo(f"{each.name}: {each.rights}{more}")
    if not found:
        click.echo("there are no operators yet; `kiosk operator add NAME --manager` adds one")


def _value(each: Operator) -> dict[str, object]:
    return {
        "name": each.name, "rights": each.rights, "shut_out": each.shut_out, "must_change": each.must_change,
        "signed_in_at": to_text(each.signed_in_at) if each.signed_in_at else None,
    }  # fmt: skip


def _tell(name: str, password: str, json_: bool) -> None:
    if json_:
        as_json({"name": name, "one_time_password": password})
    else:
        click.echo(f"name: {name}   one-time password: {password}")
