"""The signed metadata of a repository: reading it with its signatures checked, what waits for signatures, and writing.

Owns: the folder `metadata/` (The Update Framework 1.0, consistent snapshots) and `metadata/unsigned/`. True always:
what is signed anew was itself verified first, so that bytes changed on a server are never signed by accident; files
are written beside their place, made durable and renamed; `timestamp.json` is the only name that is ever replaced.
Who may sign what, and when it becomes valid, is told in signing.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import DelegatedRole, Delegations, Key, Metadata, MetaFile, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from kiosk.clock import Clock
from kiosk.errors import ConfigError, TrustError
from kiosk.packs import names

LIVES = {
    "root": timedelta(days=5 * 365),
    "targets": timedelta(days=2 * 365),
    "channel": timedelta(days=2 * 365),
    "snapshot": timedelta(days=90),
    "timestamp": timedelta(days=90),
}
"""How long signed metadata is good: long, since a kiosk may be without a link for months."""
ISSUED = "x-issued"
ONLINE = ("snapshot", "timestamp")
"""Roles whose keys are used at every release."""
TOP_ROLES = ("root", "targets", *ONLINE)
SERIALIZER = JSONSerializer(compact=True)
GOOD_COPY = "put back a good copy of the repository"


@dataclass(frozen=True)
class InForce:
    """What decides on everything else: root, the current version of each list, and the list of channels."""

    root: Metadata[Root]
    versions: dict[str, int]
    targets: Metadata[Targets]


class MetadataFolder:
    """The metadata in `folder`; `clock` dates what is signed."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.unsigned = folder / "unsigned"
        self._clock = clock

    def exists(self) -> bool:
        """Tell whether there is a whole repository: its timestamp is written last."""
        return (self.folder / "timestamp.json").is_file()

    def root(self) -> Metadata[Root]:
        """Return the newest root metadata."""
        numbers = [int(path.name.split(".")[0]) for path in self.folder.glob("*.root.json")]
        found: Metadata[Root] = self._read(self.folder / f"{max(numbers, default=1)}.root.json")
        return self._verified(found, found.signed, "root", "root.json")

    def timestamp(self) -> Metadata[Timestamp]:
        """Return the current timestamp metadata."""
        return self._timestamp(self.root())

    def snapshot(self) -> Metadata[Snapshot]:
        """Return the current snapshot metadata."""
        return self._snapshot(self.root())

    def versions(self) -> dict[str, int]:
        """Return the current version of `targets` and of every channel."""
        return _versions(self.snapshot())

    def targets(self) -> Metadata[Targets]:
        """Return the current metadata of `targets`: the channels and their keys."""
        return self.in_force().targets

    def in_force(self) -> InForce:
        """Return what decides on everything else, each file of it read once."""
        root = self.root()
        versions = _versions(self._snapshot(root))
        name = f"{versions['targets']}.targets.json"
        return InForce(root, versions, self._verified(self._read(self.folder / name), root.signed, "targets", name))

    def channel(self, channel: str) -> Metadata[Targets]:
        """Return the current metadata of a channel.

        Raises:
            ConfigError: there is no such channel.
            TrustError: its signature, or one above it, does not hold.
        """
        found = self.in_force()
        if channel not in found.versions or channel == "targets":
            known = ", ".join(sorted(found.versions.keys() - {"targets"}))
            raise ConfigError(f"{self.folder}: there is no channel '{channel}'", f"channels: {known}")
        name = f"{found.versions[channel]}.{channel}.json"
        return self._verified(self._read(self.folder / name), found.targets.signed, channel, name)

    def unchecked(self, channel: str) -> Metadata[Targets]:
        """Return the current metadata of a channel whose keys may have been taken away."""
        return self._read(self.folder / f"{self.versions()[channel]}.{channel}.json")

    def current(self, role: str) -> Metadata[Any]:
        """Return the current metadata of `root`, `targets` or a channel."""
        if role == "root":
            return self.root()
        return self.targets() if role == "targets" else self.channel(role)

    def before(self, role: str) -> Metadata[Any] | None:
        """Return the current metadata of a role, to compare with: None for a new channel."""
        if role in ("root", "targets"):
            return self.current(role)
        return self.unchecked(role) if role in self.versions() else None

    def waiting(self) -> dict[str, Metadata[Any]]:
        """Return the next version of each role that waits for signatures: root, targets, then channels by name."""
        paths = sorted(self.unsigned.glob("*.json")) if self.unsigned.is_dir() else []
        current = self._numbers() if paths else {}
        found = {}
        for path in paths:
            number, _, role = path.name.removesuffix(".json").partition(".")
            if self._is_next(role, number, current):
                found[role] = self._read(path)
                if not isinstance(found[role].signed, Root if role == "root" else Targets):
                    raise TrustError(f"{path}: this is metadata of another kind", "remove it")
        return {role: found[role] for role in sorted(found, key=lambda role: (role not in TOP_ROLES, role))}

    def may_wait(self, role: str, number: str) -> bool:
        """Tell whether metadata of this number can be the next of a role, which may be new: it is after the current
        one, and not after the first number that no cut has left among the published files.
        """
        return self._is_next(role, number, self._numbers())

    def _numbers(self) -> dict[str, int]:
        root = self.root()
        return {**_versions(self._snapshot(root)), "root": root.signed.version}

    def _is_next(self, role: str, number: str, current: Mapping[str, int]) -> bool:
        now = current.get(role, 0)
        return number.isdigit() and now < int(number) <= self._free_version(role, now + 1)

    def _free_version(self, role: str, version: int) -> int:
        # A published name never changes what it says, not even one that a cut left without a timestamp: a copy of the
        # repository may have it. Roots follow each other without a gap, and are the last that is written.
        while role != "root" and (self.folder / f"{version}.{role}.json").exists():
            version += 1
        return version

    def next_of(self, role: str) -> Metadata[Any]:
        """Return the version of a role that waits for signatures or, if none does, the one to be after the current."""
        if role in (waiting := self.waiting()):
            return waiting[role]
        found = self.current(role)
        found.signed.version += 1
        return found

    def stage(self, role: str, metadata: Metadata[Any]) -> None:
        """Let the next version of a role wait for signatures, with none yet and a new date."""
        metadata.signatures.clear()
        (self.unsigned / f"{metadata.signed.version}.{role}.json").unlink(missing_ok=True)
        metadata.signed.version = self._free_version(role, metadata.signed.version)
        self.put_unsigned(role, self.dated(role, metadata))

    def dated(self, role: str, metadata: Metadata[Any]) -> Metadata[Any]:
        """Return metadata that is made now: it tells when, for kiosks without a clock, and until when it is good."""
        metadata.signed.unrecognized_fields[ISSUED] = f"{self._clock():%Y-%m-%dT%H:%M:%SZ}"
        metadata.signed.expires = self.expiry(role)
        return metadata

    def put_unsigned(self, role: str, metadata: Metadata[Any]) -> None:
        """Write metadata that waits, with the signatures that it has."""
        self.unsigned.mkdir(parents=True, exist_ok=True)
        write_file(self.unsigned / f"{metadata.signed.version}.{role}.json", metadata.to_bytes(SERIALIZER))

    def put(self, role: str, metadata: Metadata[Any]) -> None:
        """Write signed metadata under its versioned name, where readers see it."""
        name = "timestamp.json" if role == "timestamp" else f"{metadata.signed.version}.{role}.json"
        write_file(self.folder / name, metadata.to_bytes(SERIALIZER))

    def put_online(self, versions: dict[str, int], signers: dict[str, list[Signer]]) -> None:
        """Sign and write a new snapshot of the roles' versions, and last of all a new timestamp."""
        number = self.timestamp().signed.version + 1 if self.exists() else 1
        listed = self._free_version("snapshot", self.snapshot().signed.version + 1 if self.exists() else 1)
        meta = {f"{name}.json": MetaFile(version) for name, version in versions.items()}
        snapshot = self.dated("snapshot", Metadata(Snapshot(version=listed, meta=meta)))
        self.put("snapshot", signed_by(snapshot, signers["snapshot"]))
        timestamp = self.dated("timestamp", Metadata(Timestamp(version=number, snapshot_meta=MetaFile(listed))))
        self.put("timestamp", signed_by(timestamp, signers["timestamp"]))

    def clean(self) -> None:
        """Remove what waited and has become valid."""
        left = {f"{each.signed.version}.{role}.json" for role, each in self.waiting().items()}
        for path in list(self.unsigned.glob("*")) if self.unsigned.is_dir() else ():
            if path.name not in left:
                path.unlink()

    def expiry(self, role: str) -> datetime:
        """Return when something of a role's kind expires that is signed now."""
        return self._clock() + LIVES.get(role, LIVES["channel"])

    def expires_soon(self, role: str, metadata: Metadata[Any]) -> bool:
        """Tell whether less than a quarter of a role's life is left."""
        return bool(metadata.signed.expires - self._clock() < LIVES.get(role, LIVES["channel"]) / 4)

    def _timestamp(self, root: Metadata[Root]) -> Metadata[Timestamp]:
        found: Metadata[Timestamp] = self._read(self.folder / "timestamp.json")
        return self._verified(found, root.signed, "timestamp", "timestamp.json")

    def _snapshot(self, root: Metadata[Root]) -> Metadata[Snapshot]:
        name = f"{self._timestamp(root).signed.snapshot_meta.version}.snapshot.json"
        return self._verified(self._read(self.folder / name), root.signed, "snapshot", name)

    def _read(self, path: Path) -> Metadata[Any]:
        try:
            return Metadata.from_bytes(path.read_bytes())
        except OSError as error:
            raise ConfigError(f"{path}: can not be read: {error.strerror}", "kiosk repo init") from error
        except RepositoryError as error:
            raise TrustError(f"{path}: {error}", GOOD_COPY) from error

    def _verified(self, found: Metadata[Any], above: Root | Targets, role: str, name: str) -> Metadata[Any]:
        try:
            above.verify_delegate(role, found.signed_bytes, found.signatures)
        except (RepositoryError, ValueError) as error:
            raise TrustError(f"{self.folder / name}: {error}", GOOD_COPY) from error
        return found


def _versions(snapshot: Metadata[Snapshot]) -> dict[str, int]:
    return {name.removesuffix(".json"): file.version for name, file in snapshot.signed.meta.items()}


def new_root(keys: Mapping[str, Sequence[Key]], threshold: int, expires: datetime) -> Metadata[Root]:
    """Return a first root from the keys of each of the four top roles; `threshold` is that of root itself."""
    root = Root(expires=expires, consistent_snapshot=True)
    for role, those in keys.items():
        for key in those:
            root.add_key(key, role)
    root.roles["root"].threshold = threshold
    return Metadata(root)


def delegate(top: Targets, channel: str, keys: Iterable[Key], threshold: int) -> None:
    """Give a channel to the holders of keys; from then on only their signatures count for it."""
    found = {key.keyid: key for key in keys}
    if top.delegations is None:
        top.delegations = Delegations({}, {})
    roles = top.delegations.roles
    assert roles is not None  # noqa: S101 - hash bins are never used here
    roles[channel] = DelegatedRole(channel, list(found), threshold, terminating=True, paths=[f"{channel}/*"])
    used = {keyid for role in roles.values() for keyid in role.keyids}
    kept = {keyid: key for keyid, key in (top.delegations.keys | found).items() if keyid in used}
    top.delegations.keys = kept


def check_channel_name(channel: str) -> None:
    """Raise ConfigError if a channel can not be called that."""
    if not names.is_name(channel) or channel in TOP_ROLES:
        raise ConfigError(f"'{channel}' can not be the name of a channel", "a-z, 0-9 and hyphens")


def signed_by(metadata: Metadata[Any], signers: Iterable[Signer]) -> Metadata[Any]:
    """Add signatures to metadata and return it."""
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata


def write_file(path: Path, data: bytes) -> None:
    """Write a file durably: beside its place, then renamed."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
