"""The data budget: what the internet may be used for, and what it was used for.

True always: it only keeps settings; the sync that runs takes them up within seconds, and stops by itself.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.clock import Reading
from kiosk.console import pauses, used
from kiosk.console.session import who
from kiosk.errors import InvalidInput
from kiosk.host import link, timekeeping
from kiosk.store import audit, settings, standing
from kiosk.store.db import transaction
from kiosk.store.settings import Hours, LinkIs, MeteredRule, SyncSettings
from kiosk.web import current, i18n
from kiosk.web.db import conn

MB, KB = 1_000_000, 1_000
FIELDS = {
    "day_bytes": ("day", MB), "month_bytes": ("month", MB), "rate_bytes": ("rate", KB),
    "metered_bytes": ("metered_most", MB), "every_hours": ("every", 1),
}  # fmt: skip
"""Settings that are numbers: the field of each, and its unit."""
DAYS = 30

pages = Blueprint("budget", __name__, url_prefix="/budget")


@pages.get("")
def show() -> str:
    """Show what was used, and the form."""
    return _page(_typed(settings.sync(conn())), {})


@pages.post("")
def save() -> Response | tuple[str, int]:
    """Keep the budget."""
    form = request.form
    typed = {name: form.get(name, "").strip() for name, _ in FIELDS.values()}
    typed |= {name: form.get(name, "") for name in ("from", "to", "link", "metered")}
    typed |= {"hours": form.get("hours", ""), "agreed_only": form.get("agreed_only", "")}
    try:
        wanted = _wanted(typed)
        with transaction(conn()):
            settings.save_sync(conn(), replace(settings.sync(conn()), **wanted))
            told = ", ".join(f"{name} {typed[name]}" for name in ("day", "month", "rate") if typed[name])
            audit.record(conn(), who(), "budget.changed", told, current.now())
    except InvalidInput as error:
        field = FIELDS[error.field][0] if error.field in FIELDS else error.field
        return _page(typed, {field: i18n.message(error)}), 422
    flash(gettext("The budget is kept."), "done")
    return redirect(url_for("budget.show"), 303)


def _wanted(typed: dict[str, str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {name: _number(name, typed[field], unit) for name, (field, unit) in FIELDS.items()}
    for name in ("metered_bytes", "every_hours"):
        if wanted[name] is None:
            raise InvalidInput("Please write digits only.", name)
    if typed["link"] not in set(LinkIs) or typed["metered"] not in set(MeteredRule):
        raise InvalidInput("Please choose one of these.", "link" if typed["link"] not in set(LinkIs) else "metered")
    wanted |= {"link": LinkIs(typed["link"]), "metered_rule": MeteredRule(typed["metered"])}
    return wanted | {"hours": _hours(typed), "agreed_only": bool(typed["agreed_only"])}


def _number(name: str, text: str, unit: int) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise InvalidInput("Please write digits only.", name)
    return int(text) * unit


def _hours(typed: dict[str, str]) -> Hours | None:
    if typed["hours"] != "some":
        return None
    start, end = (typed[name] if re.fullmatch(r"\d{1,2}", typed[name], re.ASCII) else "99" for name in ("from", "to"))
    return Hours(int(start), int(end))


def _typed(now: SyncSettings) -> dict[str, str]:
    found = {}
    for name, (field, unit) in FIELDS.items():
        value = getattr(now, name)
        found[field] = "" if value is None else str(value // unit)
    hours = now.hours or Hours(22, 6)
    return found | {
        "hours": "some" if now.hours else "", "from": str(hours.start), "to": str(hours.end), "link": str(now.link),
        "metered": str(now.metered_rule), "agreed_only": "yes" if now.agreed_only else "",
    }  # fmt: skip


def _page(typed: dict[str, str], problems: dict[str, str]) -> str:
    reading, metered = Reading(current.now(), timekeeping.vouched(), timekeeping.built()), link.is_metered()
    found = standing.read(conn(), current.state(), reading, current.config().time_zone, metered)
    return render_template(
        "budget.html",
        typed=typed,
        problems=problems,
        found=found,
        machine=metered,
        internet=pauses.sentence(found.internet.to_value()) if found.internet else "",
        picture=used.picture(conn(), found.used.day, DAYS, found.settings.day_bytes),
    )
