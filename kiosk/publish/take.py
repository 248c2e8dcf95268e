"""Taking over what others signed or published: from a stick, or from where it is published.

True always: what is taken is verified first, metadata up to the root that is here and files against the hash in their
name; nothing that is here is replaced by something older. The order is that of writing, so this copy stays whole.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from kiosk.errors import MirrorError, TrustError
from kiosk.packs import blobs
from kiosk.packs import head as heads
from kiosk.publish.destinations import Destination
from kiosk.publish.metadata import MetadataFolder, write_file
from kiosk.publish.upload import UNSIGNED

MOST_BYTES = {"blobs": blobs.BLOB_BYTES, "targets": heads.MOST_BYTES, "metadata": 5_000_000}
"""What is taken into memory, by folder: the limits of docs/formats/repository.md."""


@dataclass(frozen=True)
class Taken:
    """What was new to this copy: heads and blobs, their bytes, signed metadata, and files that wait for signatures."""

    files: int
    size_bytes: int
    metadata: tuple[str, ...]
    waiting: tuple[str, ...]


class Taking:
    """Brings a repository in `folder` up to what `source` has; a first copy needs its `metadata/1.root.json` only."""

    def __init__(self, folder: Path, metadata: MetadataFolder, source: Destination) -> None:
        self._folder = folder
        self._metadata = metadata
        self._source = source
        self._there = source.files()

    def take(self) -> Taken:
        """Take over all that is new and return what it was.

        Raises:
            TrustError: something there is not what its name, or its signatures, say.
            MirrorError: it can not be read.
        """
        files = [path for path in self._there if self._is_new(path)]
        size = sum(self._file(path) for path in files)
        signed = self._published()
        waiting = [path for path in self._there if path.startswith(UNSIGNED) and self._wait(path)]
        self._metadata.clean()
        return Taken(len(files), size, tuple(signed), tuple(path.removeprefix(UNSIGNED) for path in waiting))

    def _is_new(self, path: str) -> bool:
        if (self._folder / path).exists():
            return False
        return path.startswith("targets/") or path == blobs.location(path.rpartition("/")[2])

    def _file(self, path: str) -> int:
        data = self._read(path)
        if hashlib.sha256(data).hexdigest() != path.rpartition("/")[2].split(".")[0]:
            raise TrustError(f"{self._source.name}/{path}: its bytes are not those that its name says")
        place = self._folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        write_file(place, data)
        return len(data)

    def _published(self) -> list[str]:
        before = self._metadata.root()
        roots: list[Metadata[Root]] = [before]
        while (path := f"metadata/{roots[-1].signed.version + 1}.root.json") in self._there:
            roots.append(self._root(path, roots[-1].signed))
        root = roots[-1].signed
        timestamp: Metadata[Timestamp] = self._verified("metadata/timestamp.json", root, "timestamp", Timestamp)
        found: list[tuple[str, Metadata[Any]]] = []
        mine = self._metadata.timestamp().signed.version if self._metadata.exists() else 0
        if timestamp.signed.version > mine:
            found = [*self._lists(root, timestamp), ("timestamp", timestamp)]
        found += [("root", each) for each in roots[1:]]
        for role, metadata in found:
            self._metadata.put(role, metadata)
        return [f"{metadata.signed.version}.{role}.json" for role, metadata in found]

    def _lists(self, root: Root, timestamp: Metadata[Timestamp]) -> list[tuple[str, Metadata[Any]]]:
        number = timestamp.signed.snapshot_meta.version
        snapshot: Metadata[Snapshot] = self._verified(f"metadata/{number}.snapshot.json", root, "snapshot", Snapshot)
        versions = {name.removesuffix(".json"): file.version for name, file in snapshot.signed.meta.items()}
        mine = self._metadata.versions() if self._metadata.exists() else {}
        for role, version in mine.items():
            if versions.get(role, 0) < version:
                raise TrustError(
                    f"{self._source.name}: its '{role}' is older than the one here", "publish from here instead"
                )
        number = versions.pop("targets")
        top: Metadata[Targets] = self._verified(f"metadata/{number}.targets.json", root, "targets", Targets)
        found: list[tuple[str, Metadata[Any]]] = [
            (channel, self._verified(f"metadata/{version}.{channel}.json", top.signed, channel, Targets))
            for channel, version in versions.items()
            if mine.get(channel, 0) < version
        ]
        return [*found, ("targets", top), ("snapshot", snapshot)]

    def _wait(self, path: str) -> bool:
        number, _, role = path.removeprefix(UNSIGNED).removesuffix(".json").partition(".")
        theirs = self._parsed(path, Root if role == "root" else Targets)
        mine = self._metadata.waiting().get(role)
        if str(theirs.signed.version) != number or (mine is None and not self._metadata.may_wait(role, number)):
            return False
        if mine is None:
            self._metadata.put_unsigned(role, theirs)
            return True
        if theirs.signed_bytes != mine.signed_bytes:
            raise TrustError(
                f"{self._source.name}/{path}: it is not the one that waits here",
                f"look at both with kiosk repo sign --dry-run, and remove the wrong one from {UNSIGNED}",
            )
        fresh = {keyid: each for keyid, each in theirs.signatures.items() if keyid not in mine.signatures}
        mine.signatures.update(fresh)
        if fresh:
            self._metadata.put_unsigned(role, mine)
        return bool(fresh)

    def _root(self, path: str, before: Root) -> Metadata[Root]:
        found: Metadata[Root] = self._parsed(path, Root)
        try:
            result = found.signed.get_root_verification_result(before, found.signed_bytes, found.signatures)
        except ValueError as error:
            raise TrustError(f"{self._source.name}/{path}: {error}") from error
        if not result.verified:
            raise TrustError(f"{self._source.name}/{path}: it is not signed by those that the root here names")
        return found

    def _verified(self, path: str, above: Root | Targets, role: str, kind: type[Any]) -> Metadata[Any]:
        found = self._parsed(path, kind)
        try:
            above.verify_delegate(role, found.signed_bytes, found.signatures)
        except (RepositoryError, ValueError) as error:
            raise TrustError(f"{self._source.name}/{path}: {error}", "is this the same federation's?") from error
        return found

    def _parsed(self, path: str, kind: type[Any]) -> Metadata[Any]:
        try:
            found: Metadata[Any] = Metadata.from_bytes(self._read(path))
        except RepositoryError as error:
            raise TrustError(f"{self._source.name}/{path}: {error}") from error
        if not isinstance(found.signed, kind):
            raise TrustError(f"{self._source.name}/{path}: this is metadata of another kind")
        return found

    def _read(self, path: str) -> bytes:
        most = MOST_BYTES.get(path.partition("/")[0], 0)
        if self._there.get(path, 0) > most:
            raise TrustError(f"{self._source.name}/{path}: {self._there[path]} bytes are too many (at most {most})")
        data = self._source.read(path)
        if data is None:
            raise MirrorError(f"{self._source.name}/{path}: is missing", "is this a whole copy?")
        return data
