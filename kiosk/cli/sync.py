"""`kiosk sync`: bring the kiosk to what its channel offers."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli.budget import budget, pause, resume
from kiosk.cli.kiosk_options import CONFIG, JSON
from kiosk.cli.output import ProgressLine, as_json, size
from kiosk.cli.rollback import rollback
from kiosk.cli.status import status
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.sync.agent import Agent
from kiosk.sync.mirrors import HttpMirror
from kiosk.sync.plan import Change


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


for command in (status, rollback, pause, resume, budget):
    sync.add_command(command)


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
