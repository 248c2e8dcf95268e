"""The lights of the start page: each a colour, a word, one sentence and one thing to do.

True always: a light is green only for what is known to be in order; what can not be known on this machine is said so
and is no alarm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import current_app, url_for
from flask_babel import format_decimal, gettext, ngettext

from kiosk.clock import Now
from kiosk.console import session
from kiosk.host.health import Card, Health, Uplink
from kiosk.web import i18n

WARM, HOT = 70, 80
"""Degrees: from the second on a Pi makes itself slower."""
LOW_BYTES = 500_000_000
LOW_MEMORY = 0.08
MOST_TITLES = 3


@dataclass(frozen=True)
class Point:
    """One thing of several that a light tells, and what to do about it ("" for nothing)."""

    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class Light:
    """A light: its colour ("good", "wait", "bad" or "unknown"), its word, a sentence, and what to do ("" for nothing).

    `points` are told below the sentence, each by itself. `key` names the row, `title` says what it is about; `page` and
    `label` are the one way on, "" when there is none.
    """

    colour: str
    word: str
    sentence: str
    remedy: str = ""
    key: str = ""
    title: str = ""
    page: str = ""
    label: str = ""
    points: tuple[Point, ...] = ()


def named(light: Light, key: str, title: str, endpoint: str = "", label: str = "") -> Light:
    """Return a light as a row of the start page; a way on is left out where there is no such page for this operator,
    and one to the end of the machine where all is well or nothing is known.
    """
    view = current_app.view_functions.get(endpoint)
    allowed = view is not None and session.may(getattr(view, "needs", "editor"))
    idle = light.colour in ("good", "unknown") and endpoint == "machine.show"
    page = url_for(endpoint) if allowed and not idle else ""
    return replace(light, key=key, title=title, page=page, label=label if page else "")


def good(sentence: str) -> Light:
    """Return a green light."""
    return Light("good", gettext("In order"), sentence)


def wait(sentence: str, remedy: str = "") -> Light:
    """Return an amber light."""
    return Light("wait", gettext("Please look"), sentence, remedy)


def bad(sentence: str, remedy: str) -> Light:
    """Return a red light."""
    return Light("bad", gettext("Not in order"), sentence, remedy)


def unknown() -> Light:
    """Return the light of what this machine does not tell."""
    return Light("unknown", gettext("Not known"), gettext("This machine does not tell."))


def searched(sentence: str, broken: list[str], waiting: list[str]) -> Light:
    """Return that content is served, and which books the search leaves out.

    Args:
        sentence: what is served.
        broken: titles of books that can not be read.
        waiting: titles of books whose words are not listed yet.
    """
    if broken:
        told = gettext("Broken, and not searched: %(titles)s.", titles=_some(broken))
        return wait(f"{sentence} {told}", gettext("Ask its publisher for a new edition."))
    if waiting:
        told = gettext("Not searched yet: %(titles)s.", titles=_some(waiting))
        return wait(f"{sentence} {told}", gettext("Is there room on the card? The next sync goes on with it."))
    return good(sentence)


def _some(titles: list[str]) -> str:
    return ", ".join(titles[:MOST_TITLES]) + (" …" if len(titles) > MOST_TITLES else "")


def disk(free: int, total: int) -> Light:
    """Return how much room the card has."""
    sentence = gettext("%(free)s of %(total)s are free.", free=i18n.size(free), total=i18n.size(total))
    if free < LOW_BYTES:
        return Light("bad", gettext("Nearly full"), sentence, gettext("Make room, or follow a smaller channel."))
    return good(sentence)


def card(found: Card | None, unreadable: int) -> Light:
    """Return whether the card gives back what was written, and takes what is."""
    remedy = gettext("Make a backup, and take a new card soon.")
    if found is None:
        return bad(gettext("The card can not be read."), remedy)
    if found.read_only:
        return bad(gettext("The card can only be read: nothing new is kept."), remedy)
    if unreadable:
        told = ngettext("%(num)s file can not be read any more.", "%(num)s files can not be read any more.", unreadable)
        return bad(told, remedy)
    if found.errors:
        return bad(gettext("The card has given back something other than what was written."), remedy)
    return good(gettext("All that is kept can be read."))


def memory(health: Health) -> Light:
    """Return how much memory is left."""
    free, total = health.free_memory_bytes, health.memory_bytes
    if free is None or not total:
        return unknown()
    sentence = gettext("%(free)s of %(total)s are free.", free=i18n.size(free), total=i18n.size(total))
    return good(sentence) if free > LOW_MEMORY * total else wait(sentence, gettext("Restart it in a quiet hour."))


def heat(health: Health) -> Light:
    """Return how hot the processor is."""
    if health.celsius is None:
        return unknown()
    sentence = gettext("%(degrees)s °C inside.", degrees=format_decimal(round(health.celsius)))
    if health.celsius < WARM:
        return good(sentence)
    remedy = gettext("Give it shade, and air on all sides.")
    return wait(sentence, remedy) if health.celsius < HOT else bad(sentence, remedy)


def power(health: Health) -> Light:
    """Return whether the voltage is high enough."""
    if health.power is None:
        return unknown()
    remedy = gettext("Take the power supply that belongs to it, and a short thick cable.")
    if health.power.weak:
        return bad(gettext("The power is too weak."), remedy)
    if health.power.was_weak:
        return wait(gettext("The power was too weak since the last start."), remedy)
    return good(gettext("The power is strong enough."))


def link(uplink: Uplink | None, *, metered: bool | None) -> Light:
    """Return whether there is a way to the internet. A kiosk without one is in order."""
    if uplink is None:
        return unknown()
    ways = {
        "cable": gettext("There is a link, by cable."),
        "wifi": gettext("There is a link, by Wi-Fi."),
        "usb": gettext("There is a link, by a phone or modem."),
    }
    if uplink.kind not in ways:
        return Light("wait", gettext("Waiting"), gettext("There is no link. All that is here goes on being served."))
    more = gettext("It is metered.") if metered else ""
    return good(f"{ways[uplink.kind]} {more}".strip())


def clock(now: Now, *, vouched: bool) -> Light:
    """Return whether the clock is believed, and why not."""
    moment = gettext("It is %(moment)s.", moment=i18n.moment(now.at))
    if now.trusted:
        return good(moment)
    remedy = gettext("Set the clock by your phone.")
    if vouched:
        return bad(gettext("The clock contradicts what the federation has signed."), remedy)
    doubt = gettext("But nobody vouches for this clock.")
    return wait(f"{moment} {doubt}", remedy)


def wifi(health: Health) -> Light:
    """Return how many phones the hotspot has, and whether it can have as many as it should."""
    if health.radio is False:
        return bad(
            gettext("There is no radio for the Wi-Fi: no phone can join."),
            gettext("Restart it. Is the radio plugged in?"),
        )
    if health.small_firmware is False:
        sentence = gettext(
            "An update changed the radio’s software: it now serves %(seats)s phones.", seats=health.seats
        )
        return bad(sentence, gettext("Restart it. If that does not help, have it set up anew."))
    if health.phones is None or health.seats is None:
        return unknown()
    sentence = gettext("%(taken)s of %(seats)s seats are taken.", taken=health.phones, seats=health.seats)
    return good(sentence) if health.phones < health.seats else wait(sentence)


def services(answers: dict[str, bool]) -> Light:
    """Return whether the sites answer, by their names."""
    silent = [name for name, does in answers.items() if not does]
    if not silent:
        return good(gettext("Portal and library answer."))
    return bad(gettext("Does not answer: %(names)s.", names=", ".join(silent)), gettext("Restart it."))
