"""The start page: may it be unplugged, a row of lights, what is installed, and the last syncs.

True always: what can not be known is said so.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, render_template
from flask_babel import gettext, ngettext

from kiosk.clock import Reading
from kiosk.console import database, lights, syncs, unplug
from kiosk.console.lights import Light, named
from kiosk.console.syncs import Sync
from kiosk.host import health, link, processes, timekeeping
from kiosk.host.health import Health
from kiosk.store import book_index, books, events, generations, moderation, queue, unreadable
from kiosk.store import clock as clocks
from kiosk.web import current, i18n
from kiosk.web.db import conn

HISTORY = 10
MOST_COUNTED = 1000
BACKUP_AGE = timedelta(days=8)

pages = Blueprint("status", __name__)


@pages.get("/")
def show() -> str:
    """Show the start page."""
    machine = health.read()
    history = syncs.history(conn(), HISTORY)
    return render_template(
        "status.html",
        going_on=unplug.going_on(conn(), machine),
        lights=[
            _content(),
            _sync(history),
            _disk(),
            _card(),
            *_machine(machine),
            _board(),
            database.light(),
            _backup(),
        ],
        history=history[1:],
        generation=generations.get(conn(), current.generation()),
        source=current.config().sync,
    )


def _content() -> Light:
    title, label = gettext("Content"), gettext("See content")
    number = current.generation()
    fresh = clocks.freshness(conn(), _reading())
    if not number:
        light = lights.wait(gettext("Nothing is installed yet."))
    else:
        sentence = gettext("Generation %(number)s is served.", number=i18n.number(number))
        if fresh and (since := fresh.stale_since):
            more = gettext("The federation has announced nothing since %(day)s.", day=i18n.day(since.date()))
            light = lights.wait(f"{sentence} {more}")
        else:
            light = lights.searched(sentence, *_unsearched(number))
    return named(light, "content", title, "content.show", label)


def _unsearched(number: int) -> tuple[list[str], list[str]]:
    # Titles of the books that are broken, and of those that have no index yet for another reason.
    state = current.state()
    without = [b for b in books.all_of(conn(), number) if not book_index.path_of(state, b.sha256).exists()]
    broken = [book for book in without if book_index.is_refused(state, book.sha256)]
    return [book.item.title for book in broken], [book.item.title for book in without if book not in broken]


def _sync(history: list[Sync]) -> Light:
    title, label = gettext("Last sync"), gettext("See syncs")
    if not history:
        return named(lights.wait(gettext("There was none yet.")), "sync", title, "content.show", label)
    last, following = history[0], syncs.next_try(conn())
    more = f"{i18n.moment(last.at)}. {last.light.sentence} {following}".strip()
    return named(replace(last.light, sentence=more), "sync", title, "content.show", label)


def _disk() -> Light:
    usage = shutil.disk_usage(current.state().folder)
    light = lights.disk(usage.free, usage.total)
    return named(light, "disk", gettext("Room on the card"), "content.show", gettext("Make room"))


def _card() -> Light:
    state = current.state()
    light = lights.card(health.card(state.folder), len(unreadable.files(state)))
    return named(light, "card", gettext("Card"), "backup.show", gettext("Make a backup"))


def _machine(machine: Health) -> list[Light]:
    reading = _reading()
    clock = lights.clock(clocks.now(conn(), reading), vouched=reading.vouched)
    restart, end = ("machine.show", gettext("Restart")), ("machine.show", gettext("Shut down"))
    metered = link.is_metered() if machine.uplink and machine.uplink.kind else None
    return [
        named(lights.link(machine.uplink, metered=metered), "link", gettext("Internet"), "budget.show",
              gettext("Data budget")),
        named(lights.wifi(machine), "wifi", gettext("Wi-Fi"), "wifi.show", gettext("Change the Wi-Fi")),
        named(clock, "clock", gettext("Clock"), "clock.show", gettext("Set the clock")),
        named(lights.services(_answers()), "services", gettext("Sites"), *restart),
        named(lights.power(machine), "power", gettext("Power"), *end),
        named(lights.heat(machine), "heat", gettext("Heat"), *end),
        named(lights.memory(machine), "memory", gettext("Memory"), *restart),
    ]  # fmt: skip


def _reading() -> Reading:
    return Reading(current.now(), timekeeping.vouched(), timekeeping.built())


def _answers() -> dict[str, bool]:
    sites = {gettext("Portal"): current.config().portal, gettext("Library"): current.config().library}
    return {name: processes.site_answers(site) for name, site in sites.items()}


def _board() -> Light:
    waiting = len(moderation.reports(conn(), MOST_COUNTED)) + len(queue.waiting(conn(), MOST_COUNTED))
    if waiting:
        told = ngettext("%(num)s message waits for your look.", "%(num)s messages wait for your look.", waiting)
        light = lights.wait(told)
    else:
        light = lights.good(gettext("No message waits for your look."))
    return named(light, "board", gettext("Board"), "board.show", gettext("Look at them"))


def _backup() -> Light:
    done = events.last(conn(), "backup.finished")
    if not done:
        light = lights.wait(gettext("There was none yet."))
    else:
        light = lights.good(i18n.moment(done[0].at))
        if abs(current.now() - done[0].at) > BACKUP_AGE:
            light = lights.wait(i18n.moment(done[0].at), gettext("Make a new one."))
    return named(light, "backup", gettext("Last backup"), "backup.show", gettext("Make a backup"))
