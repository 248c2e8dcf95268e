"""How far a sync is, and how it ended; pausing syncs and going on.

True always: the page answers at once from the store and asks the browser to load it again while there is more to tell;
what the browser does by itself keeps no session open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kiosk.console import brought, jobs, packs, pauses, syncs
from kiosk.console.jobs import Job
from kiosk.console.session import AGAIN, who
from kiosk.store import audit, settings
from kiosk.store.db import transaction
from kiosk.store.settings import Pause
from kiosk.store.transfers import Step
from kiosk.web import current, i18n
from kiosk.web.db import conn

EVERY_SECONDS = 4
PAUSES = (6, 24, 72)
"""Hours that may be chosen; else until somebody goes on."""

pages = Blueprint("running", __name__, url_prefix="/content/progress")


@dataclass(frozen=True)
class Words:
    """What is being done, what it is at, and how it ended ("" while it has not)."""

    title: str
    step: str
    end: str


@pages.get("")
def show() -> Response:
    """Show how far it is."""
    job = jobs.last()
    end = job.end if job.end and job.end.kind.startswith("sync.") else None
    light = syncs.light(end, books=brought.points(conn(), end)) if end else None
    answer = make_response(
        render_template("running.html", job=job, light=light, words=_words(job), changes=_changes(job))
    )
    if job.goes_on:
        # As a header and not in the page: the same to every browser, and the page itself stays plain.
        answer.headers["Refresh"] = f"{EVERY_SECONDS}; url={url_for('running.show')}?{AGAIN}=1"
    return answer


@pages.post("/pause")
def pause() -> AnyResponse:
    """Fetch nothing for some hours, or until somebody goes on; a sync that runs stops within seconds."""
    hours = request.form.get("hours", "")
    now = current.now()
    until = now + timedelta(hours=int(hours)) if hours in map(str, PAUSES) else None
    with transaction(conn()):
        settings.save_sync(conn(), replace(settings.sync(conn()), pause=Pause(now, until)))
        audit.record(conn(), who(), "sync.paused", hours if until else "", now)
    return redirect(url_for("content.show"), 303)


@pages.post("/go-on")
def go_on() -> AnyResponse:
    """End the pause."""
    with transaction(conn()):
        settings.save_sync(conn(), replace(settings.sync(conn()), pause=None))
        audit.record(conn(), who(), "sync.resumed", "", current.now())
    return redirect(url_for("content.show"), 303)


def _words(job: Job) -> Words:
    titles = {
        "sync": gettext("Sync"),
        "look": gettext("What the channels offer"),
        "rollback": gettext("Go back"),
        "import": gettext("USB stick"),
        "export": gettext("USB stick"),
    }
    name = job.transfer.pack if job.transfer else ""
    pack = packs.titles().get(name) or packs.words(name)
    steps = {
        Step.LOOK: gettext("Asking the channels what they offer."),
        Step.FETCH: gettext("Fetching and verifying: %(pack)s.", pack=pack),
        Step.INSTALL: gettext("Installing, and making it searchable."),
    }
    step = steps[job.transfer.step] if job.transfer else gettext("It is going on.")
    return Words(str(titles.get(job.what, titles["sync"])), str(step), _end(job))


def _end(job: Job) -> str:
    if job.end is None:
        return ""
    detail: dict[str, Any] = job.end.detail
    if job.served:
        number = i18n.number(int(detail["generation"]))
        return str(gettext("Finished: verified and visible. Generation %(number)s is served.", number=number))
    ends = {
        "look.finished": gettext("The channels were asked. See what they offer."),
        "export.finished": gettext("The stick is filled. It may be pulled out."),
    }
    if job.end.kind == "look.paused":
        return pauses.sentence(detail)
    if job.end.kind.endswith(".failed") and not job.end.kind.startswith("sync."):
        return f"{detail.get('message', '')} {detail.get('hint', '')}".strip()
    return str(ends.get(job.end.kind, ""))


def _changes(job: Job) -> list[str]:
    titles, told = packs.titles(), []
    for pack, before, after in job.end.detail.get("changes", []) if job.end else ():
        if not after:
            what = gettext("goes away")
        elif before:
            what = gettext("version %(before)s becomes %(after)s", before=before, after=after)
        else:
            what = gettext("version %(version)s", version=after)
        told.append(f"{titles.get(pack) or packs.words(pack)}: {what}")
    return told
