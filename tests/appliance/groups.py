"""Control groups for a container, of its own: two systems at once must not take each other's processes for theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HIERARCHIES = (Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
JOIN = 'for each in $1; do echo $$ > "$each/cgroup.procs"; done; shift; exec "$@"'


@contextmanager
def group(name: str) -> Iterator[list[str]]:
    """Make a group in each of systemd's hierarchies; yields what a command begins with to run in it."""
    found = [hierarchy / name for hierarchy in HIERARCHIES if (hierarchy / "cgroup.procs").exists()]
    for path in found:
        path.mkdir()
    try:
        yield ["sh", "-c", JOIN, "join", " ".join(map(str, found))]
    finally:
        for path in found:
            for each in sorted(path.rglob("*/"), key=lambda inner: -len(inner.parts)):
                with suppress(FileNotFoundError):
                    each.rmdir()
            path.rmdir()
