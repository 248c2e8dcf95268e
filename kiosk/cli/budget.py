"""`kiosk sync budget|pause|resume`: what the links may be used for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from kiosk import config as configuration
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json, size
from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.errors import ConfigError, InvalidInput
from kiosk.host import link, timekeeping
from kiosk.store import db, reasons, settings, standing
from kiosk.store.settings import Hours, LinkIs, MeteredRule, Pause, SyncSettings
from kiosk.store.standing import Status

MB = 1_000_000
OPTIONS = {
    "day_bytes": "--day", "month_bytes": "--month", "hours": "--hours", "rate_bytes": "--rate",
    "metered_bytes": "--metered-most", "every_hours": "--every", "packs": "--packs", "order": "--order",
    "pause": "--hours",
}  # fmt: skip
METERED = {
    MeteredRule.NEVER: "nothing may come over a metered link",
    MeteredRule.SMALL: "over a metered link only notices and documents, up to {most} at a time",
    MeteredRule.SAME: "a metered link is used as any other",
}
LINKS = {
    LinkIs.ASK: "the machine is asked whether it is one",
    LinkIs.METERED: "the link is one",
    LinkIs.UNMETERED: "the link is none",
}


def _hours(context: click.Context, option: click.Parameter, value: str | None) -> Hours | tuple[()] | None:
    """Return 22-6 as hours, "always" as (), since None stands for "not given"."""
    if value is None or value == "always":
        return None if value is None else ()
    start, _, end = value.partition("-")
    if not (start.isdigit() and end.isdigit()):
        raise click.BadParameter(f"'{value}' is not two hours: write 22-6, or always")
    return Hours(int(start), int(end))


def _names(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Return names with commas as a tuple."""
    return None if value is None else tuple(name.strip() for name in value.split(",") if name.strip())


@click.command()
@click.option("--day", type=click.IntRange(0), metavar="MB", help="Megabytes a day over the internet; 0: no limit.")
@click.option("--month", type=click.IntRange(0), metavar="MB", help="Megabytes a month; 0: no limit.")
@click.option(
    "--hours",
    metavar="FROM-TO",
    callback=_hours,
    help="Local hours in which the internet may be used: 22-6, or always.",
)
@click.option("--rate", type=click.IntRange(0), metavar="KB", help="Kilobytes a second at most; 0: no limit.")
@click.option(
    "--metered",
    type=click.Choice([str(rule) for rule in MeteredRule]),
    help="What may come over a metered link: nothing, small packs of notices and documents, or the same.",
)
@click.option("--metered-most", type=click.IntRange(1), metavar="MB", help="How large a small pack's update may be.")
@click.option(
    "--link",
    "link_",
    type=click.Choice([str(each) for each in LinkIs]),
    help="Whether the internet link is metered; ask: the machine tells.",
)
@click.option("--every", type=click.IntRange(1), metavar="HOURS", help="How often to look for something new.")
@click.option(
    "--packs", metavar="NAMES", callback=_names, help="The packs to have, with commas; all: what the channels offer."
)
@click.option(
    "--order", metavar="NAMES", callback=_names, help="Packs by importance, with commas; none: the smallest first."
)
@CONFIG
@JSON
def budget(config_path: Path, json_: bool, **given: Any) -> None:
    """Show what the links may be used for and what was used; with options, change it first.

    A day is one of the kiosk's own time zone (`time_zone` in its configuration). Sticks and neighbours cost nothing and
    have no limit.

    \b
    Example:
      kiosk sync budget --day 5 --month 100 --hours 22-6 --rate 20
      kiosk sync budget --metered small --metered-most 10 --order prices,notices
    """  # fmt: skip
    config = configuration.load(config_path)
    with opened(config) as (state, conn):
        wanted = _changes(given)
        if wanted:
            change(conn, **wanted)
        found = standing.read(conn, state, timekeeping.read(), config.time_zone, link.is_metered())
    if json_:
        as_json(to_value(found))
    else:
        click.echo("\n".join(_lines(found, config)))


@click.command()
@click.option("--hours", type=click.IntRange(1, settings.MOST_HOURS), help="For so many hours; else until `resume`.")
@CONFIG
def pause(config_path: Path, hours: int | None) -> None:
    """Fetch nothing for some hours, or until `kiosk sync resume`. A sync that is running stops within seconds.

    What came so far stays. A stick can be imported meanwhile.

    \b
    Example:
      kiosk sync pause --hours 12
    """
    config = configuration.load(config_path)
    now = system_clock()
    until = now + timedelta(hours=hours) if hours else None
    with opened(config) as (_, conn):
        change(conn, pause=Pause(now, until))
    when = f"until {until.astimezone(config.time_zone):%Y-%m-%d %H:%M}" if until else "until `kiosk sync resume`"
    click.echo(f"syncs are paused {when}")


@click.command()
@CONFIG
def resume(config_path: Path) -> None:
    """End a pause. The next sync begins by itself, or with `kiosk sync run`.

    \b
    Example:
      kiosk sync resume
    """
    with opened(configuration.load(config_path)) as (_, conn):
        change(conn, pause=None)
    click.echo("syncs are not paused")


def change(conn: db.Connection, **wanted: Any) -> SyncSettings:
    """Change settings and return all of them.

    Raises:
        ConfigError: a value breaks its rule; names the option.
    """
    try:
        with db.transaction(conn):
            changed = replace(settings.sync(conn), **wanted)
            settings.save_sync(conn, changed)
    except InvalidInput as error:
        raise ConfigError(f"{OPTIONS[error.field]}: {error.message}", "`kiosk sync budget --help`") from error
    return changed


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in given.items() if value is not None}
    wanted: dict[str, Any] = {}
    for key, name, unit in (("day", "day_bytes", MB), ("month", "month_bytes", MB), ("rate", "rate_bytes", 1000)):
        if key in found:
            wanted[name] = found[key] * unit or None
    for key, name in (("every", "every_hours"), ("order", "order"), ("hours", "hours"), ("packs", "packs")):
        if key in found:
            wanted[name] = found[key]
    if "metered_most" in found:
        wanted["metered_bytes"] = found["metered_most"] * MB
    if "metered" in found:
        wanted["metered_rule"] = MeteredRule(found["metered"])
    if "link_" in found:
        wanted["link"] = LinkIs(found["link_"])
    for name, word, value in (("hours", (), None), ("packs", ("all",), None), ("order", ("none",), ())):
        if wanted.get(name) == word:
            wanted[name] = value
    return wanted


def to_value(found: Status) -> dict[str, Any]:
    """Return limits and use as JSON values, sizes in bytes."""
    wishes = found.settings
    return {
        "day_bytes": wishes.day_bytes, "month_bytes": wishes.month_bytes,
        "used_day_bytes": found.used.day_bytes, "used_month_bytes": found.used.month_bytes,
        "hours": [wishes.hours.start, wishes.hours.end] if wishes.hours else None,
        "rate_bytes": wishes.rate_bytes, "metered_rule": wishes.metered_rule, "metered_bytes": wishes.metered_bytes,
        "link": wishes.link, "every_hours": wishes.every_hours, "packs": wishes.packs, "order": wishes.order,
        "speed_bytes": found.speed_bytes, "internet": found.internet.to_value() if found.internet else None,
    }  # fmt: skip


def used_line(found: Status) -> str:
    """Return what the internet brought today and this month, with the limits there are."""
    return ", ".join(
        f"{size(used)}{f' of {size(limit)}' if limit else ''} {when}"
        for used, limit, when in (
            (found.used.day_bytes, found.settings.day_bytes, "today"),
            (found.used.month_bytes, found.settings.month_bytes, "this month"),
        )
    )


def _lines(found: Status, config: Config) -> list[str]:
    wishes = found.settings
    hours = f"{wishes.hours.start:02}:00 to {wishes.hours.end:02}:00" if wishes.hours else "always"
    rate = f"at most {size(wishes.rate_bytes)}/s" if wishes.rate_bytes else "what the link gives"
    metered = METERED[wishes.metered_rule].format(most=size(wishes.metered_bytes))
    return [
        f"used      {used_line(found)}",
        f"hours     {hours} ({config.time_zone})",
        f"rate      {rate}; measured: {size(found.speed_bytes) + '/s' if found.speed_bytes else 'not yet'}",
        f"metered   {metered}; {LINKS[wishes.link]}",
        f"looks     every {wishes.every_hours} hours",
        f"packs     {'all that the channels offer' if wishes.packs is None else ', '.join(wishes.packs) or 'none'}",
        f"order     {', '.join([*wishes.order, 'then the smallest first'])}",
        f"now       {reasons.sentence(found.internet, config.time_zone) if found.internet else 'may fetch'}",
    ]
