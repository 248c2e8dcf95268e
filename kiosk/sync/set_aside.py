"""What an earlier sync left of packs that wait for a better link: it lies in a folder of its own until they may come.

True always: what other packs bring over the link that there is meanwhile, and what is cleared after it, costs these
packs nothing that they had; what none of them goes on with any more goes, and so does all of it where room is short. A
cut within a move leaves each file in one of the two places, and the next sync puts it where it belongs.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kiosk.store.state import State, sync_folder
from kiosk.sync import outstanding
from kiosk.sync.plan import Plan, Step

ENDS = re.compile(r"[.-]")
"""What the name of a blob, a manifest or a medium ends with in the name of a file."""


def arrange(state: State, plan: Plan) -> None:
    """Put aside what there is of packs that wait, and bring back what there is of those that come."""
    _move(state, plan.later, state.parts, state.set_aside)
    if state.set_aside.is_dir():
        _move(state, plan.steps, state.set_aside, state.parts)
        _forget_others(state, plan.later)


def forget(state: State) -> None:
    """Remove it all: the packs begin anew."""
    shutil.rmtree(state.set_aside, ignore_errors=True)


def _move(state: State, steps: Iterable[Step], source: Path, target: Path) -> None:
    found, _ = _told_apart(state, steps, source)
    if found:
        target.mkdir(exist_ok=True)
        for path in found:
            path.rename(target / path.name)
        sync_folder(target)
        sync_folder(source)


def _forget_others(state: State, steps: Iterable[Step]) -> None:
    _, others = _told_apart(state, steps, state.set_aside)
    for path in others:
        path.unlink()
    with suppress(OSError):  # it is not empty
        state.set_aside.rmdir()


def _told_apart(state: State, steps: Iterable[Step], folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of a folder that these packs go on with, and the others."""
    files = [path for path in folder.iterdir() if path.is_file()]
    names = frozenset[str]().union(*(outstanding.names(state, step) for step in steps)) if files else frozenset[str]()
    found, others = list[Path](), list[Path]()
    for path in files:
        (found if ENDS.split(path.name)[0] in names else others).append(path)
    return found, others
