"""Work on several cores: blocks of a patch are coded beside each other, and come out in their order.

True always: results come in the order of what was asked, so the same versions give the same bytes on any number of
cores; what is under way is bounded, and so is the memory; at the end, or when the work is broken off, no process stays.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Gave = TypeVar("Gave")
WORKER_BYTES = 512 * 1024 * 1024
"""What coding one block takes at most, with all that a process brings along."""


def count() -> int:
    """Return how many processes may work: all cores but one, as far as half the memory holds them; at least one."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min((os.cpu_count() or 1) - 1, memory // 2 // WORKER_BYTES))


def in_order(
    work: Callable[..., Gave], asked: Iterable[tuple[Any, ...]], processes: int | None = None
) -> Iterator[Gave]:
    """Yield `work(*arguments)` for each of `asked`, in their order; one that takes more than one core starts processes.

    Args:
        work: a function of a module, which takes and returns what can be pickled.
        asked: the arguments; they are drawn as they are needed.
        processes: how many; as many as `count` says if not given.
    """
    number = count() if processes is None else processes
    waiting = iter(asked)
    first = list(itertools.islice(waiting, 2))
    if number == 1 or len(first) < 2:
        yield from itertools.starmap(work, itertools.chain(first, waiting))
        return
    # Started anew, not forked: the parent may have threads. Leaving the block ends the processes.
    with multiprocessing.get_context("spawn").Pool(number, _leave_interrupts) as pool:
        under_way: deque[Any] = deque()
        for arguments in itertools.chain(first, waiting):
            under_way.append(pool.apply_async(work, arguments))
            if len(under_way) > number:
                yield under_way.popleft().get()
        while under_way:
            yield under_way.popleft().get()


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the parent, who ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
