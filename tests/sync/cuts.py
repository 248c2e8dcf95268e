"""The power goes within a sync, and what a sync asks of the card."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.packs.book_writer import BookWriter
from kiosk.store.manners import Room
from kiosk.sync import install, room, stage
from kiosk.sync.books import Books
from kiosk.sync.half_written import HalfWritten
from kiosk.sync.objects import Drafts
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


def _files(folder: Path) -> Iterator[os.stat_result]:
    """Yield what is on the card, each file once, and what this process has open there without a name."""
    open_ = list(Path("/proc/self/fd").iterdir())
    device, seen = folder.stat().st_dev, set[int]()
    for path in (*folder.rglob("*"), *open_):
        try:
            found = path.lstat() if path.is_relative_to(folder) else path.stat()
        except OSError:
            continue
        nameless = found.st_nlink == 0
        if not stat.S_ISREG(found.st_mode) or found.st_dev != device or found.st_ino in seen:
            continue
        if path.is_relative_to(folder) or nameless:
            seen.add(found.st_ino)
            yield found


def _on_card(folder: Path) -> int:
    return sum(found.st_size for found in _files(folder))


def noted_most(patched: pytest.MonkeyPatch, folder: Path) -> list[int]:
    """Return a list of one figure: the most bytes more than now that there are on the card while a sync writes."""
    before, most = _on_card(folder), [0]

    def noted(owner: object, name: str) -> None:
        act = getattr(owner, name)

        def wrapped(*given: object, **named: object) -> object:
            most[0] = max(most[0], _on_card(folder) - before)
            done = act(*given, **named)
            most[0] = max(most[0], _on_card(folder) - before)
            return done

        patched.setattr(owner, name, wrapped)

    for owner, name in ((Books, "finish"), (Drafts, "settle"), (stage, "_check"), (install, "assemble")):
        noted(owner, name)
    return most
