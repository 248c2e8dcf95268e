"""The clock, set by the operator's own phone after the difference was shown.

True always: what is set is the difference that was shown, added to the clock as it is when the operator agrees, however
long that took; once set, the operator vouches for the clock, and what was known of the time before is forgotten.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import format_timedelta, gettext
from werkzeug.wrappers import Response

from kiosk.clock import WRITTEN, set_by_operator
from kiosk.console import acts, machine
from kiosk.errors import InvalidInput
from kiosk.host import timekeeping
from kiosk.host.orders import LAST_MOMENT
from kiosk.store import clock as clocks
from kiosk.store.db import to_text, transaction
from kiosk.web import current, i18n
from kiosk.web.db import conn

SAME = timedelta(seconds=5)

pages = Blueprint("clock", __name__)


@pages.get("/clock")
def show() -> str:
    """Show the kiosk's time, and ask for the phone's."""
    return _page()


@pages.post("/clock/compare")
def compare() -> str | tuple[str, int]:
    """Show the difference."""
    try:
        ahead = _told(request.form.get("instant", ""), request.form.get("typed", "")) - current.now()
        _check(ahead)
    except InvalidInput as error:
        return _page(problem=i18n.message(error)), 422
    return _page(ahead=ahead)


@pages.post("/clock")
def choose() -> Response | tuple[str, int]:
    """Set the clock by the difference that was shown."""
    try:
        ahead = timedelta(seconds=int(request.form.get("ahead", "")))
        _check(ahead)
    except (ValueError, OverflowError, InvalidInput):
        return _page(problem=gettext("This can not be the time now.")), 422
    before = current.now()
    moment = before + ahead
    if acts.done(lambda: acts.machine().set_time(moment)):
        with transaction(conn()):
            clocks.remember(conn(), set_by_operator(moment))
        machine.record("clock.set", f"{_plain(before)} → {_plain(moment)}")
        session["seen"] = to_text(moment)  # or the jump would end the session
        flash(gettext("The clock is set, until the next start without a time server."), "done")
    return redirect(url_for("clock.show"), 303)


def _told(instant: str, typed: str) -> datetime:
    # A script sends the phone's own moment; without one somebody types what the phone shows.
    try:
        if instant:
            return datetime.fromtimestamp(int(instant) / 1000, UTC).replace(microsecond=0)
        return datetime.fromisoformat(typed).replace(tzinfo=current.config().time_zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInput("This can not be the time now.", "typed") from error


def _plain(moment: datetime) -> str:
    return f"{moment.astimezone(current.config().time_zone):%Y-%m-%d %H:%M}"


def _check(ahead: timedelta) -> None:
    try:
        good = WRITTEN <= current.now() + ahead < LAST_MOMENT
    except OverflowError:
        good = False
    if not good:
        raise InvalidInput("This can not be the time now.", "typed")


def _page(problem: str = "", ahead: timedelta | None = None) -> str:
    now = current.now()
    return render_template(
        "clock.html",
        now=now,
        ahead=ahead,
        seconds=round(ahead.total_seconds()) if ahead is not None else 0,
        difference=_difference(ahead) if ahead is not None else "",
        served=timekeeping.synchronised(),
        problem=problem,
    )


def _difference(ahead: timedelta) -> str:
    if abs(ahead) < SAME:
        return str(gettext("The two agree."))
    words = format_timedelta(abs(ahead), threshold=2)
    if ahead > timedelta():
        return str(gettext("The kiosk is %(time)s behind your phone.", time=words))
    return str(gettext("The kiosk is %(time)s ahead of your phone.", time=words))
