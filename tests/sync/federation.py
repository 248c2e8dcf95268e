"""A federation that can be made to sign anything, mirrors of it in memory, and the trusting part of a kiosk."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from kiosk.clock import Reading
from kiosk.errors import TrustError
from kiosk.packs.blobs import Blob
from kiosk.packs.head import Head, Route
from kiosk.store import db
from kiosk.sync import updater
from kiosk.sync.mirrors import FileMissing, Mirror
from kiosk.sync.source import Meter
from kiosk.sync.updater import Refreshed
from tests.making import START, MovableClock

LIFE, ROOT_LIFE = timedelta(days=90), timedelta(days=5 * 365)
TOP = ("root", "timestamp", "snapshot", "targets")


@cache
def key(name: str) -> CryptoSigner:
    """Return the key of a name, the same for a whole run."""
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


def head_bytes(pack: str, version: int) -> bytes:
    """Return a head whose hashes lead nowhere."""
    return Head(
        pack, version, "a" * 64, 100, 1000, 1000, 1, ("document",), Route((Blob("b" * 64, 100, None),), 0)
    ).to_bytes()


@dataclass
class MemoryMirror:
    """Files in memory; `spoiled` holds the bytes, or the pieces, that are given for a path instead."""

    files: Mapping[str, bytes]
    name: str = "mirror"
    metered: bool = True
    spoiled: dict[str, bytes | Iterator[bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    given: int = 0

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self.asked.append(path)
        given = self.spoiled.get(path, self.files.get(path))
        if given is None:
            raise FileMissing(f"{self.name}/{path}: the mirror does not have this file")
        left = None if end is None else end - start
        for piece in (given[start:],) if isinstance(given, bytes) else given:
            wanted = piece[:left]
            self.given += len(wanted)
            yield wanted
            left = None if left is None else left - len(wanted)
            if left == 0:
                return

    def fetched(self) -> list[str]:
        """Return the files that were asked for and there."""
        return [path for path in self.asked if path in self.files or path in self.spoiled]


class Federation:
    """Roles with their keys by name; `signers` may be changed at will, and so may what is signed.

    `write` signs one role and puts it among the files; `publish` does so with all that is due, in order.
    """

    def __init__(self, clock: MovableClock, channels: Sequence[str] = ("stable",), threshold: int = 1) -> None:
        self.clock = clock
        self.files: dict[str, bytes] = {}
        self.signers: dict[str, list[CryptoSigner]] = {role: [key(f"{role}-1")] for role in TOP}
        self.signers["root"] = [key(f"root-{n}") for n in (1, 2)]
        self.roles: dict[str, Any] = {
            "root": Root(expires=self.expiry(5 * 4 * LIFE)),
            "targets": Targets(expires=self.expiry()),
        }
        for role in TOP:
            self.name_keys(role, self.signers[role], len(self.signers[role]))
        self.roles["targets"].delegations = Delegations({}, {})
        for channel in channels:
            self.roles[channel] = Targets(expires=self.expiry())
            self.delegate(channel, [key(f"{channel}-{n}") for n in range(threshold)], threshold)
        self.versions: dict[str, int] = {}
        self.number = 0
        self.write("root")
        self.publish("targets", *channels)

    def expiry(self, life: timedelta = LIFE) -> datetime:
        return self.clock() + life

    def anchor(self) -> bytes:
        return self.files["metadata/1.root.json"]

    def name_keys(self, role: str, signers: Sequence[CryptoSigner], threshold: int = 1) -> None:
        """Have the root name the keys of a top role, in the place of those before."""
        root: Root = self.roles["root"]
        for keyid in list(root.roles[role].keyids):
            root.revoke_key(keyid, role)
        for signer in signers:
            root.add_key(signer.public_key, role)
        root.roles[role].threshold = threshold
        self.signers[role] = list(signers)

    def delegate(self, channel: str, signers: Sequence[CryptoSigner], threshold: int = 1) -> None:
        """Have `targets` name the keys of a channel."""
        delegations: Delegations = self.roles["targets"].delegations
        assert delegations.roles is not None
        keyids = [signer.public_key.keyid for signer in signers]
        delegations.roles[channel] = DelegatedRole(channel, keyids, threshold, True, paths=[f"{channel}/*"])
        delegations.keys.update({signer.public_key.keyid: signer.public_key for signer in signers})
        self.signers[channel] = list(signers)

    def put(self, channel: str, pack: str, version: int, *, path: str | None = None) -> str:
        """List a head on a channel and return where it lies; not signed yet."""
        data = head_bytes(pack, version)
        target = TargetFile.from_data(path or f"{channel}/{pack}.json", data, ["sha256"])
        self.roles[channel].targets[target.path] = target
        folder, _, file = target.path.rpartition("/")
        place = f"targets/{folder}/{target.hashes['sha256']}.{file}"
        self.files[place] = data
        return place

    def release(self, channel: str, pack: str, version: int) -> str:
        """Put a pack version on a channel and publish."""
        place = self.put(channel, pack, version)
        self.publish(channel)
        return place

    def publish(self, *changed: str) -> None:
        """Sign the roles that changed under their next version, and snapshot and timestamp."""
        for role in changed:
            self.roles[role].version = self.versions.get(role, 0) + 1
            self.versions[role] = self.roles[role].version
            self.roles[role].expires = self.expiry()
            self.write(role)
        self.number += 1
        self.online(self.number)

    def online(self, number: int, versions: Mapping[str, int] | None = None) -> None:
        """Sign snapshot and timestamp under a number."""
        meta = {f"{role}.json": MetaFile(version) for role, version in (versions or self.versions).items()}
        self.roles["snapshot"] = Snapshot(version=number, expires=self.expiry(), meta=meta)
        self.write("snapshot")
        self.roles["timestamp"] = Timestamp(version=number, expires=self.expiry(), snapshot_meta=MetaFile(number))
        self.write("timestamp")

    def rotate(self, life: timedelta = ROOT_LIFE) -> None:
        """Publish the root under its next version, signed by those of before and those of now."""
        before = Metadata[Root].from_bytes(self.files[f"metadata/{self.roles['root'].version}.root.json"]).signed
        self.roles["root"].version += 1
        self.roles["root"].expires = self.expiry(life)
        old = [key(f"root-{number}") for number in range(1, 5)]
        mine = [signer for signer in old if signer.public_key.keyid in before.roles["root"].keyids]
        self.write("root", {s.public_key.keyid: s for s in [*mine, *self.signers["root"]]}.values())

    def write(self, role: str, signers: Any = None, issued: datetime | None = None) -> str:
        """Sign a role as it is, with its signers or others, and return where it lies."""
        signed = copy.deepcopy(self.roles[role])
        signed.unrecognized_fields["x-issued"] = f"{issued or self.clock():%Y-%m-%dT%H:%M:%SZ}"
        metadata = Metadata(signed)
        for signer in self.signers[role] if signers is None else signers:
            metadata.sign(signer, append=True)
        path = "metadata/timestamp.json" if role == "timestamp" else f"metadata/{signed.version}.{role}.json"
        self.files[path] = metadata.to_bytes()
        return path


class Kiosk:
    """The part of a kiosk that trusts: its database, its folder, and what its machine says of the time."""

    def __init__(self, folder: Path, federation: Federation) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder / "trust"
        self.conn = db.connect(folder / "kiosk.sqlite3")
        self.federation = federation
        self.anchor = federation.anchor()
        self.mirror = MemoryMirror(federation.files)
        self.vouched = True
        self.clock = MovableClock(federation.clock.now)
        self.channels: Sequence[str] = ("stable",)
        self.packs: frozenset[str] | None = None
        self.meter: Meter | None = None

    def refresh(self, *mirrors: Mirror) -> Refreshed:
        reading = Reading(self.clock(), self.vouched, START - LIFE)
        return updater.refresh(
            mirrors or (self.mirror,), self.channels, self.conn, self.folder, self.anchor, reading,
            self.packs, self.meter,
        )  # fmt: skip

    def poll(self, files: Mapping[str, bytes] | None = None) -> dict[str, int]:
        """Refresh from these files and return the version of each pack."""
        return packs(self.refresh(MemoryMirror(self.federation.files if files is None else files)))


def packs(refreshed: Refreshed) -> dict[str, int]:
    """Return pack -> version."""
    return {signed.head.pack: signed.head.version for signed in refreshed.heads}


def refused(kiosk: Kiosk, message: str, files: dict[str, bytes] | None = None) -> None:
    """Refresh, see it refused by the message, and see that what was accepted before is what is accepted after."""
    before = list(kiosk.conn.execute("SELECT * FROM trust_accepted ORDER BY role"))
    heads = list(kiosk.conn.execute("SELECT * FROM trust_heads ORDER BY pack"))
    with pytest.raises(TrustError, match=message) as refusal:
        kiosk.poll(files)
    assert refusal.value.hint
    assert list(kiosk.conn.execute("SELECT * FROM trust_accepted ORDER BY role")) == before
    assert list(kiosk.conn.execute("SELECT * FROM trust_heads ORDER BY pack")) == heads
