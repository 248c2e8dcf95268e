"""Signing: who may sign what waits, and when it becomes valid. Any number of holders, each on a machine of his own.

True always: files become valid together or not at all; root and targets only with the thresholds of those in force;
what a reader meets before a new root is signed for both roots, as far as the keys are here (see the format's page,
"Writing"). Which files are ready is decided by signatures alone, and is told apart from writing them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets

from kiosk.errors import ConfigError
from kiosk.publish.keys import Held, name_of
from kiosk.publish.metadata import ONLINE, MetadataFolder, signed_by


@dataclass(frozen=True)
class Waiting:
    """A file that is not valid yet: how many signatures it lacks, and the names of keys that could give them.

    With none lacking it waits for another file, or for somebody with the online keys.
    """

    role: str
    version: int
    missing: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Signed:
    """What came of signing: files that got a signature, files that became valid, and when the date runs out.

    `published` is empty when the online keys were not here.
    """

    added: tuple[str, ...]
    published: tuple[str, ...]
    expires: datetime


@dataclass
class _Ready:
    """What can become valid together."""

    root: Metadata[Root] | None = None
    targets: Metadata[Targets] | None = None
    channels: dict[str, Metadata[Targets]] = field(default_factory=dict)

    def files(self) -> Iterator[tuple[str, Metadata[Any]]]:
        """Yield the files but root, in the order of writing."""
        yield from self.channels.items()
        if self.targets is not None:
            yield "targets", self.targets


class Signing:
    """Signs what waits in a folder of metadata with the keys that are here."""

    def __init__(self, metadata: MetadataFolder, held: Held) -> None:
        self._folder = metadata
        self._held = held
        found = metadata.in_force()
        self._root, self._targets, self._versions = found.root, found.targets, found.versions
        self._next = metadata.waiting()

    def sign(self, *, at_once: bool = False) -> Signed:
        """Add the signatures of the keys that are here; make valid what has all, and sign the date.

        Args:
            at_once: give a channel to its new keys before they have signed its list, which then stands still.

        Raises:
            ConfigError: none of the keys here is of use.
        """
        added = tuple(self._add_signatures())
        ready = self._ready(at_once)
        signers = self._online(ready)
        if signers is None and not added and not self._useful():
            raise ConfigError(
                "none of the keys here may sign this repository, or what waits in it", "kiosk repo keys list"
            )
        published = tuple(self._publish(ready, signers)) if signers else ()
        return Signed(added, published, self._folder.timestamp().signed.expires)

    def waiting(self) -> tuple[Waiting, ...]:
        """Return what is not valid yet."""
        return tuple(self._wait(role, each) for role, each in self._next.items())

    def _wait(self, role: str, metadata: Metadata[Any]) -> Waiting:
        missing, keys = 0, dict[str, Key]()
        for above in self._above(role):
            result = above.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
            missing = max(missing, result.missing)
            keys |= result.unsigned if result.missing else {}
        return Waiting(role, metadata.signed.version, missing, tuple(sorted(name_of(key) for key in keys.values())))

    def _above(self, role: str) -> list[Root | Targets]:
        # Whose word decides on a role's keys: for root both versions, for others the next one if there is one.
        above, name = (self._root, "root") if role in ("root", "targets") else (self._targets, "targets")
        following = self._next.get(name)
        if role == "root":
            return [above.signed, following.signed] if following else [above.signed]
        found = (following or above).signed
        return [found] if _names(found, role) else []

    def _signers(self, role: str, *above: Metadata[Any] | None) -> list[Signer]:
        wanted = [
            keyid
            for each in above
            if each is not None and _names(each.signed, role)
            for keyid in each.signed.get_delegated_role(role).keyids
        ]
        return [self._held[keyid] for keyid in dict.fromkeys(wanted) if keyid in self._held]

    def _add_signatures(self) -> Iterator[str]:
        for role, metadata in self._next.items():
            name = "root" if role in ("root", "targets") else "targets"
            both = (self._root if name == "root" else self._targets, self._next.get(name))
            fresh = [s for s in self._signers(role, *both) if s.public_key.keyid not in metadata.signatures]
            if fresh:
                self._folder.put_unsigned(role, signed_by(metadata, fresh))
                yield f"{metadata.signed.version}.{role}.json"

    def _ready(self, at_once: bool) -> _Ready:
        root, targets = self._next.get("root"), self._next.get("targets")
        for ready in (_Ready(root, targets), _Ready(root), _Ready(None, targets)):
            if (ready.root or ready.targets) and self._is_ready(ready, at_once):
                break
        else:
            ready = _Ready()
        # A list whose keys are about to change waits for them too: else they would have to sign the one after it.
        above = [each.signed for each in (ready.targets or self._targets, targets) if each is not None]
        for role, metadata in self._next.items():
            if _names(above[0], role) and all(_holds(each, role, metadata) for each in above):
                ready.channels[role] = metadata
        return ready

    def _is_ready(self, ready: _Ready, at_once: bool) -> bool:
        above, top = (ready.root or self._root).signed, ready.targets or self._targets
        if ready.root is not None:
            root = ready.root
            result = root.signed.get_root_verification_result(self._root.signed, root.signed_bytes, root.signatures)
            if not result.verified:
                return False
        if not _holds(above, "targets", top):
            return False
        return at_once or ready.targets is None or all(self._stands(channel, top) for channel in _channels(top))

    def _stands(self, channel: str, top: Metadata[Targets]) -> bool:
        if channel in self._next and _holds(top.signed, channel, self._next[channel]):
            return True
        return channel in self._versions and _holds(top.signed, channel, self._folder.unchecked(channel))

    def _online(self, ready: _Ready) -> dict[str, list[Signer]] | None:
        above = ready.root or self._root
        for role in ONLINE:
            if len(self._signers(role, above)) < above.signed.get_delegated_role(role).threshold:
                return None
        return {role: self._signers(role, self._root, ready.root) for role in ONLINE}

    def _publish(self, ready: _Ready, signers: dict[str, list[Signer]]) -> Iterator[str]:
        versions = dict(self._versions)
        for role, metadata in ready.files():
            self._folder.put(role, metadata)
            versions[role] = metadata.signed.version
            yield f"{metadata.signed.version}.{role}.json"
        self._folder.put_online(versions, signers)
        if ready.root is not None:
            self._folder.put("root", ready.root)
            yield f"{ready.root.signed.version}.root.json"
        self._folder.clean()

    def _useful(self) -> bool:
        # A holder who comes a second time has done his part; that is no mistake.
        return any(keyid in self._held for each in self._next.values() for keyid in each.signatures)


def _names(above: Root | Targets, role: str) -> bool:
    try:
        above.get_delegated_role(role)
    except ValueError:
        return False
    return True


def _holds(above: Root | Targets, role: str, metadata: Metadata[Any]) -> bool:
    try:
        above.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError):
        return False
    return True


def _channels(top: Metadata[Targets]) -> list[str]:
    delegations = top.signed.delegations
    return sorted(delegations.roles) if delegations is not None and delegations.roles else []
