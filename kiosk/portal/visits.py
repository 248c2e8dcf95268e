"""Which visit of this phone a request belongs to, and what the phone had seen when it began.

Owns: two cookies, `seen` (how far the kiosk had come when the first page was last shown) and `visit` (how far it had
when this visit began). True always: the kiosk keeps nothing of it; a visit ends when the phone has not opened the first
page for an hour by its own clock, so that of the kiosk may jump; a cookie that is broken, or another kiosk's, is as
none; the numbers are the same for every phone that came at that time.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass

from flask import Response, request

from kiosk.store import arrivals
from kiosk.store.arrivals import Reach
from kiosk.web import current, phone
from kiosk.web.db import conn
from kiosk.web.i18n import YEAR

SEEN, VISIT = "seen", "visit"
FIRST = "first"
VISIT_SECONDS = 3600
NUMBERS = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class Visit:
    """A visit: how far the kiosk had come at the end of the last one (None: this is the first), and how far it has."""

    since: Reach | None
    now: Reach


def begin() -> Visit:
    """Return the visit that this request begins or goes on with."""
    now = arrivals.reach(conn(), current.generation())
    running = _kept(VISIT)
    return Visit(_reach(running or _kept(SEEN)), now)


def remember(response: Response, visit: Visit) -> None:
    """Have the phone keep where it is: how far it has seen for a year, where the visit began for an hour."""
    began = _text(visit.since) if visit.since else FIRST
    for name, value, seconds in ((SEEN, _text(visit.now), YEAR), (VISIT, began, VISIT_SECONDS)):
        response.set_cookie(name, f"{_kiosk()}.{value}", max_age=seconds, httponly=True, samesite="Lax", path="/")


def _kept(name: str) -> str:
    kiosk, _, value = request.cookies.get(name, "").partition(".")
    return value if kiosk == _kiosk() and (value == FIRST or NUMBERS.fullmatch(value)) else ""


def _reach(value: str) -> Reach | None:
    match = NUMBERS.fullmatch(value)
    return Reach(*map(int, match.groups())) if match else None


def _text(reach: Reach) -> str:
    return ".".join(map(str, astuple(reach)))


def _kiosk() -> str:
    # Kiosks may share a host name, and a phone goes from one to the other.
    return phone.hashed("visits")[:8]
