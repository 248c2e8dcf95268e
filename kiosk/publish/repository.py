"""The signed repository: plain static files that any web server, stick or neighbour can carry.

    metadata/   timestamp.json, N.snapshot.json, N.targets.json, N.<channel>.json, N.root.json
    targets/    <channel>/<sha256>.<pack>.json     heads
    blobs/      ab/<sha256>                        routes, segments, media
    added/      <pack>-<version>.json              heads that no channel names yet; of no use to a kiosk

Owns: what is in it, and the order of writing: blobs, heads, the channel, snapshot, and `timestamp.json` last, so that
a reader sees a whole repository at any moment. A channel is a delegated role of TUF with a key of its own; to release
a pack is to put its head among the channel's targets. The format is told in docs/formats/repository.md.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Metadata, TargetFile, Targets

from kiosk.clock import Clock
from kiosk.errors import ConfigError, Conflict, KioskError, TrustError
from kiosk.packs import blobs
from kiosk.packs import head as heads
from kiosk.packs.blobs import file_sha256
from kiosk.packs.head import Head
from kiosk.publish import founding, keys, patches
from kiosk.publish.build import BuiltPack
from kiosk.publish.content import Content, unpacked
from kiosk.publish.drafting import alone, drafts
from kiosk.publish.external import published_blobs
from kiosk.publish.metadata import MetadataFolder, write_file
from kiosk.publish.patches import Progress
from kiosk.publish.signing import Signed, Signing, Waiting

PUT_BACK = "put back a good copy, or build and add the pack again"


@dataclass(frozen=True)
class Release:
    """A pack on a channel, as its signed list names it."""

    pack: str
    version: int
    installed_bytes: int


class Repository:
    """A repository in `folder`, signed with the keys in `key_folder`; `clock` dates the expiry of what is signed.

    Without a folder of keys it can be read, and filled: what it is given then waits for signatures. `ask` is asked for
    the passphrases of keys that have one.
    """

    def __init__(self, folder: Path, key_folder: Path | None, clock: Clock, ask: keys.Ask = keys.ask_nobody) -> None:
        self.folder = folder
        self.metadata = MetadataFolder(folder / "metadata", clock)
        self._keys = key_folder
        self._ask = ask

    def exists(self) -> bool:
        """Tell whether a repository was made here."""
        return self.metadata.exists()

    def init(self, channels: Iterable[str], passphrase: str | None = None) -> None:
        """Make keys, locked if there is a passphrase, an empty repository and its channels.

        Raises:
            Conflict: there is a repository, or a key, already.
            ConfigError: a channel's name can not be taken, or there is no folder for keys.
        """
        if self.exists():
            raise Conflict(f"{self.folder}: there is a repository already")
        if self._keys is None:
            raise ConfigError(f"{self.folder}: a new repository needs a folder for its keys")
        founding.found(self.metadata, self._keys, tuple(channels), passphrase)

    def add(self, built: BuiltPack, progress: Progress | None = None) -> Head:
        """Make the patches from the versions before, put all blobs into the repository, and return the head that can
        be released. Releases nothing.

        Raises:
            TrustError: a blob of the built pack is not what its name says.
        """
        with alone(self.folder):
            return self._add(built, progress)

    def _add(self, built: BuiltPack, progress: Progress | None) -> Head:
        path = self.folder / "added" / f"{built.head.pack}-{built.head.version}.json"
        if path.exists():
            head = heads.parse(path.read_bytes(), str(path))
            if head.manifest_sha256 == built.head.manifest_sha256:
                return head
        before = patches.starts(self.known_heads(built.head.pack), built.head)
        head = patches.with_patches(built, self.folder, before, progress)
        for sha256 in published_blobs(built.head, built.manifest):
            self._take(built.folder / blobs.location(sha256), sha256)
        path.parent.mkdir(exist_ok=True)
        os.sync()  # all blobs at once, before anything names them
        write_file(path, head.to_bytes())
        return head

    def _take(self, source: Path, sha256: str) -> None:
        target = self.folder / blobs.location(sha256)
        if file_sha256(target) == sha256:
            return
        if file_sha256(source) != sha256:
            raise TrustError(f"{source}: its bytes are not those that its name says", "build the pack again")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = drafts(self.folder) / sha256
        shutil.copyfile(source, draft)
        draft.rename(target)

    def known_heads(self, pack: str) -> list[Head]:
        """Return the heads of every version of a pack that lies in the repository, the newest first."""
        found = {}
        for path in self.folder.glob(f"targets/*/*.{pack}.json"):
            head = heads.parse(path.read_bytes(), str(path))
            found[head.manifest_sha256] = head
        return sorted(found.values(), key=lambda head: (-head.version, head.manifest_sha256))

    def release(self, built: Iterable[BuiltPack], channel: str, progress: Progress | None = None) -> list[BuiltPack]:
        """Put packs on a channel, sign, and return those that were not there yet. All or none.

        They are released once nothing `waiting` is left of the channel: its holders may be elsewhere.

        Raises:
            Conflict: the channel has a newer version, or the same version with other content.
            ConfigError: there is no such channel here, or no folder of keys.
            TrustError: the repository's own signatures do not hold.
        """
        with alone(self.folder):
            return self._release(built, channel, progress)

    def _release(self, built: Iterable[BuiltPack], channel: str, progress: Progress | None) -> list[BuiltPack]:
        held = keys.held(self._keys, self._ask)
        signed = self.metadata.next_of(channel)
        fresh = [each for each in built if self._is_new(each, channel, signed.signed)]
        for each in fresh:
            head = self._add(each, progress)
            data = head.to_bytes()
            target = TargetFile.from_data(target_path(channel, head.pack), data, ["sha256"])
            target.unrecognized_fields["custom"] = {
                "pack": head.pack, "version": head.version, "installed_bytes": head.installed_bytes,
            }  # fmt: skip
            path = self._head_path(target)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, data)
            signed.signed.targets[target.path] = target
        if fresh:
            self._stage(channel, signed, held)
        elif held and channel in self.metadata.waiting():  # an earlier run was cut before it signed
            Signing(self.metadata, held).sign()
        self.metadata.clean()
        return fresh

    def withdraw(self, pack: str, channel: str) -> None:
        """Take a pack off a channel and sign; kiosks drop it at their next sync.

        Raises:
            ConfigError: it is not there, or there is no folder of keys.
        """
        held = keys.held(self._keys, self._ask)
        with alone(self.folder):
            signed = self.metadata.next_of(channel)
            if signed.signed.targets.pop(target_path(channel, pack), None) is None:
                raise ConfigError(f"the pack '{pack}' is not on the channel '{channel}'")
            self._stage(channel, signed, held)

    def releases(self, channel: str) -> list[Release]:
        """Return what is on a channel, by name."""
        targets = self.metadata.channel(channel).signed.targets
        found = [targets[path].custom or {} for path in sorted(targets)]
        return [Release(c["pack"], c["version"], c["installed_bytes"]) for c in found]

    def sign(self, *, at_once: bool = False, renew: bool = False) -> Signed:
        """Sign all that waits with the keys that are here, and the date if the online keys are among them.

        Args:
            at_once: give channels to new keys before these have signed (see Signing.sign).
            renew: stage what expires within a quarter of its life, to be signed anew.

        Raises:
            ConfigError: there is no folder of keys, or none of them is of use.
            TrustError: the repository's own signatures do not hold.
        """
        held = keys.held(self._keys, self._ask)
        for role in ("root", "targets", *self.channels()) if renew else ():
            following = self.metadata.next_of(role)
            if self.metadata.expires_soon(role, following):
                self.metadata.stage(role, following)
        return Signing(self.metadata, held).sign(at_once=at_once)

    def waiting(self) -> tuple[Waiting, ...]:
        """Return what is not valid yet for want of signatures."""
        return Signing(self.metadata, {}).waiting()

    def expires(self) -> datetime:
        """Return by when the repository must be signed again."""
        return self.metadata.timestamp().signed.expires

    def channels(self) -> list[str]:
        """Return the names of the channels."""
        return sorted(self.metadata.versions().keys() - {"targets"})

    def root_bytes(self) -> bytes:
        """Return the first root metadata: what is put into a kiosk by hand, once, as its root of trust."""
        return (self.metadata.folder / "1.root.json").read_bytes()

    def verify(self) -> Iterator[KioskError]:
        """Read everything that is released, and yield an error for each file that is missing or was changed."""
        for channel in self.channels():
            try:
                targets = self.metadata.channel(channel).signed.targets.values()
            except TrustError as error:
                yield error
                continue
            for target in targets:
                try:
                    yield from self._faults(target)
                except KioskError as error:
                    yield error

    def _faults(self, target: TargetFile) -> Iterator[KioskError]:
        head = self._signed_head(target)
        for blob in head.all_blobs():
            path = self.folder / blobs.location(blob.sha256)
            if not path.is_file():
                yield TrustError(f"{path}: is missing", PUT_BACK)
            elif file_sha256(path) != blob.sha256:
                yield TrustError(f"{path}: its bytes were changed", PUT_BACK)
        with tempfile.TemporaryDirectory() as scratch:
            manifest = unpacked(self.folder, head, Content(Path(scratch))).manifest
        for sha256 in published_blobs(head, manifest) - {blob.sha256 for blob in head.all_blobs()}:
            path = self.folder / blobs.location(sha256)
            if file_sha256(path) != sha256:
                yield TrustError(f"{path}: is missing, or its bytes were changed", PUT_BACK)

    def _signed_head(self, target: TargetFile) -> Head:
        path = self._head_path(target)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TrustError(f"{path}: can not be read: {error.strerror}", PUT_BACK) from error
        if hashlib.sha256(data).hexdigest() != target.hashes["sha256"]:
            raise TrustError(f"{path}: its bytes were changed", PUT_BACK)
        return heads.parse(data, str(path))

    def _is_new(self, built: BuiltPack, channel: str, signed: Targets) -> bool:
        before = signed.targets.get(target_path(channel, built.head.pack))
        if before is None:
            return True
        released = self._signed_head(before)
        if released.manifest_sha256 == built.head.manifest_sha256:
            return False
        if built.head.version <= released.version:
            raise Conflict(
                f"{built.head.pack}: version {released.version} is on the channel '{channel}' with other content",
                f"set 'version: {released.version + 1}' in its pack.yaml and build it again",
            )
        return True

    def _stage(self, channel: str, signed: Metadata[Targets], held: keys.Held) -> None:
        self.metadata.stage(channel, signed)
        if held:
            Signing(self.metadata, held).sign()

    def _head_path(self, target: TargetFile) -> Path:
        return self.folder / head_location(target)


def target_path(channel: str, pack: str) -> str:
    """Return the path of a pack's head among the targets."""
    return f"{channel}/{pack}.json"


def head_location(target: TargetFile) -> str:
    """Return the path of a head's file, relative to the folder or URL of a repository."""
    folder, _, file = target.path.rpartition("/")
    return f"targets/{folder}/{target.hashes['sha256']}.{file}"
