"""The start page: what is installed, and how the last sync ended.

True always: the light is green only when the last sync ended well; what can not be known is said so.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext, ngettext

from kiosk.console import pauses
from kiosk.store import events, generations
from kiosk.store.events import Event
from kiosk.web import current, i18n
from kiosk.web.db import conn

HISTORY = 10
LOW_BYTES = 500_000_000
LONGEST_SYNC = timedelta(hours=24)
"""A sync that began longer ago and has not ended was cut: power goes without a word."""

pages = Blueprint("status", __name__)


@dataclass(frozen=True)
class Light:
    """A light: its colour ("good", "wait" or "bad"), its word, a sentence, and what to do ("" for nothing)."""

    colour: str
    word: str
    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class Sync:
    """A sync of the history: when it ended (or began, if it has not), and its light."""

    at: datetime
    light: Light


@pages.get("/")
def show() -> str:
    """Show the start page."""
    history = [Sync(event.at, _light(event)) for event in _ends(events.last(conn(), "sync.", 3 * HISTORY))]
    return render_template(
        "status.html",
        sync=history[0] if history else None,
        history=history[1:HISTORY],
        disk=_disk(),
        generation=generations.get(conn(), current.generation()),
        source=current.config().sync,
    )


def _ends(found: list[Event]) -> list[Event]:
    # One event a sync: its end, or its beginning when nothing came after it.
    return [event for n, event in enumerate(found) if n == 0 or event.kind != "sync.started" or _was_cut(found[n - 1])]


def _was_cut(following: Event) -> bool:
    return following.kind == "sync.started"


def _light(event: Event) -> Light:
    detail = event.detail
    if event.kind == "sync.failed":
        remedy = str(detail.get("hint", ""))
        return Light("bad", gettext("Failed"), str(detail.get("message", "")), remedy)
    if event.kind == "sync.finished":
        return Light("good", gettext("In order"), _changes(detail))
    if event.kind == "sync.paused":
        return Light("wait", gettext("Waiting"), pauses.sentence(detail))
    if event.kind == "sync.rolled_back":
        sentence = gettext("Generation %(number)s is served again.", number=i18n.number(detail["generation"]))
        return Light("good", gettext("Went back"), sentence)
    if abs(current.now() - event.at) > LONGEST_SYNC:
        return Light("bad", gettext("Cut"), gettext("It began and did not end. The next one goes on from there."))
    return Light("wait", gettext("Running"), gettext("It has begun and not ended yet."))


def _changes(detail: dict[str, Any]) -> str:
    changes = detail.get("changes", [])
    if not changes:
        return str(gettext("There was nothing new."))
    count = ngettext("%(num)s pack changed", "%(num)s packs changed", len(changes))
    size = i18n.size(detail.get("fetched_bytes", 0))
    return str(gettext("%(count)s; %(size)s were fetched and verified.", count=count, size=size))


def _disk() -> Light:
    usage = shutil.disk_usage(current.state().folder)
    sentence = gettext("%(free)s of %(total)s are free.", free=i18n.size(usage.free), total=i18n.size(usage.total))
    if usage.free < LOW_BYTES:
        return Light("bad", gettext("Nearly full"), sentence, gettext("Make room, or follow a smaller channel."))
    return Light("good", gettext("In order"), sentence)
