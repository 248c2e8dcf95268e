"""`kiosk report`: what was used in a month, for scripts and for those without a browser."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from kiosk import config as configuration
from kiosk.cli.kiosk_options import CONFIG, JSON, opened
from kiosk.cli.output import as_json, size
from kiosk.clock import system_clock
from kiosk.console import sheets
from kiosk.errors import ConfigError, NotFound
from kiosk.store import prices, reports
from kiosk.store.counts import Kind, Numbers
from kiosk.store.prices import Price
from kiosk.store.reports import Period, Report, State, Top

KINDS = (Kind.VISITS, Kind.PAGES, Kind.FILES, Kind.COURSES, Kind.SEARCHES, Kind.MISSED, Kind.BYTES, Kind.MINUTES)
WORDS = {
    Kind.COURSES: "courses finished", Kind.MISSED: "searches that found nothing", Kind.BYTES: "data served",
    Kind.MINUTES: "hours on",
}  # fmt: skip


@click.command()
@click.option("--month", metavar="YYYY-MM", help="The month; also a year or a day. Without it, this month.")
@click.option("--csv", "csv_", is_flag=True, help="Print its days as CSV; a gap has empty cells.")
@CONFIG
@JSON
def report(config_path: Path, month: str | None, csv_: bool, json_: bool) -> None:
    """Show what was used in a month: visits, pages, files, courses, searches and bytes, and nothing of who it was.

    \b
    Example:
      kiosk report --month 2026-11
    """
    config = configuration.load(config_path)
    with opened(config) as (state, conn):
        local = reports.now(conn, system_clock(), config.time_zone)
        period = _period(month, local)
        found, price = reports.read(conn, period, local), prices.read(conn)
        read = reports.most_read(conn, state.current_number(), period, "en")
        words = reports.words(conn, period)
    if json_:
        as_json(_to_value(found, price, read, words))
    elif csv_:
        click.echo(_csv(found), nl=False)
    else:
        click.echo("\n".join(_lines(found, price, read, words)))


def _period(month: str | None, local: datetime) -> Period:
    try:
        return reports.period(month or f"{local:%Y-%m}")
    except NotFound as error:
        raise ConfigError(f"--month: {error.message}", "write it like 2026-11") from error


def _plain(numbers: Numbers) -> dict[str, int]:
    return {str(kind): numbers.get(kind, 0) for kind in KINDS}


def _to_value(found: Report, price: Price, read: list[Top], words: list[tuple[str, int]]) -> dict[str, object]:
    return {
        "period": found.period.name,
        "total": _plain(found.total),
        "parts": [
            {"name": each.name, "state": each.state} | (_plain(each.numbers) if each.state is State.KNOWN else {})
            for each in found.parts
            if each.state is not State.OUTSIDE
        ],
        "without_a_clock": _plain(found.doubted),
        "cost": price.of(found.total.get(Kind.BYTES, 0)),
        "currency": price.currency,
        "read": [{"title": top.title, "times": top.number, "members_only": top.members_only} for top in read],
        "searched_and_not_found": [{"words": text, "days": days} for text, days in words],
    }


def _csv(found: Report) -> str:
    rows = [
        [each.name, *(each.numbers.get(kind, 0) if each.state is State.KNOWN else None for kind in KINDS)]
        for each in found.parts
        if each.state is not State.OUTSIDE
    ]
    return sheets.write(("time", *KINDS), rows)


def _lines(found: Report, price: Price, read: list[Top], words: list[tuple[str, int]]) -> list[str]:
    gaps = sum(each.state is State.GAP for each in found.parts)
    cost = price.of(found.total.get(Kind.BYTES, 0))
    return [
        found.period.name,
        *(f"{WORDS.get(kind, kind):28}{_number(found.total, kind)}" for kind in KINDS),
        *([f"{'that would have cost':28}{cost} {price.currency}"] if cost is not None else []),
        *([f"{'gaps':28}{gaps}"] if gaps else []),
        *(["read most:", *(f"  {top.number:6}  {top.title}" for top in read)] if read else []),
        *(["searched for and not found:", *(f"  {text}" for text, _ in words)] if words else []),
    ]


def _number(numbers: Numbers, kind: Kind) -> str:
    number = numbers.get(kind, 0)
    if kind is Kind.BYTES:
        return size(number)
    return str(round(number / 60)) if kind is Kind.MINUTES else str(number)
