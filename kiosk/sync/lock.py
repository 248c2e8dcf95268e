"""One at a time: a sync, a roll-back or an export, whichever process it is in."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from kiosk.errors import Conflict
from kiosk.store.state import State


@contextmanager
def alone(state: State) -> Iterator[None]:
    """Hold the kiosk's one lock for the block; the kernel lets go of it however the process ends.

    Raises:
        Conflict: someone else holds it.
    """
    state.prepare()
    with state.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict("a sync is running already", "wait for it to end") from error
        yield
