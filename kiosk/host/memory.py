"""How much memory this process may take while it reads what others wrote.

Owns: the process's limit on data (RLIMIT_DATA: heap and private mappings, not programs and files). True always: what
asks for more gets a MemoryError, and the limit is after the block what it was before.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DATA = 5
"""Which figure of /proc/self/statm is the data's, in pages."""


@contextmanager
def limited(more_bytes: int) -> Iterator[None]:
    """Let the block take at most so many bytes more than the process has now.

    Raises:
        MemoryError: from within the block, when it asks for more.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _held_bytes() + more_bytes
    for limit in (before, hard):
        most = most if limit == resource.RLIM_INFINITY else min(most, limit)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    except SystemError as error:  # some of Python's own code, such as json's, forgets to say that it was memory
        raise MemoryError from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _held_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[DATA]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
