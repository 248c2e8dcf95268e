"""The hotspot's name, password and channel, changed for two minutes unless the change is confirmed.

True always: the password goes to the root helper and is kept nowhere else; who is joined by another way than the
hotspot can not confirm a change, since that would say nothing of whether phones still find it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.console import acts, machine
from kiosk.console.session import needs
from kiosk.errors import HostError
from kiosk.host import health, orders
from kiosk.host.orders import Refused
from kiosk.host.wifi import UNDONE_AFTER, Network
from kiosk.store import events
from kiosk.store.db import transaction
from kiosk.web import current
from kiosk.web.db import conn

USUAL_CHANNEL = "6"

pages = Blueprint("wifi", __name__)


@dataclass(frozen=True)
class Typed:
    """What was typed into the form."""

    name: str = ""
    channel: str = USUAL_CHANNEL
    open: bool = False


@pages.get("/wifi")
@needs("manager")
def show() -> str:
    """Show the form, or what is on trial."""
    try:
        now = acts.machine().wifi()
    except HostError:  # the page is for what may be wrong there
        return _page(Typed())
    channel = str(now.channel) if now.channel in orders.CHANNELS else USUAL_CHANNEL
    return _page(Typed(now.name, channel, now.is_open))


@pages.post("/wifi")
@needs("manager")
def change() -> Response | tuple[str, int]:
    """Take a change on trial."""
    typed = Typed(request.form.get("name", "").strip(), request.form.get("channel", ""), "open" in request.form)
    password = request.form.get("password", "")
    problems = _problems(typed, password)
    if problems:
        return _page(typed, problems), 422
    network = Network(typed.name, password, int(typed.channel))
    if acts.done(lambda: acts.machine().set_wifi(network)):
        _note("wifi.started", network.name)
        machine.record("wifi.changed", network.name)
    return redirect(url_for("wifi.show"), 303)


@pages.post("/wifi/confirm")
@needs("manager")
def confirm() -> Response:
    """Keep the change."""
    begun = events.last(conn(), "wifi.")
    if health.is_on_hotspot(request.remote_addr or "") is False:
        flash(gettext("Press it on a phone that has joined the new Wi-Fi."), "problem")
    elif begun and acts.done(acts.machine().confirm_wifi):
        name = str(begun[0].detail.get("name", ""))
        _note("wifi.finished", name)
        machine.record("wifi.kept", name)
        flash(gettext("The new Wi-Fi stays."), "done")
    return redirect(url_for("wifi.show"), 303)


def _note(kind: str, name: str) -> None:
    # What is on trial is read from these.
    with transaction(conn()):
        events.record(conn(), kind, current.now(), name=name)


def _problems(typed: Typed, password: str) -> dict[str, str]:
    problems: dict[str, str] = {}
    try:
        orders.wifi_name(typed.name)
    except Refused:
        problems["name"] = gettext("Take 1 to 32 letters.")
    try:
        orders.wifi_channel(int(typed.channel))
    except ValueError:  # Refused is one
        problems["channel"] = gettext("Take a number from 1 to 13.")
    try:
        orders.wifi_password(password)
    except Refused:
        problems["password"] = _about_passwords()
    if not (password or typed.open):
        problems["password"] = _about_passwords()
    elif password and typed.open:
        problems["password"] = gettext("Either the Wi-Fi is open to all, or it has a password.")
    return problems


def _about_passwords() -> str:
    return str(gettext("8 to 63 letters without accents, digits and signs."))


def _page(typed: Typed, problems: dict[str, str] | None = None) -> str:
    ends, went_back = _trial(current.now())
    return render_template(
        "wifi.html",
        typed=typed,
        problems=problems or {},
        ends=ends,
        went_back=went_back,
        about_passwords=_about_passwords(),
    )


def _trial(now: datetime) -> tuple[datetime | None, bool]:
    """Return when the change on trial is undone, None if there is none, and whether the last one was undone."""
    last = events.last(conn(), "wifi.")
    if not last or last[0].kind != "wifi.started":
        return None, False
    ends = last[0].at + UNDONE_AFTER
    return (ends, False) if last[0].at <= now < ends else (None, True)
