"""Content: what is installed and what the channels offer, what it costs, and the choice of it.

True always: nothing is begun here but what an operator saw with its cost; a page only reads the store.
"""

from __future__ import annotations

import re
from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.console import acts, jobs, packs, pauses, syncs
from kiosk.console.packs import Fate, Line
from kiosk.console.session import who
from kiosk.errors import InvalidInput
from kiosk.store import audit, generations, holds, settings
from kiosk.store.db import transaction
from kiosk.store.settings import SyncSettings
from kiosk.web import current, i18n
from kiosk.web.db import conn

HISTORY = 10

pages = Blueprint("content", __name__, url_prefix="/content")


@pages.get("")
def show() -> str:
    """Show all packs, and what the next sync would bring and cost."""
    return _page()


@pages.post("/choice")
def choose() -> Response | tuple[str, int]:
    """Keep which packs are wanted, and their order of importance."""
    known = {each.pack for each in packs.read().lines}
    try:
        with transaction(conn()):
            wanted = _chosen(settings.sync(conn()), known)
            settings.save_sync(conn(), wanted)
            names = "" if wanted.packs is None else ", ".join(wanted.packs)
            audit.record(conn(), who(), "content.chosen", names, current.now())
    except InvalidInput as error:
        return _page(i18n.message(error), frozenset(request.form.getlist("pack"))), 422
    flash(gettext("Your choice is kept. Nothing is fetched before a sync."), "done")
    return redirect(url_for("content.show"), 303)


@pages.post("/look")
def look() -> Response:
    """Have the channels asked what they offer."""
    return _begin("look", "content.looked")


@pages.post("/sync")
def sync() -> Response:
    """Begin the sync whose cost was shown, unless it would be another by now."""
    found = packs.read()
    if request.form.get("seen", "") != found.seen:
        flash(gettext("The cost has changed. Please look again and agree then."), "problem")
        return redirect(url_for("content.show"), 303)
    names = ", ".join(each.pack for each in found.brings)
    return _begin("sync", "sync.agreed", f"{names}: {i18n.size(found.to_fetch_bytes)}")


@pages.post("/held/<pack>")
def let_go(pack: str) -> Response:
    """Let the next sync take again what was gone back from."""
    with transaction(conn()):
        if pack in holds.all_of(conn()):
            holds.lift(conn(), [pack])
            audit.record(conn(), who(), "content.let_go", pack, current.now())
    return redirect(url_for("content.show"), 303)


def _begin(what: str, kind: str, detail: str = "") -> Response:
    if jobs.runs():
        flash(gettext("A sync is running."), "problem")
    else:
        jobs.begin(what, lambda: acts.machine().start(what), kind, detail)
    return redirect(url_for("running.show"), 303)


def _chosen(now: SyncSettings, known: set[str]) -> SyncSettings:
    form = request.form
    ticked = [pack for pack in dict.fromkeys(form.getlist("pack")) if pack in known]
    if form.get("which") == "all" and now.packs is None and len(ticked) < len(known):
        raise InvalidInput("Not all packs are ticked. Press again to have only those that are.", "pack")
    if form.get("which") != "all" and not ticked:  # the next sync would take away all there is
        raise InvalidInput("Please tick at least one.", "pack")
    wanted = None if form.get("which") == "all" else tuple(ticked)
    places = [(_place(f"place-{pack}"), pack) for pack in sorted(known)]
    order = tuple(pack for place, pack in sorted(places) if place)
    return replace(now, packs=wanted, order=order)


def _place(field: str) -> int:
    text = request.form.get(field, "").strip()
    if not text:
        return 0
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII):
        raise InvalidInput("Please write digits only.", "order")
    return int(text)


def _page(problem: str = "", ticked: frozenset[str] | None = None) -> str:
    found = packs.read()
    chosen = frozenset(each.pack for each in found.lines if each.chosen) if ticked is None else ticked
    return render_template(
        "content.html",
        found=found,
        generation=generations.get(conn(), current.generation()),
        fates={each.pack: fate_word(each) for each in found.lines},
        places={pack: place for place, pack in enumerate(found.standing.settings.order, 1)},
        job=jobs.last(),
        internet=pauses.sentence(found.standing.internet.to_value()) if found.standing.internet else "",
        history=syncs.history(conn(), HISTORY),
        waits=[each for each in found.lines if each.chosen and each.fate in (Fate.HELD, Fate.WAITS)],
        only_some=found.standing.settings.packs is not None or (bool(problem) and len(chosen) < len(found.lines)),
        ticked=chosen,
        problem=problem,
    )


def fate_word(line: Line) -> str:
    """Return what the next sync does with a pack, in words."""
    words = {
        Fate.NEW: gettext("new"),
        Fate.NEWER: gettext("a newer version"),
        Fate.GOES: gettext("goes away"),
        Fate.STAYS: gettext("stays as it is"),
        Fate.OFFERED: gettext("on offer"),
        Fate.HELD: gettext("stays as it is: the version on offer was gone back from"),
        Fate.WAITS: gettext("waits for a link that is not metered"),
    }
    return str(words[line.fate])
