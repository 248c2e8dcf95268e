"""`kiosk sync status`: what is served, how the last sync went, what is next."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from kiosk import config as configuration
from kiosk.cli import budget
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json, duration, size
from kiosk.host import link, timekeeping
from kiosk.store import reasons, standing
from kiosk.store.events import Event
from kiosk.store.standing import Status

ENDS = {
    "sync.started": "is running, or was cut",
    "sync.finished": "ended well",
    "sync.failed": "failed",
    "sync.paused": "stopped in order",
    "sync.rolled_back": "went back",
}


@click.command()
@CONFIG
@JSON
def status(config_path: Path, json_: bool) -> None:
    """Show what is served and how fresh it is, how the last sync ended, when the next is, and what was used.

    \b
    Example:
      kiosk sync status
      kiosk sync status --json
    """
    config = configuration.load(config_path)
    reading = timekeeping.read()
    with opened(config) as (state, conn):
        found = standing.read(conn, state, reading, config.time_zone, link.is_metered())
    if json_:
        as_json(_value(found))
    else:
        click.echo("\n".join(_lines(found, reading.at, config.time_zone)))


def _value(found: Status) -> dict[str, Any]:
    current, last = found.generation, found.last
    return {
        "generation": current.number if current else 0,
        "packs": {pack.pack: pack.version for pack in current.packs} if current else {},
        "fresh_at": found.history.success,
        "fresh_until": found.freshness.until if found.freshness else None,
        "stale_since": found.freshness.stale_since if found.freshness else None,
        "clock_trusted": found.freshness.now.trusted if found.freshness else None,
        "last": {"at": last.at, "kind": last.kind, **last.detail} if last else None,
        "failures": found.history.failures,
        "next": found.due.to_value() if found.due else None,
        "held": [vars(hold) for hold in found.holds],
        "budget": budget.to_value(found),
    }


def _lines(found: Status, now: datetime, zone: ZoneInfo) -> list[str]:
    current = found.generation
    lines = [
        f"generation {current.number}, {size(current.installed_bytes)} on the card"
        if current
        else "nothing is installed yet"
    ]
    lines += (
        [f"  {pack.pack} {pack.version}  {size(pack.size_bytes)} on the card" for pack in current.packs]
        if current
        else []
    )
    lines += [_held(hold.pack, hold.refused, hold.kept) for hold in found.holds]
    if success := found.history.success:
        age = (now - success).total_seconds()
        ago = f", {duration(age)} ago" if age > 0 else ""
        lines.append(f"fresh     as of {_local(success, zone)}{ago}")
    if found.freshness:
        lines.append(f"signed    {found.freshness}")
    lines.append(_last(found.last, zone) if found.last else "last      there was no sync yet")
    if found.history.failures:
        lines.append(f"failures  {found.history.failures} in a row")
    lines.append(f"next      {reasons.sentence(found.due, zone) if found.due else 'is due'}")
    if found.internet and found.internet != found.due:
        lines.append(f"internet  {reasons.sentence(found.internet, zone)}")
    return [*lines, f"used      {budget.used_line(found)}"]


def _held(pack: str, refused: int, kept: int) -> str:
    what = f"version {refused}" if refused else "its withdrawal"
    stays = f"stays at {kept}" if kept else "stays away"
    return f"  {pack} {stays}: {what} was gone back from (a newer one comes as ever; `rollback --lift` takes it)"


def _last(event: Event, zone: ZoneInfo) -> str:
    text = f"last      {ENDS.get(event.kind, event.kind)}, {_local(event.at, zone)}"
    message = event.detail.get("message")
    return f"{text}: {message}" if message else text


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
