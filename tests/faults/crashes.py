"""What a disk may hold after the power went, by two models. README.md says what each assumes.

Both keep what was asked to be durable. They differ in what they let happen to the rest: `ordered` loses names only from
the end backwards, as a journal does; `harsh` loses any of them and keeps any other.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.faults.disk import ROOT, Bytes, Disk, Durable, Folders, Names, Size, Step, apply_names, changed

SECTOR = 512
"""Bytes that a card writes as a whole."""
RANDOM_TRIES = 6
Contents = tuple[dict[int, bytes], dict[int, list[Bytes | Size]]]
"""What files hold for certain, and what was written to them since."""


@dataclass(frozen=True, repr=False)
class Image:
    """A disk as it may be found after the power went; `after` is the number of steps that were made before."""

    after: int
    model: str
    folders: Folders
    files: dict[int, bytes]
    links: dict[int, str]

    def __repr__(self) -> str:
        return f"power cut after step {self.after} ({self.model})"

    @cached_property
    def paths(self) -> dict[str, int]:
        """Path -> inode of all files and links (with the names of empty folders too)."""
        return dict(self._walk(ROOT, ""))

    def below(self, folder: str) -> dict[str, int]:
        """Return the paths in a folder, relative to it."""
        return {path[len(folder) + 1 :]: inode for path, inode in self.paths.items() if path.startswith(f"{folder}/")}

    def find(self, path: str) -> int | None:
        """Return the inode of a path."""
        inode: int | None = ROOT
        for name in path.split("/"):
            inode = None if inode is None else self.folders.get(inode, {}).get(name)
        return inode

    @cached_property
    def key(self) -> bytes:
        """The same for two images that hold the same."""
        digest = hashlib.sha256()
        for path, inode in sorted(self.paths.items()):
            content = self.files.get(inode, self.links.get(inode, "").encode())
            digest.update(f"{path}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.digest()

    def _walk(self, folder: int, prefix: str) -> Iterator[tuple[str, int]]:
        for name, inode in self.folders[folder].items():
            if self.folders.get(inode):
                yield from self._walk(inode, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", inode


class Crashes:
    """All crashes of one sync: `start` is the disk before it, durable as a whole, and `end` the disk after `steps`."""

    def __init__(self, start: Disk, steps: Sequence[Step], end: Disk, seed: int = 0) -> None:
        self._start = start
        self._steps = steps
        self._end = end
        self._random = random.Random(seed)

    def images(self, after: int) -> Iterator[Image]:
        """Yield what may be found when the power goes after that many steps."""
        contents = self._contents(after)
        yield from self._ordered(after, contents)
        yield from self._harsh(after, contents)

    def _ordered(self, after: int, contents: Contents) -> Iterator[Image]:
        journalled = self._journalled(after)
        fewest = [i for i in self._names if i < journalled]
        pending = [i for i in self._names if journalled <= i < after]
        for count in sorted({0, len(pending), self._random.randint(0, len(pending))}):
            for loss in ("all", "lost", "half"):
                yield self._image(after, "ordered", [*fewest, *pending[:count]], loss, contents)

    def _harsh(self, after: int, contents: Contents) -> Iterator[Image]:
        kept, pending = self._split(after)
        some = self._some(pending)
        choices: list[Sequence[int]] = [(), pending, *((each,) for each in some)]
        choices += [[other for other in pending if other != each] for each in some]
        choices += [[each for each in pending if self._random.random() < 0.5] for _ in range(RANDOM_TRIES)]
        for number, choice in enumerate(choices):
            for loss in LOSSES if number < 2 else (self._random.choice(LOSSES),):
                yield self._image(after, "harsh", sorted({*kept, *choice}), loss, contents)

    def _some(self, pending: Sequence[int]) -> Sequence[int]:
        # The newest are the likeliest to matter; of a long list of others a few will do at each step.
        return pending if len(pending) <= 12 else [*pending[-6:], *self._random.sample(pending[:-6], 6)]

    @cached_property
    def _names(self) -> list[int]:
        return [i for i, step in enumerate(self._steps) if isinstance(step, Names)]

    def _journalled(self, after: int) -> int:
        # An fsync commits the journal up to the last change of what was synced, and with it all that went before.
        reached = 0
        last: dict[int, int] = {}
        for i, step in enumerate(self._steps[:after]):
            for inode in touched(step):
                last[inode] = i
            if isinstance(step, Durable):
                reached = max(reached, i if step.inode is None else last.get(step.inode, -1) + 1)
        return reached

    def _split(self, after: int) -> tuple[list[int], list[int]]:
        # Names are durable once a folder they are in was synced after them (a rename: either folder).
        synced = {step.inode: i for i, step in enumerate(self._steps[:after]) if isinstance(step, Durable)}
        kept: list[int] = []
        pending: list[int] = []
        for i in self._names:
            step = self._steps[i]
            if i < after and isinstance(step, Names):
                last = max(synced.get(folder, -1) for folder in (None, *(s[0] for s in step.sets)))
                (kept if last > i else pending).append(i)
        return kept, pending

    def _image(self, after: int, model: str, names: Sequence[int], loss: str, contents: Contents) -> Image:
        folders = {inode: dict(self._start.folders.get(inode, {})) for inode in self._end.folders}
        for i in names:
            step = self._steps[i]
            assert isinstance(step, Names)
            apply_names(folders, step)
        files = dict(contents[0])
        for inode, steps in contents[1].items():
            for each in self._surviving(steps, loss):
                files[inode] = changed(files[inode], each)
        return Image(after, f"{model}, {loss}", folders, files, self._end.links)

    def _contents(self, after: int) -> Contents:
        files = dict.fromkeys(self._end.files, b"") | self._start.files
        pending: dict[int, list[Bytes | Size]] = {}
        for step in self._steps[:after]:
            if isinstance(step, Bytes | Size):
                pending.setdefault(step.inode, []).append(step)
            elif isinstance(step, Durable):
                for inode in list(pending) if step.inode is None else [step.inode]:
                    for each in pending.pop(inode, ()):
                        files[inode] = changed(files[inode], each)
        return files, pending

    def _surviving(self, steps: Sequence[Bytes | Size], loss: str) -> Iterator[Bytes | Size]:
        for number, step in enumerate(steps):
            if loss == "all" or (loss == "half" and number < len(steps) // 2):
                yield step
            elif loss == "half" and number == len(steps) // 2 and isinstance(step, Bytes):
                yield Bytes(step.inode, step.start, step.data[: len(step.data) // 2 // SECTOR * SECTOR])
            elif loss == "zeros":
                yield step if isinstance(step, Size) else Bytes(step.inode, step.start, bytes(len(step.data)))
            elif loss == "mixed":
                yield from self._mixed(step)

    def _mixed(self, step: Bytes | Size) -> Iterator[Bytes | Size]:
        if isinstance(step, Size):
            if self._random.random() < 0.5:
                yield step
            return
        for at in range(0, len(step.data), SECTOR):
            if self._random.random() < 0.5:
                yield Bytes(step.inode, step.start + at, step.data[at : at + SECTOR])


LOSSES = ("all", "lost", "zeros", "half", "mixed")
"""What may become of bytes that were not synced: all kept, none, their length alone, the first half, any sectors."""


def touched(step: Step) -> Iterator[int]:
    """Yield the inodes whose own record in the journal a step changes."""
    if isinstance(step, Names):
        for folder, _, inode in step.sets:
            yield folder
            if inode is not None:
                yield inode
    elif isinstance(step, Bytes | Size):
        yield step.inode
