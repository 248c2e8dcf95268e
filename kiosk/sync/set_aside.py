"""What an earlier sync left of packs that wait for a better link: it lies in a folder of its own until they may come.

True always: while a pack waits, whatever does not surely belong to one that comes is kept for it, since a medium, a
segment or a blob of the edition before is known by its hash alone, and may be of use; so what comes meanwhile over the
link that there is, and what is cleared after it, costs the waiting packs nothing. It is never more than they will take.
A cut within a move leaves each file in one of the two places, and the next sync puts it where it belongs.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

from kiosk.store.state import State, sync_folder
from kiosk.sync import outstanding
from kiosk.sync.plan import Plan, Step


def arrange(state: State, plan: Plan) -> None:
    """Put aside what may be of packs that wait, and bring back what is of those that come: all, where none waits."""
    if not state.set_aside.is_dir():
        state.set_aside.unlink(missing_ok=True)
    if plan.later:
        coming = _names(state, plan.steps)
        _move(state.parts, state.set_aside, lambda name: _of(name) not in coming)
        _move(state.set_aside, state.parts, lambda name: _of(name) in coming)
    else:
        _move(state.set_aside, state.parts, lambda name: True)
        with suppress(OSError):
            state.set_aside.rmdir()


def bring_back(state: State, manifests: Collection[str]) -> None:
    """Bring back what there is of manifests (SHA-256) that are fetched apart from their packs."""
    _move(state.set_aside, state.parts, lambda name: name.removesuffix(".part") in manifests)


def trim(state: State, plan: Plan) -> None:
    """Remove what packs that wait do not name, where all that was put aside is more than they will take."""
    if plan.later and size_bytes(state) > sum(step.head.installed_bytes for step in plan.later):
        named = _names(state, plan.later)
        for path in _files(state.set_aside):
            if _of(path.name) not in named:
                path.unlink()


def size_bytes(state: State) -> int:
    """Return how much was put aside."""
    return sum(path.stat().st_size for path in _files(state.set_aside))


def forget(state: State) -> None:
    """Remove it all: the packs begin anew."""
    shutil.rmtree(state.set_aside, ignore_errors=True)


def _names(state: State, steps: Iterable[Step]) -> set[str]:
    return set[str]().union(*(outstanding.names(state, step) for step in steps))


def _of(name: str) -> str:
    """Return the SHA-256 of the blob, manifest or medium that a file of this name is of."""
    return re.split("[.-]", name, maxsplit=1)[0]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _move(source: Path, target: Path, is_moved: Callable[[str], bool]) -> None:
    found = [path for path in _files(source) if is_moved(path.name)]
    if not found:
        return
    target.mkdir(exist_ok=True)
    for path in found:
        there = target / path.name
        if there.is_file() and there.stat().st_size > path.stat().st_size:
            path.unlink()
        else:
            path.rename(there)
    sync_folder(target)
    sync_folder(source)
