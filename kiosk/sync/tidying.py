"""After the switch: what was fetched is kept for those who come after, and what nothing needs goes."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.errors import KioskError, NoSpace
from kiosk.store.db import Connection
from kiosk.store.generations import NewPack
from kiosk.store.state import State
from kiosk.sync import adoption, carry, install, offers
from kiosk.sync.failures import told
from kiosk.sync.offers import Offer


def tidy(
    state: State, conn: Connection, offer: Offer, packs: Sequence[NewPack], *, parts: bool = True
) -> KioskError | None:
    """Keep and clear, now that what is served is whole; return what a card without room for this says, or None.

    That makes the sync no failure: the next one does it.

    Args:
        state, conn: the kiosk's.
        offer: what was offered.
        packs: what is installed now.
        parts: whether all that was fetched has been used.
    """
    new = {pack.manifest_sha256: pack for pack in packs}
    held = [
        carry.held(state, signed.channel, signed.head, new[signed.head.manifest_sha256])
        for signed in offer.heads
        if signed.head.manifest_sha256 in new
    ]
    try:
        carry.keep(state, held)
        adoption.prune(state, [head for head in offers.waiting(offer) if head.manifest_sha256 not in new])
        install.prune(state, conn, parts=parts)
    except (OSError, NoSpace) as error:
        failure = told(error)
        if not isinstance(failure, NoSpace):
            raise
        return failure
    return None
