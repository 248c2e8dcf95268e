"""Room on the card: refused before anything is fetched, with the figures."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator

from kiosk.errors import NoSpace
from kiosk.store.manners import Room
from kiosk.store.state import State
from kiosk.sync import half_written, set_aside
from kiosk.sync.objects import forget_drafts
from kiosk.sync.offers import Offer, waiting
from kiosk.sync.outstanding import bytes_to_fetch
from kiosk.sync.plan import Step

REMEDY = "choose fewer packs (`kiosk sync budget --packs`)"


def check_claim(offer: Offer, most_bytes: int) -> None:
    """Make sure that all wanted packs together are no more than the kiosk takes.

    Raises:
        NoSpace: they are.
    """
    new = {step.head.pack: step.head.installed_bytes for step in offer.plan.steps}
    claimed = sum(new.values()) + sum(pack.size_bytes for pack in offer.kept(new))
    if claimed > most_bytes:
        raise NoSpace(
            f"the packs that are wanted take {claimed:,} bytes; this kiosk takes at most {most_bytes:,}",
            f"raise sync.most_mb, or {REMEDY}",
        )


def needed(offer: Offer, state: State, spare_bytes: int) -> Room:
    """Return what a sync would need on the card now; what was fetched or written before a cut is not counted again."""
    written = sum(half_written.here_bytes(state.parts, step.head.manifest_sha256) for step in offer.plan.steps)
    return Room(
        old_bytes=sum(pack.size_bytes for pack in offer.installed.values()),
        new_bytes=max(0, sum(step.new_bytes for step in offer.plan.steps) - written),
        parts_bytes=bytes_to_fetch(state, offer.plan.steps),
        spare_bytes=spare_bytes,
        free_bytes=shutil.disk_usage(state.folder).free,
    )


def check(offer: Offer, state: State, spare_bytes: int) -> None:
    """Make sure that old and new content and what is fetched fit on the card, and `spare_bytes` stay free.

    What a cut left and no pack goes on with goes before; of a book that was being brought, and of packs that do not
    come now, only where room is short, and what was put aside only where that helps.

    Raises:
        NoSpace: they do not.
    """
    steps = offer.plan.steps
    half_written.forget_others(state.parts, (head.manifest_sha256 for head in waiting(offer)), _brought(steps))
    forget_drafts(state)
    room = needed(offer, state, spare_bytes)
    if room.short_bytes:
        half_written.forget_adopted(state.parts)
        half_written.forget_others(state.parts, (step.head.manifest_sha256 for step in steps), ())
        room = needed(offer, state, spare_bytes)
    if 0 < room.short_bytes <= set_aside.size_bytes(state):
        set_aside.forget(state)
        room = needed(offer, state, spare_bytes)
    if room.short_bytes:
        raise NoSpace(
            f"{room.new_bytes:,} bytes are to be written beside the {room.old_bytes:,} that are installed,"
            f" {room.parts_bytes:,} are to be fetched and {room.spare_bytes:,} must stay free; the card has"
            f" {room.free_bytes:,} free: {room.short_bytes:,} are missing",
            f"make room, or {REMEDY}",
        )


def _brought(steps: Iterable[Step]) -> Iterator[str]:
    # What is called so was begun before the book was brought.
    for step in steps:
        for number in step.adoption.books if step.adoption else ():
            yield half_written.name_of(step.head.manifest_sha256, str(number))
