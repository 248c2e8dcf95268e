"""The signed metadata of a repository: reading it back with its signatures checked, and writing it.

Owns: the folder `metadata/` (The Update Framework 1.0, consistent snapshots). True always: what is signed anew was
itself verified first, so that bytes changed on a server are never signed by accident; files are written beside their
place, made durable and renamed; `timestamp.json` is the only name that is ever replaced.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import DelegatedRole, Delegations, Key, Metadata, MetaFile, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from kiosk.clock import Clock
from kiosk.errors import ConfigError, TrustError
from kiosk.publish import keys

LIVES = {
    "root": timedelta(days=5 * 365),
    "targets": timedelta(days=2 * 365),
    "channel": timedelta(days=2 * 365),
    "snapshot": timedelta(days=90),
    "timestamp": timedelta(days=90),
}
"""How long signed metadata is good: long, since a kiosk may be without a link for months."""
ONLINE = ("snapshot", "timestamp")
"""Roles whose keys are used at every release."""
SERIALIZER = JSONSerializer(compact=True)


class MetadataFolder:
    """The metadata in `folder`, signed with the keys in `key_folder`; `clock` dates what is signed."""

    def __init__(self, folder: Path, key_folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._keys = key_folder
        self._clock = clock

    def exists(self) -> bool:
        """Tell whether there is a whole repository: its timestamp is written last."""
        return (self.folder / "timestamp.json").is_file()

    def write_root(self, signers: dict[str, CryptoSigner]) -> None:
        """Write the first root metadata, from the signers of the root keys and of each role."""
        root = Root(expires=self.expiry("root"), consistent_snapshot=True)
        for name in keys.ROOT_KEYS:
            root.add_key(signers[name].public_key, "root")
        root.roles["root"].threshold = keys.ROOT_THRESHOLD
        for role in ("targets", *ONLINE):
            root.add_key(signers[role].public_key, role)
        self.write("root", Metadata(root), [signers[name] for name in keys.ROOT_KEYS])

    def write_targets(self, signer: CryptoSigner, channels: dict[str, CryptoSigner]) -> None:
        """Write the top-level targets metadata, which delegates to each channel the paths below its name."""
        roles = {
            name: DelegatedRole(name, [each.public_key.keyid], 1, terminating=True, paths=[f"{name}/*"])
            for name, each in channels.items()
        }
        found: dict[str, Key] = {each.public_key.keyid: each.public_key for each in channels.values()}
        top = Targets(expires=self.expiry("targets"), delegations=Delegations(found, roles))
        self.write("targets", Metadata(top), [signer])

    def sign_online(self, versions: dict[str, int]) -> None:
        """Sign a new snapshot of the roles' versions, and last of all a new timestamp."""
        number = self.timestamp().signed.version + 1 if self.exists() else 1
        meta = {f"{name}.json": MetaFile(version) for name, version in versions.items()}
        snapshot = Snapshot(version=number, expires=self.expiry("snapshot"), meta=meta)
        self.write("snapshot", Metadata(snapshot), [keys.load(self._keys, "snapshot")])
        timestamp = Timestamp(version=number, expires=self.expiry("timestamp"), snapshot_meta=MetaFile(number))
        self.write("timestamp", Metadata(timestamp), [keys.load(self._keys, "timestamp")])

    def root(self) -> Metadata[Root]:
        """Return the newest root metadata."""
        numbers = [int(path.name.split(".")[0]) for path in self.folder.glob("*.root.json")]
        found: Metadata[Root] = self._read(f"{max(numbers, default=1)}.root.json")
        return self._verified(found, found.signed, "root", "root.json")

    def timestamp(self) -> Metadata[Timestamp]:
        """Return the current timestamp metadata."""
        return self._verified(self._read("timestamp.json"), self.root().signed, "timestamp", "timestamp.json")

    def snapshot(self) -> Metadata[Snapshot]:
        """Return the current snapshot metadata."""
        name = f"{self.timestamp().signed.snapshot_meta.version}.snapshot.json"
        return self._verified(self._read(name), self.root().signed, "snapshot", name)

    def versions(self) -> dict[str, int]:
        """Return the current version of `targets` and of every channel."""
        return {name.removesuffix(".json"): file.version for name, file in self.snapshot().signed.meta.items()}

    def channel(self, channel: str) -> Metadata[Targets]:
        """Return the current metadata of a channel.

        Raises:
            ConfigError: there is no such channel.
            TrustError: its signature, or one above it, does not hold.
        """
        versions = self.versions()
        if channel not in versions or channel == "targets":
            known = ", ".join(sorted(versions.keys() - {"targets"}))
            raise ConfigError(f"{self.folder}: there is no channel '{channel}'", f"channels: {known}")
        top_name = f"{versions['targets']}.targets.json"
        top: Metadata[Targets] = self._verified(self._read(top_name), self.root().signed, "targets", top_name)
        name = f"{versions[channel]}.{channel}.json"
        return self._verified(self._read(name), top.signed, channel, name)

    def write(self, role: str, metadata: Metadata[Any], signers: list[CryptoSigner]) -> None:
        """Sign metadata with all of `signers` and write it under its versioned name."""
        metadata.signatures.clear()
        # Kiosks have no clock: what is signed tells when, and so that this much time has passed.
        metadata.signed.unrecognized_fields["x-issued"] = f"{self._clock():%Y-%m-%dT%H:%M:%SZ}"
        for signer in signers:
            metadata.sign(signer, append=True)
        name = "timestamp.json" if role == "timestamp" else f"{metadata.signed.version}.{role}.json"
        write_file(self.folder / name, metadata.to_bytes(SERIALIZER))

    def expiry(self, role: str) -> datetime:
        """Return when something of a role's kind expires that is signed now."""
        return self._clock() + LIVES[role]

    def _read(self, name: str) -> Metadata[Any]:
        try:
            return Metadata.from_bytes((self.folder / name).read_bytes())
        except OSError as error:
            raise ConfigError(f"{self.folder / name}: can not be read: {error.strerror}", "kiosk repo init") from error
        except RepositoryError as error:
            raise TrustError(f"{self.folder / name}: {error}", "put back a good copy of the repository") from error

    def _verified(self, found: Metadata[Any], above: Root | Targets, role: str, name: str) -> Metadata[Any]:
        try:
            above.verify_delegate(role, found.signed_bytes, found.signatures)
        except (RepositoryError, ValueError) as error:
            raise TrustError(f"{self.folder / name}: {error}", "put back a good copy of the repository") from error
        return found


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
