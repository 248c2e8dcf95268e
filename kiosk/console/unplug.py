"""May I unplug now? What is going on that a power cut would interrupt.

True always: nothing that was acknowledged is lost by a power cut; what is named here would have to begin again, or
would leave a stick or a backup that is of no use.
"""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext

from kiosk.host import health
from kiosk.host.health import Health
from kiosk.host.wifi import UNDONE_AFTER
from kiosk.store import events, uploads
from kiosk.store.db import Connection
from kiosk.web import current

LONGEST = timedelta(hours=2)
"""What began longer ago and has not ended was cut."""


def going_on(conn: Connection, machine: Health) -> list[str]:
    """Return what is going on, a sentence each; nothing: it may be unplugged."""
    found = []
    if machine.sticks:
        found.append(gettext("A stick is being read or written."))
    elif health.is_locked(current.state().lock):
        found.append(gettext("A sync is running."))
    if uploads.is_going_on(conn, current.now()):
        found.append(gettext("A file is being uploaded."))
    if _runs(conn, "backup."):
        found.append(gettext("A backup is being made."))
    if _runs(conn, "restore."):
        found.append(gettext("A backup is being restored."))
    if _runs(conn, "wifi.", UNDONE_AFTER):
        found.append(gettext("A change of the Wi-Fi waits to be confirmed."))
    return found


def _runs(conn: Connection, prefix: str, longest: timedelta = LONGEST) -> bool:
    last = events.last(conn, prefix)
    return bool(last) and last[0].kind.endswith(".started") and abs(current.now() - last[0].at) < longest
