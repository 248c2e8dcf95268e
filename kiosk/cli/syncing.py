"""What the commands that sync have in common: whom they ask, and how they tell the end."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import click

from kiosk.cli.output import ProgressLine, as_json, size
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.errors import BudgetSpent, HostError, MirrorError
from kiosk.store import reasons
from kiosk.store.state import State
from kiosk.sync import neighbours
from kiosk.sync.agent import Agent
from kiosk.sync.by_hand import Stick
from kiosk.sync.mirrors import FolderMirror, HttpMirror, Mirror
from kiosk.sync.plan import Change
from kiosk.sync.session import Outcome

LISTEN_SECONDS = 3.0


def mirrors(config: Config) -> list[Mirror]:
    """Return whom to ask, what costs nothing first: folders that are there now, kiosks nearby, then the internet.

    Raises:
        MirrorError: there is nobody to ask.
    """
    places = [place for place in config.sync.mirrors if place.startswith("http")]
    found = [*free_mirrors(config), *(HttpMirror(place) for place in places)]
    if not found:
        told = f"none of the mirrors is there: {', '.join(config.sync.mirrors)}"
        raise MirrorError(told, "put the disk in, or add a web address to sync.mirrors")
    return found


def free_mirrors(config: Config) -> list[Mirror]:
    """Return the mirrors whose bytes cost nothing; looking for kiosks nearby takes some seconds."""
    folders = [Path(place) for place in config.sync.mirrors if not place.startswith("http")]
    found: list[Mirror] = [FolderMirror(folder) for folder in folders if (folder / "metadata").is_dir()]
    if config.sync.neighbours:
        # Without multicast, or without the root that tells our federation's kiosks, there are just no neighbours.
        with contextlib.suppress(HostError, OSError):
            known = neighbours.repositories(config.sync.trusted_root.read_bytes(), State(config.state).trust)
            found += [each.mirror() for each in neighbours.find(known, LISTEN_SECONDS)]
    return found


def agent(config: Config, asked: Sequence[Mirror], *, stick: Stick | None = None) -> Agent:
    """Return the agent that syncs the kiosk of `config` from mirrors, and what an operator put in."""
    return Agent(config, asked, system_clock, stick=stick)


def run(config: Config, asked: Sequence[Mirror], *, json_: bool, stick: Stick | None = None) -> None:
    """Sync, with a progress line on a terminal, and tell how it ended.

    Raises:
        As `Agent.run`.
    """
    line, work = ProgressLine("fetching", json_), ProgressLine("installing", json_)
    try:
        outcome = agent(config, asked, stick=stick).run(line.bytes, work.step)
    except BudgetSpent as stop:
        for pack, before, after in stop.detail.get("changes", []) if not json_ else ():
            click.echo(told(Change(pack, before, after)))
        raise
    finally:
        line.end()
    _tell(outcome, config, json_=json_)


def _tell(outcome: Outcome, config: Config, *, json_: bool) -> None:
    if json_:
        as_json({
            "generation": outcome.generation, "fetched_bytes": outcome.fetched_bytes,
            "changes": [vars(change) for change in outcome.changes],
            "left": {pack: refusal.to_value() for pack, refusal in outcome.left.items()},
            "books": outcome.books.taken,
            "refused": [{"message": each.message, "remedy": each.hint or None} for each in outcome.books.refused],
        })  # fmt: skip
        return
    for title in outcome.books.taken:
        click.echo(f"taken from the stick: the book '{title}'")
    for refused in outcome.books.refused:
        click.echo(f"not taken from the stick: {refused.message}")
        if refused.hint:
            click.echo(f"  what to do: {refused.hint}")
    for change in outcome.changes:
        click.echo(told(change))
    for pack, refusal in outcome.left.items():
        click.echo(f"waits: {pack}: {reasons.sentence(refusal, config.time_zone)}")
    news = f"fetched {size(outcome.fetched_bytes)}; " if outcome.changes else "nothing new; "
    click.echo(f"{news}generation {outcome.generation} is served")


def told(change: Change) -> str:
    """Return a change in words."""
    if not change.before:
        return f"new: {change.pack} {change.after}"
    if not change.after:
        return f"withdrawn: {change.pack} {change.before}"
    return f"updated: {change.pack} {change.before} -> {change.after}"
