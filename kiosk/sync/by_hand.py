"""What a sync makes of books that somebody brought: those that packs on offer wait for are taken, each refusal is told.

True always: whatever is on the stick, the sync goes on without it; one file costs one line of what went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from kiosk.errors import FormatError, KioskError, NoSpace
from kiosk.packs.head import Head
from kiosk.packs.kinds import BOOK
from kiosk.packs.manifest import Item
from kiosk.store.refused_books import KIND, Reason
from kiosk.store.state import State
from kiosk.sync import adopting, adoption, set_aside, unasked
from kiosk.sync.brought import Brought
from kiosk.sync.failures import told
from kiosk.sync.fetch import Fetcher
from kiosk.sync.progress import Work, untold
from kiosk.sync.session import Books, Refused, Session

Record = Callable[..., None]
"""Adds an event: its kind, and what the reader needs."""


@dataclass(frozen=True)
class Stick:
    """What an operator put in: its ZIM files, and whether it has a repository, too."""

    files: tuple[Brought, ...]
    has_repository: bool


def learn(state: State, session: Session, waiting: Collection[Head], installed: Mapping[str, str]) -> None:
    """Keep the manifests of packs with books that are on offer, so that their books can be brought by hand.

    Args:
        state, session: the kiosk's, and the sync's.
        waiting: what is wanted and not installed.
        installed: the SHA-256 of the manifest of each pack that is installed.
    """
    fetcher = Fetcher(session.mirrors, state.parts, session.meter, rounds=1)
    set_aside.bring_back(state, {head.manifest_sha256 for head in waiting})
    for head in waiting:
        adoption.learn(state, head, fetcher, adoption.best(state, head, installed.get(head.pack, ""))[0])


def take(
    state: State, session: Session, waiting: Collection[Head], installed: Mapping[str, str], stick: Stick,
    spare_bytes: int, record: Record, work: Work = untold,
) -> Books:  # fmt: skip
    """Take the books of a stick that packs wait for; return what came of it.

    Args:
        state, session, waiting, installed: as `learn`.
        stick: what was put in.
        spare_bytes: what must stay free on the card.
        record: keeps an event for each.
        work: told how far each is.
    """
    taken, refused, known = list[str](), list[Refused](), set[Brought]()
    for head in waiting if stick.files else ():
        for item in _items(state, session, head, installed.get(head.pack, ""), stick):
            for found in _files(item, stick):
                known.add(found)
                if refusal := _refusal(state, item, found, spare_bytes, work):
                    refused.append(refusal)
                    record(KIND, file=found.path, pack=head.pack, **refusal.to_detail())
                    continue
                taken.append(item.title)
                record("book.taken", file=found.path, pack=head.pack, title=item.title)
                break
    if not stick.has_repository:
        others = [found for found in stick.files if found not in known]
        for found, why in unasked.refusals(state, others, waiting, installed):
            refused.append(why)
            record(KIND, file=found.path, pack="", **why.to_detail())
    return Books(tuple(taken), tuple(refused))


def _items(state: State, session: Session, head: Head, installed: str, stick: Stick) -> Iterator[Item]:
    """Yield the books of a pack that are on the stick and not here, if the pack costs less with them."""
    if BOOK not in head.kinds:
        return
    manifest = adoption.learn(state, head, Fetcher(session.mirrors, state.parts, session.meter, rounds=1))
    if manifest is None:
        return
    items = manifest.in_order
    here = {number for number in manifest.books if adoption.path_of(state, items[number]).is_file()}
    found = {number for number in manifest.books - here if any(_files(items[number], stick))}
    rest = adoption.rest(state, head, manifest, here | found)
    if rest.download_bytes < head.route_from(installed).download_bytes:
        yield from (items[number] for number in sorted(found))


def _files(item: Item, stick: Stick) -> Iterator[Brought]:
    return (found for found in stick.files if found.uuid == unasked.uuid_of(item))


def _refusal(state: State, item: Item, found: Brought, spare_bytes: int, work: Work) -> Refused | None:
    """Take a book; return why it could not be taken, and the remedy, or None."""
    try:
        adopting.adopt(state, item, found, spare_bytes, work)
    except (FormatError, NoSpace) as error:
        return _told(_printable(error.message), error)
    except OSError as error:
        failure = told(error)
        return _told(f"{found.path}: {failure.message}", failure)
    return None


def _told(message: str, error: KioskError) -> Refused:
    reason = Reason.FAILED
    if isinstance(error, NoSpace):
        reason = Reason.NO_ROOM
    elif isinstance(error, FormatError):
        reason = Reason.OTHER_EDITION if error.hint == adoption.RIGHT_EDITION else Reason.BROKEN
    return Refused(message, error.hint or "", reason)


def _printable(message: str) -> str:
    # It may quote what stands in the file: no sign of that may move a cursor or begin a line of its own.
    return "".join(each if each.isprintable() else "?" for each in message)
