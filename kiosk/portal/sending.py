"""Sending to the board: one form, at most one post.

True always: a form that is sent again, however often, makes nothing more; what a phone sends costs it its share of the
hour before any work is done; a post and what it carries are on the card together, or neither is. That a phone is known
stands in its own signed cookie, as the number of its first post; the kiosk keeps no list of phones.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from flask import session

from kiosk.packs.attachments import NOTHING
from kiosk.portal import attachments as forms
from kiosk.portal import board_rules, membership
from kiosk.store import attachments, board_settings, queue, threads
from kiosk.store.db import transaction
from kiosk.store.threads import Post, Sending
from kiosk.web import current, phone
from kiosk.web.db import conn

FIRST = "first"
"""Where the session keeps the number of the first post of its phone."""


@dataclass(frozen=True)
class Outcome:
    """The post that was made, not `open` if an operator is to look at it first; or how many seconds to wait."""

    post: Post | None
    wait: int = 0


def send(token: str, check: Callable[[bool], object], write: Callable[[Sending], int]) -> Outcome:
    """Make a post of the form, once.

    Args:
        token: that of the form, "" for none.
        check: raises InvalidInput if the words can not be taken; told whether the form carries something.
        write: makes the post and returns its number; called within a transaction.

    Raises:
        InvalidInput: words, photos or voice note can not be taken, or the phone is banned.
    """
    board_rules.check_phone()
    sending = Sending(phone.hashed(phone.phone()), token or None, forms.are_sent())
    carried, known = NOTHING, _known()
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
                post = post if known else _first(post)
        undo.pop_all()
    attachments.unlink(current.state(), gone)
    if post and not known:
        session[FIRST] = post.post
    return Outcome(post, wait)


def _first(post: Post) -> Post:
    """Hold a phone's first post back where those wait for an operator's look."""
    if not board_settings.read(conn()).first_waits:
        return post
    queue.hold(conn(), post.post)
    return replace(post, open=False)


def _known() -> bool:
    """Tell whether a member sends, or a phone whose first post stands on the board."""
    first = session.get(FIRST)
    return membership.signed_in() is not None or (isinstance(first, int) and queue.passed(conn(), first))


def _spare_bytes() -> int:
    return current.config().sync.spare_bytes
