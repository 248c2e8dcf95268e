"""`kiosk sync`: bring the kiosk to what its channels offer, and tell beforehand what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from kiosk import config as configuration
from kiosk.cli import syncing
from kiosk.cli.budget import budget, pause, resume
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json, duration, size
from kiosk.cli.rollback import rollback
from kiosk.cli.status import status
from kiosk.cli.sticks import export, import_, stick
from kiosk.config import Config
from kiosk.errors import Conflict
from kiosk.host import link, timekeeping
from kiosk.store import agreements, manners, reasons, settings, standing
from kiosk.store.manners import Room
from kiosk.store.reasons import Reason
from kiosk.store.standing import Status
from kiosk.sync import book_indexes, outstanding, room
from kiosk.sync.plan import Change, Plan, Step


@click.group()
def sync() -> None:
    """Fetch, verify and install what the federation released.

    \b
    Ends with 0 when all is well; 9 when the data budget, its hours, the link's rule or a pause says "not now"
    (nothing is wrong, it goes on by itself); else 2 configuration, 3 and 4 pack or signature, 5 mirror, 6 the
    kiosk's own memory, 7 the machine.
    """


for command in (status, rollback, pause, resume, budget, import_, export, stick):
    sync.add_command(command)


@sync.command()
@click.option(
    "--due", is_flag=True, help="Only if one is due: not while paused, waiting after a failure, or too early."
)
@click.option(
    "--link-came",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --due: if FILE is there, a link has come up. It is removed, and no wait after a failure holds.",
)
@CONFIG
@JSON
def run(config_path: Path, due: bool, link_came: Path | None, json_: bool) -> None:
    """Sync now. What is installed goes on being served, whatever goes wrong.

    \b
    Example:
      kiosk sync run --config kiosk.yaml
      kiosk sync run --due
    """
    config = configuration.load(config_path)
    if due and (why := _waits(config, is_new_link=bool(link_came and _taken(link_came)))):
        _not_now(why, json_=json_)
        return
    try:
        if due and (why := _only_looks(config)):
            _not_now(why, json_=json_)
            return
        syncing.run(config, syncing.mirrors(config), json_=json_)
    except Conflict as error:
        if not due:
            raise
        _not_now(error.message, json_=json_)


def _not_now(why: str, *, json_: bool) -> None:
    if json_:
        as_json({"not_now": why})
    else:
        click.echo(f"not now: {why}")


def _taken(mark: Path) -> bool:
    try:
        mark.unlink()
    except FileNotFoundError:
        return False
    return True


def _waits(config: Config, *, is_new_link: bool) -> str | None:
    with opened(config) as (state, conn):
        found = standing.read(conn, state, timekeeping.read(), config.time_zone, link.is_metered())
    refusal = found.due
    # What failed over another link, or over none, says nothing of the one that has just come up; it may go soon.
    if is_new_link and refusal and refusal.reason is Reason.BACKING_OFF:
        refusal = None
    # A budget that is spent stops the internet alone: a neighbour or a folder may still be asked.
    if refusal is None and found.internet and not syncing.free_mirrors(config):
        refusal = found.internet
    return reasons.sentence(refusal, config.time_zone) if refusal else None


def _only_looks(config: Config) -> str | None:
    """Look what is on offer where an operator must agree first, and return that this is so; None: a sync may begin."""
    with opened(config) as (_, conn):
        wishes = settings.sync(conn)
        if not wishes.agreed_only or agreements.is_open(conn):
            return None
        looked = agreements.looked_lately(conn, wishes.every_hours, timekeeping.read().at)
    if not looked:
        syncing.agent(config, syncing.mirrors(config)).offer()
    return "an operator must agree in the console to what is on offer"


@sync.command()
@click.option("--rate", type=click.IntRange(1), metavar="KBIT", help="Reckon with so many kilobits a second.")
@CONFIG
@JSON
def plan(config_path: Path, rate: int | None, json_: bool) -> None:
    """Tell what a sync would change, what it costs in bytes and time, and what room it needs; change nothing.

    \b
    Example:
      kiosk sync plan
      kiosk sync plan --rate 50 --json
    """
    config = configuration.load(config_path)
    offer = syncing.agent(config, syncing.mirrors(config)).offer()
    todo = offer.plan
    with opened(config) as (state, conn):
        needed = room.needed(offer, state, config.sync.spare_bytes)
        indexes = book_indexes.room_bytes(state, todo.steps)
        to_fetch = {step.head.pack: outstanding.of_step(state, step) for step in todo.steps}
        found = standing.read(conn, state, timekeeping.read(), config.time_zone, link.is_metered())
    speed = rate * 125 if rate else found.speed_bytes or manners.GUESSED_SPEED
    if json_:
        as_json(_value(todo, to_fetch, needed, found, speed) | {"index_bytes": indexes})
        return
    changes = {change.pack: change for change in todo.changes}
    for step in todo.steps:
        click.echo(f"{syncing.told(changes[step.head.pack])}  {_fetched(step, to_fetch)}, {_route(step, changes)}")
    for change in todo.changes:
        if not change.after:
            click.echo(syncing.told(change))
    for pack, refusal in todo.left.items():
        click.echo(f"waits: {pack}: {reasons.sentence(refusal, config.time_zone)}")
    if not todo.changes:
        click.echo("nothing new")
        return
    told = "measured" if found.speed_bytes and not rate else "given" if rate else "assumed"
    _tell_cost(sum(to_fetch.values()), needed, indexes, found, speed, told)


def _fetched(step: Step, to_fetch: Mapping[str, int]) -> str:
    left = to_fetch[step.head.pack]
    here = step.route.download_bytes - left
    came = f" ({size(here)} are here already)" if here > 0 else ""
    return f"{size(left)} to fetch{came}, {size(step.head.installed_bytes)} on the card"


def _tell_cost(to_fetch: int, needed: Room, indexes: int, found: Status, speed: int, told: str) -> None:
    cost = manners.estimate(found.settings, found.used, to_fetch, speed)
    click.echo(f"{size(to_fetch)} to fetch, {duration(cost.seconds)} at {size(speed)}/s ({told})")
    if cost.days != 0:
        more = "more than a year" if cost.days is None else f"{cost.days} more day{'s' if cost.days > 1 else ''}"
        click.echo(f"the data budget makes it wait for {more}")
    click.echo(
        f"{size(needed.card_bytes)} of room needed beside what is installed: {size(needed.new_bytes)} to write"
        f" and {size(needed.parts_bytes)} to fetch; {size(needed.spare_bytes)} stay free"
    )
    if indexes:
        told = "where there is no room for them, books are served and not searched"
        click.echo(f"about {size(indexes)} more on the card for the search in its books ({told})")
    if needed.short_bytes:
        click.echo(f"the card has {size(needed.free_bytes)} free: {size(needed.short_bytes)} are missing")


def _route(step: Step, changes: dict[str, Change]) -> str:
    if step.adoption:
        return "besides the book that was brought"
    return f"patch from {changes[step.head.pack].before}" if step.route.start else "full"


def _value(todo: Plan, to_fetch: Mapping[str, int], needed: Room, found: Status, speed: int) -> dict[str, Any]:
    changes = {change.pack: change for change in todo.changes}
    total = sum(to_fetch.values())
    cost = manners.estimate(found.settings, found.used, total, speed)
    return {
        "changes": [vars(change) for change in todo.changes],
        "steps": [
            {
                "pack": step.head.pack, "version": step.head.version,
                "patch_from": changes[step.head.pack].before if step.route.start else None,
                "download_bytes": to_fetch[step.head.pack], "route_bytes": step.route.download_bytes,
                "installed_bytes": step.head.installed_bytes,
                "seconds": manners.estimate(found.settings, found.used, to_fetch[step.head.pack], speed).seconds,
            }
            for step in todo.steps
        ],
        "left": {pack: refusal.to_value() for pack, refusal in todo.left.items()},
        "download_bytes": total, "card_bytes": needed.card_bytes, "short_bytes": needed.short_bytes,
        "speed_bytes": speed, "measured": found.speed_bytes is not None,
        "seconds": cost.seconds, "days": cost.days,
    }  # fmt: skip
