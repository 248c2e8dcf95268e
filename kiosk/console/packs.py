"""What the next sync would bring: every pack, installed or on offer, and what all of them cost together.

True always: reckoned by the same rules as the sync, from what was on offer at the last look; it changes nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext

from kiosk.clock import Reading
from kiosk.host import link, timekeeping
from kiosk.store import events, generations, manners, offers, standing
from kiosk.store.db import Connection
from kiosk.store.generations import InstalledPack
from kiosk.store.manners import Estimate, Room
from kiosk.store.offers import Offered
from kiosk.store.reasons import Refusal
from kiosk.store.standing import Status
from kiosk.web import current, i18n
from kiosk.web.db import conn

KINDS = {
    "book": lazy_gettext("Library"),
    "course": lazy_gettext("Courses"),
    "document": lazy_gettext("Papers"),
    "notice": lazy_gettext("Notices"),
}
"""What kinds of items are called, as the portal calls its parts."""


class Fate(StrEnum):
    """What the next sync does with a pack."""

    NEW = "new"
    NEWER = "newer"
    GOES = "goes"
    STAYS = "stays"
    OFFERED = "offered"  # nobody chose it
    HELD = "held"  # what is offered was gone back from
    WAITS = "waits"  # for a better link


@dataclass(frozen=True)
class Line:
    """A pack.

    Args:
        title: in the reader's language where it is or was installed, else its name.
        before, after, offered: the version that is installed, the one that would be, and the one on offer; 0: none.
        kinds: what a pack on offer holds, in words.
        chosen: whether the operator wants it.
        download_bytes, cost: what the change takes; for one that was not chosen, what choosing it would take.
        room_bytes: what it takes on the card.
        written_bytes: how much of that is written beside what comes.
        waits: why it does not come over this link.
    """

    pack: str
    title: str
    fate: Fate
    before: int
    after: int
    offered: int
    chosen: bool
    kinds: str
    installed_bytes: int
    download_bytes: int
    room_bytes: int
    written_bytes: int
    cost: Estimate
    waits: Refusal | None = None


@dataclass(frozen=True)
class Packs:
    """All packs, the most important first, and the next sync.

    Args:
        lines: the packs.
        brings: those that the next sync changes.
        to_fetch_bytes, here_bytes: what it must fetch, and how much of that was fetched before a cut.
        room: what it needs on the card.
        cost: its time.
        speed_bytes, measured: bytes per second, and whether they were measured.
        looked_at: when the channels were last asked; None: never.
        standing: how things stand besides.
    """

    lines: tuple[Line, ...]
    brings: tuple[Line, ...]
    to_fetch_bytes: int
    here_bytes: int
    room: Room
    cost: Estimate
    speed_bytes: int
    measured: bool
    looked_at: datetime | None
    standing: Status

    @property
    def seen(self) -> str:
        """Return what an operator agrees to: the changes, each with its version and bytes."""
        return " ".join(f"{each.pack}:{each.after}:{each.download_bytes}" for each in self.brings)


def read() -> Packs:
    """Return how it is now."""
    db, state = conn(), current.state()
    reading = Reading(current.now(), timekeeping.vouched(), timekeeping.built())
    metered = link.is_metered()
    found = standing.read(db, state, reading, current.config().time_zone, metered)
    speed = found.speed_bytes or manners.GUESSED_SPEED
    lines = _lines(db, found, speed, metered)
    brings = tuple(each for each in lines if each.fate in (Fate.NEW, Fate.NEWER, Fate.GOES))
    fetched = [each for each in brings if each.after]
    download = sum(each.download_bytes for each in fetched)
    # What was put aside is for packs that wait, and comes back when none does.
    here = min(download, state.parts_bytes(aside=not any(each.waits for each in lines)))
    room = Room(
        old_bytes=found.generation.installed_bytes if found.generation else 0,
        new_bytes=sum(each.written_bytes for each in fetched),
        parts_bytes=download - here,
        spare_bytes=current.config().sync.spare_bytes,
        free_bytes=shutil.disk_usage(state.folder).free,
    )
    cost = manners.estimate(found.settings, found.used, download - here, speed)
    return Packs(
        lines, brings, download - here, here, room, cost, speed, found.speed_bytes is not None, _looked_at(db), found
    )


def title_of(pack: InstalledPack) -> str:
    """Return a pack's title in the reader's language."""
    return pack.titles.get(i18n.chosen()) or pack.titles.get("en") or pack.pack


def titles() -> dict[str, str]:
    """Return the titles of all packs of the generations on the card, also of those that went away."""
    found = (generations.get(conn(), number) for number in reversed(generations.numbers(conn())))
    return {pack.pack: title_of(pack) for each in found if each for pack in each.packs}


def words(pack: str) -> str:
    """Return a pack's name as words, for one whose title is not here yet."""
    return pack.replace("-", " ").capitalize()


def _lines(db: Connection, found: Status, speed: int, metered: bool | None) -> tuple[Line, ...]:
    installed = {pack.pack: pack for pack in found.generation.packs} if found.generation else {}
    before = {pack: each.version for pack, each in installed.items()}
    offered = offers.all_of(db)
    versions = {pack: each.version for pack, each in offered.items()}
    held = found.holds
    # Before anybody looked, nothing is known to be withdrawn.
    after = manners.wanted(versions, before, found.settings.packs, held) if offered else before
    by = manners.link_of(free=False, says=found.settings.link, machine=metered)
    known, lines = titles(), []
    for pack in offered.keys() | installed.keys():
        offer, here = offered.get(pack), installed.get(pack)
        chosen = found.settings.packs is None or pack in found.settings.packs
        download = offer.download_bytes(before.get(pack, 0)) if offer else 0
        waits = manners.may_take(found.settings, by, offer.kinds, download) if offer and download else None
        line = Line(
            pack=pack,
            title=title_of(here) if here else known.get(pack) or words(pack),
            fate=_fate(before.get(pack, 0), after.get(pack, 0), offer, chosen=chosen, waits=waits is not None),
            before=before.get(pack, 0),
            after=after.get(pack, 0),
            offered=offer.version if offer else 0,
            chosen=chosen,
            kinds=", ".join(str(KINDS[kind]) for kind in offer.kinds) if offer else "",
            installed_bytes=here.size_bytes if here else 0,
            download_bytes=download,
            room_bytes=offer.installed_bytes if offer else 0,
            written_bytes=offer.written_bytes if offer else 0,
            cost=manners.estimate(found.settings, found.used, download, speed),
            waits=waits,
        )
        lines.append(line)
    rank = {pack: n for n, pack in enumerate(found.settings.order)}
    return tuple(sorted(lines, key=lambda each: (rank.get(each.pack, len(rank)), each.pack)))


def _fate(before: int, after: int, offer: Offered | None, *, chosen: bool, waits: bool) -> Fate:
    if after == before:
        if offer is None or offer.version == before:
            return Fate.STAYS
        return Fate.HELD if chosen else Fate.OFFERED
    if not after:
        return Fate.GOES
    if waits:
        return Fate.WAITS
    return Fate.NEWER if before else Fate.NEW


def _looked_at(db: Connection) -> datetime | None:
    found = events.last(db, "look.finished") + events.last(db, "sync.finished")
    return max((each.at for each in found), default=None)
