"""Sending to the board: one form, at most one post.

True always: a form that is sent again, however often, makes nothing more; what a phone sends costs it its share of the
hour before any work is done; a post and what it carries are on the card together, or neither is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from kiosk.packs.attachments import NOTHING
from kiosk.portal import attachments as forms
from kiosk.portal import board_rules
from kiosk.store import attachments, threads
from kiosk.store.db import transaction
from kiosk.store.threads import Post, Sending
from kiosk.web import current, phone
from kiosk.web.db import conn


@dataclass(frozen=True)
class Outcome:
    """The post that was made, or how many seconds its phone must wait."""

    post: Post | None
    wait: int = 0


def send(token: str, check: Callable[[bool], object], write: Callable[[Sending], int]) -> Outcome:
    """Make a post of the form, once.

    Args:
        token: that of the form, "" for none.
        check: raises InvalidInput if the words can not be taken; told whether the form carries something.
        write: makes the post and returns its number; called within a transaction.

    Raises:
        InvalidInput: words, photos or voice note can not be taken.
    """
    sending = Sending(phone.hashed(phone.phone()), token or None, forms.are_sent())
    carried = NOTHING
    if sending.carries and not threads.sent_before(conn(), sending):
        check(sending.carries)  # before any work is done, and before the card is held
        with transaction(conn()):
            wait = board_rules.wait(conn(), "attach")
        if wait:
            return Outcome(None, wait)
        carried = forms.taken()
    sending = Sending(sending.phone, sending.token, bool(carried))
    with ExitStack() as undo:
        if carried:
            undo.callback(partial(attachments.prune, conn(), current.state()))
        with transaction(conn()):
            post = threads.sent_before(conn(), sending)
            wait = 0 if post else board_rules.wait(conn())
            gone: list[str] = []
            if not post and not wait:
                post = threads.get_post(conn(), write(sending))
                if carried:
                    gone = attachments.add(conn(), current.state(), post.post, carried, _spare_bytes())
        undo.pop_all()
    attachments.unlink(current.state(), gone)
    return Outcome(post, wait)


def _spare_bytes() -> int:
    return current.config().sync.spare_bytes
