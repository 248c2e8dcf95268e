"""A thousand flipped bits, one at a time, over all files of a repository: none reaches what is served."""

from __future__ import annotations

import contextlib
import hashlib
import random
import shutil
from dataclasses import replace
from pathlib import Path

from kiosk.errors import KioskError
from kiosk.store.state import State
from kiosk.sync.agent import Agent
from tests.making import Village
from tests.sync.federation import MemoryMirror

FLIPS = 1000


def served(state: State) -> dict[str, str]:
    """Return the SHA-256 of every file of the current generation, by path."""
    root = state.current
    if not root.exists():
        return {}
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


class Trials:
    """Kiosks that sync from a mirror with one bit wrong: one has nothing yet, and one has the version before."""

    def __init__(self, village: Village) -> None:
        self._village = village
        village.release()
        self._sync("before", self.files())
        village.release(version=2, text="Each has one vote.")
        shutil.copytree(self._folder("before"), self._folder("after"), symlinks=True)
        self._sync("after", self.files())
        self.good = {name: served(State(self._folder(name))) for name in ("before", "after")}
        assert self.good["before"]
        assert self.good["before"] != self.good["after"]

    def files(self) -> dict[str, bytes]:
        folder = self._village.repository.folder
        return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    def run(self, start: str, files: dict[str, bytes]) -> bool:
        """Sync and tell whether that went through; what is served is what was there, or the whole new version."""
        before = self.good.get(start, {})
        if served(State(self._folder("trial"))) != before:
            shutil.rmtree(self._folder("trial"), ignore_errors=True)
            if before:
                shutil.copytree(self._folder(start), self._folder("trial"), symlinks=True)
        done = False
        with contextlib.suppress(KioskError):
            self._sync("trial", files)
            done = True
        assert served(State(self._folder("trial"))) == (self.good["after"] if done else before)
        return done

    def _folder(self, name: str) -> Path:
        return self._village.folder / name

    def _sync(self, name: str, files: dict[str, bytes]) -> None:
        config = replace(self._village.config, state=self._folder(name))
        Agent(config, [MemoryMirror(files)], self._village.clock, wait=lambda seconds: None).run()


def test_a_thousand_flipped_bits(village: Village) -> None:
    trials = Trials(village)
    files = trials.files()
    chance = random.Random(3)
    refused = 0
    for start in ("nothing", "before"):
        for number in range(FLIPS // 2):
            path = sorted(files)[number % len(files)]
            bit = chance.randrange(len(files[path]) * 8)
            refused += not trials.run(start, files | {path: flipped(files[path], bit)})
        assert trials.run(start, files)  # what is left of all that does no harm
    # The others hit files that were not asked for: of older versions, or verified before and kept.
    assert FLIPS / 4 < refused < FLIPS
