"""One walk through one mirror's metadata: the root of trust, timestamp, snapshot, targets, and the channels.

Owns: the order of the steps of TUF's client, the names and the greatest lengths of files, and what of the past still
binds. The rules of each step are those of the `tuf` library (`TrustedMetadataSet`, private to it: its version is
pinned, and tests stand on this use); its client is not used, since it neither makes its files durable nor lets a
caller finish with another mirror what one began. True always: nothing is taken that is not signed as the role above
says and as new as all that was taken before; every refusal is a TrustError that names the mirror's file.

**What binds.** A version that was accepted is a floor while the signatures it was accepted by would still do. When the
root takes the key away that signed it, the floor falls with the key: so a federation recovers from a thief who
signed version 4,000,000,000. The numbers of timestamp and snapshot stand and fall with the timestamp's keys, those of
all lists with the snapshot's, as TUF has it. Roots only ever rise.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, cast
from urllib.parse import quote

from tuf.api.exceptions import (
    BadVersionNumberError,
    EqualVersionNumberError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, Targets
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

from kiosk.errors import ConfigError, MirrorError, TrustError
from kiosk.packs import names
from kiosk.store.trust import Accepted
from kiosk.sync.kept import Kept
from kiosk.sync.mirrors import FileMissing
from kiosk.sync.refusals import CHANGED, ROLLED_BACK, blamed
from kiosk.sync.source import Source

LIMITS = {"root": 512_000, "timestamp": 16_384, "snapshot": 2_000_000, "targets": 5_000_000}
"""Greatest bytes of a role's file; a channel is read by the limit of `targets`."""
TOP_ROLES = tuple(LIMITS)


@dataclass
class Past:
    """What was accepted before: the chain of roots (version -> SHA-256, grows as a walk goes on), and other roles."""

    roots: dict[int, str]
    accepted: dict[str, Accepted]


class Walk:
    """A walk through `source`; `kept` has what was verified before.

    Args:
        anchor: the root metadata that was put in by hand.
        reference_time: what expires by this moment is refused; `clock.NEVER` refuses nothing.

    Attributes:
        data: role -> the bytes that were accepted on this walk.
        fresh: path -> bytes of those of them that came from the mirror.
    """

    def __init__(self, source: Source, kept: Kept, past: Past, anchor: bytes, reference_time: datetime) -> None:
        self._source, self._kept, self._past = source, kept, past
        self.data: dict[str, bytes] = {}
        self.fresh: dict[str, bytes] = {}
        self._above: dict[str, str] = {}
        self.trusted = _start(kept, past, anchor)
        self.trusted.reference_time = reference_time

    def top(self) -> None:
        """Take the four top roles.

        Raises:
            TrustError: a signature, version, date or hash does not hold.
            MirrorError: a file can not be had.
        """
        self._roots()
        self._timestamp()
        self._snapshot()
        self.role("targets", "root")

    def role(self, role: str, above: str) -> Targets:
        """Take `targets`, or a role that another one, taken before, delegates to."""
        meta = self.trusted.snapshot.meta.get(f"{role}.json")
        if meta is None:
            raise TrustError(f"{self._source.name}: the snapshot does not list '{role}'", CHANGED)
        self._above[role] = above
        path = self.path_of(role, meta.version)
        local = self.fresh.get(path) or self._kept.read(path)
        if local is not None:
            with suppress(RepositoryError):
                taken = self.trusted.update_delegated_targets(local, role, above)
                self._floor(role, path)
                self.data[role] = local
                return taken
        data = self._fetch(path, min(meta.length or LIMITS["targets"], LIMITS["targets"]))
        with blamed(f"{self._source.name}/{path}"):
            try:
                taken = self.trusted.update_delegated_targets(data, role, above)
            except BadVersionNumberError as error:
                raise self._mixed(path, str(error)) from error
        self._floor(role, path)
        self._take(role, path, data)
        return taken

    def channel(self, name: str) -> Targets:
        """Take a channel, after `top`; it may list heads of its own alone, each under the name of a pack.

        Raises:
            TrustError, MirrorError: as `role`, or there is no such channel.
        """
        delegations = self.trusted.targets.delegations
        known = (delegations.roles if delegations else None) or {}
        if name not in known or name in TOP_ROLES or not names.is_name(name):
            raise TrustError(f"{self._source.name}: the federation has no channel '{name}'", "check sync.channels")
        taken = self.role(name, "targets")
        for path in taken.targets:
            folder, _, file = path.rpartition("/")
            own = folder == name and file.endswith(".json") and names.is_name(file.removesuffix(".json"))
            if not own or not known[name].is_delegated_path(path):
                del self.data[name]
                told = f"it lists '{path}', which is not this channel's to sign"
                raise TrustError(f"{self._source.name}/{self.path(name)}: {told}", "tell the federation")
        return taken

    def stands(self, role: str) -> bool:
        """Tell whether `timestamp` or `snapshot`, as accepted before, would be good under the keys of now."""
        before, now = self._past.accepted.get(role), self.trusted.root.get_delegated_role(role)
        return before is not None and len(before.signers & set(now.keyids)) >= now.threshold

    def accepted(self) -> dict[str, Accepted]:
        """Return what is to be remembered of every role that was taken."""
        return {role: self._accepted(role, data) for role, data in self.data.items()}

    def above(self, role: str) -> Root | Targets:
        """Return the metadata that names a role's keys."""
        return cast("Root | Targets", self.trusted[self._above.get(role, "root")])

    def taken(self, role: str) -> Targets:
        """Return what was taken of `targets` or a channel."""
        return cast("Targets", self.trusted[role])

    def path(self, role: str) -> str:
        """Return where the taken file of a role lies in a repository."""
        return self.path_of(role, self._version(role))

    def _roots(self) -> None:
        for version in count(self.trusted.root.version + 1):
            path = f"metadata/{version}.root.json"
            data = self._kept.read(path)
            if data is None or _sha256(data) != self._past.roots.get(version):
                try:
                    data = self._source.read(path, LIMITS["root"])
                except FileMissing:
                    break
            with blamed(f"{self._source.name}/{path}", {BadVersionNumberError: ("it is not the next root", CHANGED)}):
                self.trusted.update_root(data)
            self._kept.write(path, data)
            self._past.roots[version] = _sha256(data)
        root = self.trusted.root
        if root.version < max(self._past.roots):
            told = f"the root is version {root.version}, and {max(self._past.roots)} was seen before"
            raise TrustError(f"{self._source.name}/metadata/{root.version + 1}.root.json: missing: {told}", ROLLED_BACK)
        self._alive("root", f"metadata/{root.version}.root.json", root)

    def _timestamp(self) -> None:
        path = "metadata/timestamp.json"
        local = self._kept.read(path)
        if local is not None:
            with suppress(RepositoryError):
                self.trusted.update_timestamp(local)
        data = self._fetch(path, LIMITS["timestamp"])
        with blamed(f"{self._source.name}/{path}"):
            try:
                self.trusted.update_timestamp(data)
                self._take("timestamp", path, data)
            except EqualVersionNumberError:
                self.data["timestamp"] = local or data
            except ExpiredMetadataError:
                pass  # the library has taken it up all the same; it is told below, with the date
        self._floor("timestamp", path)
        self._alive("timestamp", path, self.trusted.timestamp)

    def _snapshot(self) -> None:
        meta = self.trusted.timestamp.snapshot_meta
        path = self.path_of("snapshot", meta.version)
        before = self._past.accepted.get("snapshot")
        old = self.path_of("snapshot", before.version) if before else path
        for each in dict.fromkeys((old, path)):
            local = self._kept.read(each)
            if local is None:
                continue
            with suppress(RepositoryError):  # an old one is still taken up, to hold the new one against
                self.trusted.update_snapshot(local, trusted=each == old)
                self._floor("snapshot", path)
                self.data["snapshot"] = local
                return
        data = self._fetch(path, min(meta.length or LIMITS["snapshot"], LIMITS["snapshot"]))
        with blamed(f"{self._source.name}/{path}"):
            try:
                self.trusted.update_snapshot(data)
            except BadVersionNumberError as error:
                raise self._rolled_back(path, data, error) from error
        self._floor("snapshot", path)
        self._take("snapshot", path, data)

    def _rolled_back(self, path: str, data: bytes, error: BadVersionNumberError) -> TrustError:
        # The library raises one kind of error for two things: the snapshot is not the one that the timestamp names, or
        # it names older files than the one before it, which then is still the one that is trusted.
        new: Snapshot = Metadata[Snapshot].from_bytes(data).signed
        for file, meta in self.trusted.snapshot.meta.items():
            if new.version == self.trusted.timestamp.snapshot_meta.version and new.meta[file].version < meta.version:
                older = f"it names version {new.meta[file].version} of {file}, and {meta.version} was seen before"
                return TrustError(f"{self._source.name}/{path}: {older}", ROLLED_BACK)
        return self._mixed(path, str(error))

    def _mixed(self, path: str, detail: str) -> TrustError:
        return TrustError(f"{self._source.name}/{path}: files of different states are mixed ({detail})", CHANGED)

    def _floor(self, role: str, path: str) -> None:
        # TUF's own protection reads files, which a power cut may have torn: then an old repository would pass.
        before, version = self._past.accepted.get(role), self._version(role)
        named_by = "timestamp" if role in ("timestamp", "snapshot") else "snapshot"
        if before and version < before.version and self.stands(named_by):
            raise TrustError(
                f"{self._source.name}/{path}: version {version} is older than {before.version}, which was seen before",
                ROLLED_BACK,
            )

    def _alive(self, role: str, path: str, signed: Signed) -> None:
        # Checked here, since the library would blame the next file for it.
        if signed.is_expired(self.trusted.reference_time):
            with blamed(f"{self._source.name}/{path}"):
                raise ExpiredMetadataError(f"{role} was good until {signed.expires:%Y-%m-%d %H:%M} UTC")

    def _version(self, role: str) -> int:
        return int(self.trusted[role].version)

    def path_of(self, role: str, version: int) -> str:
        """Return where a version of a role lies in a repository."""
        number = f"{version}." if self.trusted.root.consistent_snapshot and role != "timestamp" else ""
        return f"metadata/{number}{quote(role, '')}.json"

    def _fetch(self, path: str, limit: int) -> bytes:
        try:
            return self._source.read(path, limit)
        except FileMissing as error:
            raise MirrorError(error.message, error.hint or "is this the address of a whole repository?") from error

    def _take(self, role: str, path: str, data: bytes) -> None:
        self.data[role] = self.fresh[path] = data

    def _accepted(self, role: str, data: bytes) -> Accepted:
        before = self._past.accepted.get(role)
        if before and before.sha256 == _sha256(data):
            return before
        found: Metadata[Any] = Metadata.from_bytes(data)
        signed = self.above(role).get_verification_result(role, found.signed_bytes, found.signatures).signed
        return Accepted(self._version(role), _sha256(data), frozenset(signed))


def _start(kept: Kept, past: Past, anchor: bytes) -> TrustedMetadataSet:
    """Return the newest root that was accepted below this anchor; another anchor than before begins a chain anew."""
    try:
        trusted = TrustedMetadataSet(anchor, EnvelopeType.METADATA)
    except RepositoryError as error:
        raise ConfigError(
            f"the root of trust that was put in by hand is not valid: {error}",
            "copy 1.root.json of the federation; sync.trusted_root names the place",
        ) from error
    first = trusted.root.version
    if past.roots.get(first) != _sha256(anchor):
        past.roots.clear()
        past.roots[first] = _sha256(anchor)
    path = f"metadata/{first}.root.json"
    if kept.read(path) != anchor:
        kept.write(path, anchor)
    for version in sorted((number for number in past.roots if number > first), reverse=True):
        data = kept.read(f"metadata/{version}.root.json")
        if data is not None and _sha256(data) == past.roots[version]:
            return TrustedMetadataSet(data, EnvelopeType.METADATA)
    return trusted


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
