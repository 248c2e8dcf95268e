"""Reports: what was used in a day, a month or a year, as pictures, tables and CSV files, and a page for the assembly.

True always: there are numbers and no people in it; what is for members only is not named on the page that is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import format_decimal, gettext
from werkzeug.wrappers import Response as AnyResponse

from kiosk.console import bars, sheets
from kiosk.console.session import needs, who
from kiosk.errors import InvalidInput
from kiosk.store import audit, counts, prices, reports, sought
from kiosk.store.counts import Kind, Numbers
from kiosk.store.db import transaction
from kiosk.store.prices import Price
from kiosk.store.reports import Part, Period, Report, State
from kiosk.web import current, i18n
from kiosk.web.db import conn

pages = Blueprint("reports", __name__, url_prefix="/reports")


@dataclass(frozen=True)
class Measure:
    """One of the things that are counted, and its word."""

    kind: Kind
    word: str


def measures() -> list[Measure]:
    """Return what is counted, in the order of the pages."""
    return [
        Measure(Kind.VISITS, gettext("Visits")),
        Measure(Kind.PAGES, gettext("Pages")),
        Measure(Kind.FILES, gettext("Files")),
        Measure(Kind.COURSES, gettext("Courses finished")),
        Measure(Kind.SEARCHES, gettext("Searches")),
        Measure(Kind.MISSED, gettext("Searches that found nothing")),
        Measure(Kind.BYTES, gettext("Data")),
    ]


@pages.get("")
def show() -> str:
    """Show the report of this month."""
    return _page(Period(f"{_local():%Y-%m}"), {})


@pages.get("/<name>")
def of(name: str) -> str:
    """Show the report of a year, month or day, such as 2026-11; `?of=` chooses what the picture shows."""
    return _page(reports.period(name), {})


@pages.get("/<name>/print")
def assembly(name: str) -> str:
    """Show the report of a month as a page to print."""
    period = reports.period(name)
    if period.length != counts.DAY:
        abort(404)
    report = reports.read(conn(), period, _local())
    read = reports.most_read(conn(), current.generation(), period, i18n.chosen())
    return render_template(
        "report_print.html",
        **_words(),
        report=report,
        before=reports.read(conn(), period.before, _local()).total,
        measures=measures(),
        picture=_picture(report, Kind.VISITS),
        read=[top for top in read if not top.members_only],
        words=reports.words(conn(), period),
        cost=_cost(prices.read(conn()), report.total),
    )


@pages.get("/<name>/<what>.csv")
def sheet(name: str, what: str) -> Response:
    """Send one of the tables of a report as a CSV file."""
    period = reports.period(name)
    if what == "times":
        text = _times(reports.read(conn(), period, _local()))
    elif what == "sections":
        rows = [(section_word(section), number) for section, number in reports.sections(conn(), period)]
        text = sheets.write((gettext("Section"), gettext("Pages")), rows)
    elif what == "read":
        found = reports.most_read(conn(), current.generation(), period, i18n.chosen())
        text = sheets.write((gettext("Title"), gettext("Times")), [(top.title, top.number) for top in found])
    elif what == "words":
        text = sheets.write((gettext("Words"), gettext("Days")), reports.words(conn(), period))
    else:
        abort(404)
    response = Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{period.name}-{what}.csv"'
    return response


@pages.post("/price")
@needs("manager")
def price() -> AnyResponse | tuple[str, int]:
    """Keep what a megabyte costs in the village."""
    per_mb, currency = request.form.get("per_mb", ""), request.form.get("currency", "")
    try:
        with transaction(conn()):
            kept = prices.save(conn(), per_mb, currency)
            audit.record(conn(), who(), "report.price", f"{kept.per_mb} {kept.currency}".strip(), current.now())
    except InvalidInput as error:
        page = _page(Period(f"{_local():%Y-%m}"), {error.field: i18n.message(error)}, Price(per_mb, currency))
        return page, 422
    flash(gettext("Done."), "done")
    return redirect(url_for("reports.show", _anchor="price"), 303)


@pages.post("/words")
@needs("manager")
def forget() -> AnyResponse:
    """Forget words that were searched for, such as a name."""
    with transaction(conn()):
        sought.forget(conn(), current.state().secret(sought.KEY), request.form.get("words", ""))
        audit.record(conn(), who(), "report.words", "", current.now())
    flash(gettext("Done."), "done")
    return redirect(url_for("reports.show", _anchor="not-found"), 303)


def section_word(section: str) -> str:
    """Return what a section of the portal is called."""
    words = {
        "home": gettext("Start"),
        "courses": gettext("Courses"),
        "library": gettext("Library"),
        "documents": gettext("Papers"),
        "notices": gettext("Notices"),
        "board": gettext("Board"),
        "search": gettext("Search"),
    }
    return str(words.get(section, gettext("Other pages")))


def period_word(period: Period) -> str:
    """Return what a period is called, such as "November 2026"."""
    if period.length == counts.HOUR:
        return i18n.day(period.first)
    return i18n.month(period.first) if period.length == counts.DAY else period.name


def part_word(name: str, *, short: bool = False) -> str:
    """Return what an hour, day or month is called beside the others of its period."""
    if len(name) == counts.HOUR:
        return name[-2:] if short else f"{name[-2:]}:00"
    if short:
        return str(int(name[-2:]))
    return i18n.short_day(date.fromisoformat(name)) if len(name) == counts.DAY else period_word(Period(name))


def shown(kind: str, numbers: Numbers) -> str:
    """Return a number as people read it: bytes as a size."""
    number = numbers.get(kind, 0)
    return i18n.size(number) if kind == Kind.BYTES and number else i18n.number(number)


def _page(period: Period, problems: dict[str, str], typed: Price | None = None) -> str:
    report = reports.read(conn(), period, _local())
    wanted = next((each for each in measures() if each.kind == request.args.get("of")), measures()[0])
    kept = prices.read(conn())
    return render_template(
        "reports.html",
        **_words(),
        report=report,
        measures=measures(),
        measure=wanted,
        picture=_picture(report, wanted.kind),
        by_section=reports.sections(conn(), period),
        read=reports.most_read(conn(), current.generation(), period, i18n.chosen()),
        words=reports.words(conn(), period),
        cost=_cost(kept, report.total),
        price=typed or kept,
        most_currency=prices.MOST_CURRENCY,
        problems=problems,
        today=f"{_local():%Y-%m-%d}",
    )


def _words() -> dict[str, object]:
    return {
        "section_name": section_word, "period_word": period_word, "part_word": part_word, "shown": shown,
        "hours_on": _hours,
    }  # fmt: skip


def _picture(report: Report, kind: Kind) -> bars.Picture:
    labels = [
        (part_word(part.name, short=True), f"{part_word(part.name)}: {shown(kind, part.numbers)}")
        for part in report.parts
    ]
    values = [part.numbers.get(kind, 0) for part in report.parts]
    return bars.draw(values, [part.state for part in report.parts], labels)


def _times(report: Report) -> str:
    head = [gettext("Time"), *(each.word for each in measures()), gettext("Hours on")]
    return sheets.write(head, [_row(part) for part in report.parts if part.state is not State.OUTSIDE])


def _row(part: Part) -> list[str | int | None]:
    kinds = [each.kind for each in measures()]
    if part.state is State.GAP:
        return [part.name, *[None for _ in kinds], None]
    hours = str(round(part.numbers.get(Kind.MINUTES, 0) / 60, 1))
    return [part.name, *(part.numbers.get(kind, 0) for kind in kinds), hours]


def _hours(numbers: Numbers) -> str:
    minutes = numbers.get(Kind.MINUTES, 0)
    return str(format_decimal(round(minutes / 60, 1 if minutes < 600 else 0))) if minutes else ""


def _cost(price: Price, numbers: Numbers) -> str:
    cost = price.of(numbers.get(Kind.BYTES, 0))
    return f"{format_decimal(cost)} {price.currency}" if cost is not None else ""


def _local() -> datetime:
    return reports.now(conn(), current.now(), current.config().time_zone)
