"""Publishing: from the repository on this machine to where kiosks fetch it.

True always: only what is missing goes up, in the order of the format's page (blobs, heads, lists, snapshot, timestamp,
new roots), so a reader there sees a whole repository at any moment and an interrupted run is taken up by the next;
a target that is newer than this machine, or different, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Timestamp

from kiosk.errors import Conflict, TrustError
from kiosk.publish.destinations import FOLDERS, Destination

TIMESTAMP = "metadata/timestamp.json"
UNSIGNED = "metadata/unsigned/"
STEPS = ("blobs", "heads", "lists", "snapshot", "timestamp", "roots")

Progress = Callable[[int, int, str], None]
"""Told (bytes that went up, bytes in all, which step)."""


@dataclass(frozen=True)
class Upload:
    """What goes up, or went up: files and bytes, what is removed, and whether the target was up to date already."""

    files: int
    size_bytes: int
    removed: int
    kept: int


def publish(
    repository: Path, destination: Destination, *, prune: bool = False, dry_run: bool = False,
    progress: Progress | None = None,
) -> Upload:  # fmt: skip
    """Bring a destination up to date and return what that took.

    Args:
        repository: the folder of the repository.
        destination: where to.
        prune: also remove there what is not here any more.
        dry_run: only tell.
        progress: told after each file.

    Raises:
        Conflict: the target is newer than this repository, or is another one.
        MirrorError: it can not be reached, or not all arrived.
        TrustError: the repository here is not whole.
    """
    here, there = _files(repository), destination.files()
    if TIMESTAMP not in here:
        raise TrustError(f"{repository}: there is no whole repository", "kiosk repo verify")
    _check(repository, destination)
    wanted = {path: size for path, size in here.items() if there.get(path) != size or path == TIMESTAMP}
    if destination.read(TIMESTAMP) == (repository / TIMESTAMP).read_bytes():
        wanted.pop(TIMESTAMP)
    gone = [path for path in there if path not in here and not path.startswith(UNSIGNED)] if prune else []
    found = Upload(len(wanted), sum(wanted.values()), len(gone), len(here) - len(wanted))
    if not dry_run:
        _send(repository, destination, {path: _step(path, there) for path in wanted}, found.size_bytes, progress)
        for path in gone:
            destination.remove(path)
    return found


def _send(
    repository: Path, destination: Destination, steps: dict[str, str], size: int, progress: Progress | None
) -> None:
    done = 0
    for step in STEPS:

        def told(count: int, step: str = step) -> None:
            nonlocal done
            done += count
            if progress is not None:
                progress(done, size, step)

        destination.send({path: repository / path for path in sorted(steps) if steps[path] == step}, told)


def _files(repository: Path) -> dict[str, int]:
    return dict(_published(repository))


def _published(repository: Path) -> Iterator[tuple[str, int]]:
    for folder in FOLDERS:
        for path in (repository / folder).rglob("*"):
            relative = path.relative_to(repository)
            hidden = any(part.startswith(".") for part in relative.parts)
            if path.is_file() and not hidden and not relative.as_posix().startswith(UNSIGNED):
                yield relative.as_posix(), path.stat().st_size


def _step(path: str, there: dict[str, int]) -> str:
    if path.startswith("blobs/"):
        return "blobs"
    if path.startswith("targets/"):
        return "heads"
    if path == TIMESTAMP:
        return "timestamp"
    if path.endswith(".root.json"):  # a new repository is written root first
        return "roots" if TIMESTAMP in there else "lists"
    return "snapshot" if path.endswith(".snapshot.json") else "lists"


def _check(repository: Path, destination: Destination) -> None:
    found = destination.read(TIMESTAMP)
    mine = (repository / TIMESTAMP).read_bytes()
    if found is None or found == mine:
        return
    try:
        theirs: Metadata[Timestamp] = Metadata.from_bytes(found)
    except RepositoryError as error:
        raise TrustError(
            f"{destination.name}/{TIMESTAMP}: {error}", "is this the place? If so, remove that file and publish again"
        ) from error
    ours: Metadata[Timestamp] = Metadata.from_bytes(mine)
    newest = ours.signed.version
    if theirs.signed.version >= newest:
        raise Conflict(
            f"{destination.name}: version {theirs.signed.version} is published there, and {newest} is here",
            "somebody else published; take that over first: kiosk repo take",
        )
    first = destination.read("metadata/1.root.json")
    if first is not None and first != (repository / "metadata" / "1.root.json").read_bytes():
        raise Conflict(f"{destination.name}: this is another federation's repository", "name another target")
