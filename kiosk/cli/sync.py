"""`kiosk sync`: bring the kiosk to what its channel offers."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli.output import ProgressLine, as_json, size
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.store import db, events, generations
from kiosk.store.state import State
from kiosk.sync.agent import Agent
from kiosk.sync.mirrors import HttpMirror
from kiosk.sync.plan import Change

CONFIG = click.option(
    "--config", "config_path", default=Path("/etc/kiosk/kiosk.yaml"), show_default=True, envvar="KIOSK_CONFIG",
    type=click.Path(dir_okay=False, path_type=Path), help="The kiosk's configuration.",
)  # fmt: skip
JSON = click.option("--json", "json_", is_flag=True, help="Print the result as JSON.")


@click.group()
def sync() -> None:
    """Fetch, verify and install what the federation released."""


@sync.command()
@CONFIG
@JSON
def run(config_path: Path, json_: bool) -> None:
    """Sync now. What is installed goes on being served, whatever goes wrong.

    \b
    Example:
      kiosk sync run --config kiosk.yaml
    """
    config = configuration.load(config_path)
    line = ProgressLine("fetching", json_)
    try:
        outcome = agent(config).run(line.bytes)
    finally:
        line.end()
    if json_:
        as_json({
            "generation": outcome.generation, "fetched_bytes": outcome.fetched_bytes,
            "changes": [vars(change) for change in outcome.changes],
        })  # fmt: skip
        return
    for change in outcome.changes:
        click.echo(told(change))
    news = f"fetched {size(outcome.fetched_bytes)}; " if outcome.changes else "nothing new; "
    click.echo(f"{news}generation {outcome.generation} is served")


@sync.command()
@CONFIG
@JSON
def plan(config_path: Path, json_: bool) -> None:
    """Tell what a sync would change and fetch, and change nothing.

    \b
    Example:
      kiosk sync plan --config kiosk.yaml
    """
    offer = agent(configuration.load(config_path)).offer()
    if json_:
        as_json({
            "changes": [vars(change) for change in offer.changes], "download_bytes": offer.download_bytes,
            "card_bytes": offer.card_bytes,
        })  # fmt: skip
        return
    for change in offer.changes:
        click.echo(told(change))
    click.echo(f"{size(offer.download_bytes)} to fetch" if offer.changes else "nothing new")


@sync.command()
@CONFIG
@JSON
def status(config_path: Path, json_: bool) -> None:
    """Show the generation that is served and how the last sync ended.

    \b
    Example:
      kiosk sync status --json
    """
    config = configuration.load(config_path)
    state = State(config.state)
    state.prepare()
    with closing(db.connect(state.database)) as conn:
        current = generations.get(conn, state.current_number())
        last = events.last(conn, "sync.")
    if json_:
        as_json({
            "generation": current.number if current else 0,
            "packs": {pack.pack: pack.version for pack in current.packs} if current else {},
            "last": {"at": last[0].at, "kind": last[0].kind, **last[0].detail} if last else None,
        })  # fmt: skip
        return
    click.echo(
        f"generation {current.number}, {size(current.installed_bytes)}" if current else "nothing is installed yet"
    )
    for pack in current.packs if current else ():
        click.echo(f"  {pack.pack} {pack.version}  {size(pack.size_bytes)}")
    if last:
        click.echo(f"last: {last[0].kind} at {last[0].at:%Y-%m-%d %H:%M} UTC {last[0].detail.get('message', '')}")


def agent(config: Config) -> Agent:
    """Return the agent that syncs the kiosk of `config` over HTTP."""
    return Agent(config, HttpMirror(config.sync.mirrors[0]), system_clock)


def told(change: Change) -> str:
    """Return a change in words."""
    if not change.before:
        return f"new: {change.pack} {change.after}"
    if not change.after:
        return f"withdrawn: {change.pack} {change.before}"
    return f"updated: {change.pack} {change.before} -> {change.after}"
