"""From strace's log of a sync to the steps that it made on the disk.

A call that can change a folder and is not known here is an error, never passed over. That the steps are all there is
to it is checked: after them the modelled disk must be, byte for byte, the folder that the sync really left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.faults.disk import Bytes, Disk, Durable, Names, Size, Step

CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)(?P<more>.*)$")
DESCRIPTOR = re.compile(r"^(?P<number>\d+|AT_FDCWD)<(?P<path>[^>]*)>")


class Recorder:
    """Turns the calls of one process that concern `folder` into steps, and lets them happen on `disk`."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = str(folder)
        self._disk = disk
        self._open: dict[str, tuple[int, bool]] = {}
        self._at: dict[str, int] = {}

    def steps(self, log: Path) -> Iterator[Step]:
        """Yield the steps of a log, in the order in which the calls came back."""
        for line in log.read_text().splitlines():
            match = CALL.match(line)
            if not match or int(match["result"]) < 0:
                continue  # killed within, or refused: nothing was changed
            arguments = match["arguments"].split(", ") if match["arguments"] else []
            for step in self._steps(match["name"], arguments, match["result"]):
                self._disk.apply(step)
                yield step

    def _steps(self, name: str, arguments: list[str], result: str) -> Iterator[Step]:
        if name in ("sync", "syncfs"):
            yield Durable(None)
        elif name in ("open", "openat"):
            yield from self._opened(arguments if name == "openat" else ["AT_FDCWD<>", *arguments], result)
        elif name in ("lseek", "read", "write", "pwrite64", "fsync", "fdatasync", "ftruncate"):
            yield from self._on_descriptor(name, arguments, int(result))
        elif paths := list(self._paths(arguments)):
            yield from self._on_names(name, paths, arguments)

    def _opened(self, arguments: list[str], result: str) -> Iterator[Step]:
        self._open.pop(result, None)
        path = next(self._paths(arguments[:2]), None)
        if path is None:
            return
        flags, inode = arguments[2].split("|"), self._disk.find(path)
        if inode is None:
            inode = self._disk.new()
            self._disk.files[inode] = b""
            yield Names(((*self._disk.place(path), inode),))
        elif "O_TRUNC" in flags and self._disk.files[inode]:
            yield Size(inode, 0)
        self._open[result] = (inode, "O_APPEND" in flags)
        self._at[result] = 0

    def _on_descriptor(self, name: str, arguments: list[str], result: int) -> Iterator[Step]:
        match = DESCRIPTOR.match(arguments[0])
        if not match or self._below(text(match["path"])) is None:
            return
        number = match["number"]
        inode, appends = self._open[number]
        if name in ("fsync", "fdatasync"):
            yield Durable(inode)
        elif name == "ftruncate":
            yield Size(inode, int(arguments[1]))
        elif name == "lseek":
            self._at[number] = result
        elif name == "pwrite64":
            yield Bytes(inode, int(arguments[3]), raw(arguments[1])[:result])
        else:
            if name == "write":
                start = len(self._disk.files[inode]) if appends else self._at[number]
                self._at[number] = start
                yield Bytes(inode, start, raw(arguments[1])[:result])
            self._at[number] += result

    def _on_names(self, name: str, paths: list[str], arguments: list[str]) -> Iterator[Step]:
        disk = self._disk
        if name in ("chmod", "fchmod", "fchmodat"):
            return  # modes are no part of what is judged
        if name in ("mkdir", "mkdirat"):
            inode = disk.new()
            disk.folders[inode] = {}
            yield Names(((*disk.place(paths[0]), inode),))
        elif name in ("symlink", "symlinkat"):
            inode = disk.new()
            disk.links[inode] = text(arguments[0])
            yield Names(((*disk.place(paths[-1]), inode),))
        elif name == "truncate" and (cut := disk.find(paths[0])) is not None:
            yield Size(cut, int(arguments[1]))
        elif name in ("unlink", "unlinkat", "rmdir"):
            yield Names(((*disk.place(paths[0]), None),))
        elif name in ("link", "linkat") and len(paths) == 2:
            yield Names(((*disk.place(paths[1]), disk.find(paths[0])),))
        elif name in ("rename", "renameat", "renameat2") and len(paths) == 2:
            yield Names(((*disk.place(paths[0]), None), (*disk.place(paths[1]), disk.find(paths[0]))))
        else:
            raise NotImplementedError(f"the replay does not know {name}({', '.join(arguments)[:300]})")

    def _paths(self, arguments: list[str]) -> Iterator[str]:
        # Paths below the folder that a call names, relative to it; relative to a descriptor where there is one before.
        base = ""
        for argument in arguments:
            if match := DESCRIPTOR.match(argument):
                base = text(match["path"])
                if match["number"] != "AT_FDCWD" and len(arguments) == 1:
                    yield from filter(None, [self._below(base)])
            elif argument.startswith('"'):
                path = text(argument)
                found = self._below(path if path.startswith("/") else f"{base}/{path}")
                if found is not None:
                    yield found

    def _below(self, path: str) -> str | None:
        if path == self._folder:
            return ""
        return path.removeprefix(f"{self._folder}/") if path.startswith(f"{self._folder}/") else None


def raw(argument: str) -> bytes:
    """Return the bytes of a string that strace wrote in hexadecimal."""
    return bytes.fromhex(argument.strip('"').replace("\\x", ""))


def text(argument: str) -> str:
    """Return the path of a string that strace wrote in hexadecimal."""
    return raw(argument).decode()
