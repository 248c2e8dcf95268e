"""The power goes within a sync, and what a sync asks of the card."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk.packs.book_writer import BookWriter
from kiosk.store.manners import Room
from kiosk.sync import room
from kiosk.sync.half_written import HalfWritten
from kiosk.sync.offers import Offer


class Cut(BaseException):
    """Stands for the power that goes."""


def cut_within(owner: object, name: str, act: Callable[[], object]) -> None:
    """Act, and have the power go where a function of a module or class is called."""

    def broken(*_: object) -> None:
        raise Cut

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, name, broken)
        with pytest.raises(Cut):
            act()


def cut_after(patched: pytest.MonkeyPatch, clusters: int) -> None:
    """Have the power go when so many clusters of a book are on the card."""
    note = HalfWritten.note

    def noted(half: HalfWritten, writer: BookWriter) -> None:
        note(half, writer)
        if len(half.there) > clusters:
            raise Cut

    patched.setattr(HalfWritten, "note", noted)


def cut_in_book(act: Callable[[], object], clusters: int = 3) -> None:
    """Act, and have the power go when so many clusters of a book are on the card."""
    with pytest.MonkeyPatch.context() as patched:
        cut_after(patched, clusters)
        with pytest.raises(Cut):
            act()


def noted_room(patched: pytest.MonkeyPatch) -> list[Room]:
    """Return a list that fills with what syncs say they need on the card."""
    needed, told = room.needed, list[Room]()

    def asked(offer: Offer, *given: object) -> Room:
        told.append(needed(offer, *given))  # type: ignore[arg-type]
        return told[-1]

    patched.setattr(room, "needed", asked)
    return told
