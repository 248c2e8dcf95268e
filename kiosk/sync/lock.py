"""One at a time: a sync, a roll-back or an export, whichever process it is in."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kiosk.errors import Conflict
from kiosk.store.state import State

TRIES, BETWEEN_SECONDS = 4, 0.05
"""Whoever only looks whether a sync runs holds the lock for an instant: that must end no sync."""


@contextmanager
def alone(state: State) -> Iterator[None]:
    """Hold the kiosk's one lock for the block; the kernel lets go of it however the process ends.

    Raises:
        Conflict: someone else holds it.
    """
    state.prepare()
    with state.lock.open("w") as lock:
        for tries_left in reversed(range(TRIES)):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if not tries_left:
                    raise Conflict("a sync is running already", "wait for it to end") from error
                time.sleep(BETWEEN_SECONDS)
        yield
