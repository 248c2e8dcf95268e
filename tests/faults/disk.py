"""A disk as a sequence of steps: names that are set, bytes that are written, and what was asked to be made durable.

Owns: the smallest words into which the system calls of a sync are put (`recording.py` does it), and the disk that holds
what they made. A **folder** is an inode that maps names to inodes; a hard link is a second name of an inode.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = 0
"""The inode of the folder under test."""


@dataclass(frozen=True)
class Names:
    """One change of names that happens as a whole: (folder, name, inode, or None where the name goes away)."""

    sets: tuple[tuple[int, str, int | None], ...]


@dataclass(frozen=True)
class Bytes:
    """Bytes written to a file."""

    inode: int
    start: int
    data: bytes


@dataclass(frozen=True)
class Size:
    """A file cut or lengthened."""

    inode: int
    size: int


@dataclass(frozen=True)
class Durable:
    """An fsync that returned: of a file, of a folder, or (None) of everything."""

    inode: int | None


Step = Names | Bytes | Size | Durable
Folders = dict[int, dict[str, int]]


class Disk:
    """Folders, files and symbolic links by inode, and how they are changed by steps."""

    def __init__(self) -> None:
        self.folders: Folders = {ROOT: {}}
        self.files: dict[int, bytes] = {}
        self.links: dict[int, str] = {}
        self._next = 1

    def load(self, folder: Path) -> None:
        """Take in what lies in a real folder, hard links as such."""
        known: dict[int, int] = {}
        self._load(folder, ROOT, known)

    def _load(self, folder: Path, inode: int, known: dict[int, int]) -> None:
        for path in sorted(folder.iterdir()):
            status = path.lstat()
            child = known.get(status.st_ino) or self.new()
            known[status.st_ino] = child
            self.folders[inode][path.name] = child
            if path.is_symlink():
                self.links[child] = str(path.readlink())
            elif path.is_dir():
                self.folders[child] = {}
                self._load(path, child, known)
            else:
                self.files[child] = path.read_bytes()

    def new(self) -> int:
        """Return the number of an inode that was never used."""
        self._next += 1
        return self._next

    def find(self, path: str) -> int | None:
        """Return the inode at a path relative to the root, None if there is none; links are not followed."""
        inode: int | None = ROOT
        for name in path.split("/") if path else ():
            inode = None if inode is None else self.folders.get(inode, {}).get(name)
        return inode

    def place(self, path: str) -> tuple[int, str]:
        """Return the folder (its inode) that holds the last name of a path, and that name."""
        parent, _, name = path.rpartition("/")
        inode = self.find(parent)
        if inode is None or inode not in self.folders:
            raise LookupError(f"{path}: its folder is not there")
        return inode, name

    def apply(self, step: Step) -> None:
        """Let a step happen."""
        if isinstance(step, Names):
            apply_names(self.folders, step)
        elif isinstance(step, Bytes | Size):
            self.files[step.inode] = changed(self.files[step.inode], step)


def apply_names(folders: Folders, step: Names) -> None:
    """Set and remove names."""
    for folder, name, inode in step.sets:
        if inode is None:
            folders[folder].pop(name, None)
        else:
            folders[folder][name] = inode


def changed(content: bytes, step: Bytes | Size) -> bytes:
    """Return the content of a file after a step; what lies between an old end and a new start is zeros."""
    if isinstance(step, Size):
        return content[: step.size].ljust(step.size, b"\0")
    return content[: step.start].ljust(step.start, b"\0") + step.data + content[step.start + len(step.data) :]
