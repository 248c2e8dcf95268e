"""What the console asks of the machine: the way from a request to it, and how a "no" is told.

True always: a machine that does not do it ends no page; the operator reads why.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app, flash
from flask_babel import gettext

from kiosk.errors import HostError
from kiosk.host.machine import Machine


def install(app: Flask, machine: Machine) -> None:
    """Tie a machine to the console."""
    app.extensions["kiosk-machine"] = machine


def machine() -> Machine:
    """Return the machine."""
    found: Machine = current_app.extensions["kiosk-machine"]
    return found


def done(act: Callable[[], None]) -> bool:
    """Do `act`, such as `machine().restart`, and tell whether it was; if not, the next page says why."""
    try:
        act()
    except HostError as error:
        flash(gettext("The machine did not do it: %(reason)s.", reason=error.message.rstrip(". ")), "problem")
        return False
    return True
