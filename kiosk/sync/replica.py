"""Writing a copy of a repository into a folder: on the card for neighbours, or on a stick.

Owns: how files come into such a folder. True always: each is written beside its place, made durable and renamed;
`timestamp.json` comes last, when all it vouches for is on the medium; nothing is written through a link, which a stick
may hold to any place of the kiosk.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

from kiosk.errors import Conflict, MirrorError
from kiosk.packs.blobs import is_as_long
from kiosk.store.state import write_durably
from kiosk.sync.mirrors import Mirror

PARTS = "parts"
"""Where in such a folder lies what is still being copied."""
MOST_METADATA_BYTES = 512 * 1024
UNTOLD = (errno.EINVAL, errno.ENOTSUP)
"""What a file system says that can not make a folder durable by itself."""


def metadata_in(folder: Path) -> dict[str, bytes]:
    """Return path in the repository -> bytes of the metadata in a folder laid out as one."""
    return {f"metadata/{path.name}": path.read_bytes() for path in (folder / "metadata").glob("[!.]*.json")}


def put(folder: Path, path: str, data: bytes) -> None:
    """Write a file beside its place and rename it, durably; nothing is done if it is there."""
    place = folder / path
    if is_as_long(place, len(data)) and place.read_bytes() == data:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.new")
    write_durably(draft, data)
    draft.rename(place)
    sync_names(place.parent)


def put_metadata(folder: Path, files: dict[str, bytes]) -> None:
    """Write metadata files by path; `timestamp.json` last."""
    last = "metadata/timestamp.json"
    for path in sorted(files.keys() - {last}):
        put(folder, path, files[path])
    for name in ("blobs", "targets", "."):
        if (folder / name).is_dir():
            sync_names(folder / name)
    if last in files:
        put(folder, last, files[last])


def sync_names(folder: Path) -> None:
    """Make the names in a folder durable, on file systems that can; others (some sticks) do it in their own time."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNTOLD:
            raise
    finally:
        os.close(descriptor)


def older_roots(metadata: dict[str, bytes], others: Sequence[Mirror]) -> dict[str, bytes]:
    """Return the roots from before those this kiosk knows: a kiosk with an older image must walk through them."""
    found: dict[str, bytes] = {}
    for version in range(1, min(root_versions(metadata))):
        path = f"metadata/{version}.root.json"
        for mirror in others:
            data = read_metadata(mirror, path)
            if version_of(data) == version:  # who takes it verifies its signatures, as always
                found[path] = data
                break
    return found


def root_versions(metadata: dict[str, bytes]) -> list[int]:
    """Return the versions of the roots that go up to the newest without a hole."""
    there = sorted(int(Path(path).name.split(".")[0]) for path in metadata if path.endswith(".root.json"))
    return [version for number, version in enumerate(there) if version - number == there[-1] - len(there) + 1]


def check_no_links(folder: Path) -> None:
    """Raise Conflict if there is a link where a repository would be written."""
    for name in ("blobs", "targets", "metadata", PARTS):
        for path in (folder / name, *sorted((folder / name).rglob("*"))):
            if path.is_symlink():
                raise Conflict(f"{path}: is a link; nothing is written through links", "remove it, or format the stick")


def read_metadata(mirror: Mirror, path: str) -> bytes:
    """Return a metadata file, b"" if it can not be had or is too long to be one."""
    data = bytearray()
    with contextlib.suppress(MirrorError):
        for piece in mirror.read(path):
            data += piece
            if len(data) > MOST_METADATA_BYTES:
                return b""
        return bytes(data)
    return b""


def version_of(data: bytes) -> int:
    """Return the version that a metadata file says it has, 0 if it says none."""
    try:
        version = json.loads(data)["signed"]["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return version if isinstance(version, int) else 0
