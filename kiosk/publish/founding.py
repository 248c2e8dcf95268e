"""The beginning of a repository: its first keys and metadata, or the root of trust of somebody's that is copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuf.api.metadata import Metadata, Targets

from kiosk.errors import ConfigError, Conflict
from kiosk.publish import keys
from kiosk.publish.metadata import (
    ONLINE,
    MetadataFolder,
    check_channel_name,
    delegate,
    new_root,
    signed_by,
    write_file,
)


def found(metadata: MetadataFolder, folder: Path, channels: Sequence[str], passphrase: str | None = None) -> None:
    """Make keys in `folder`, locked if there is a passphrase, and the first metadata of a repository.

    Raises:
        Conflict: there is such a key already.
        ConfigError: a channel's name, or the passphrase, can not be taken.
    """
    for channel in channels:
        check_channel_name(channel)
    metadata.folder.mkdir(parents=True, exist_ok=True)
    roots = [keys.make(folder, name, passphrase) for name in keys.ROOT_KEYS]
    top = {role: keys.make(folder, role, passphrase) for role in ("targets", *ONLINE)}
    public = {role: [signer.public_key] for role, signer in top.items()}
    public["root"] = [signer.public_key for signer in roots]
    root = new_root(public, keys.ROOT_THRESHOLD, metadata.expiry("root"))
    metadata.put("root", signed_by(metadata.dated("root", root), roots))
    targets = Targets()
    for channel in channels:
        signer = keys.make(folder, key_of(channel), passphrase)
        delegate(targets, channel, [signer.public_key], 1)
        metadata.put(channel, signed_by(metadata.dated(channel, Metadata(Targets())), [signer]))
    metadata.put("targets", signed_by(metadata.dated("targets", Metadata(targets)), [top["targets"]]))
    versions = {"targets": 1} | dict.fromkeys(channels, 1)
    metadata.put_online(versions, {role: [top[role]] for role in ONLINE})


def trust(metadata: MetadataFolder, root: Path) -> None:
    """Begin a copy of somebody's repository with its first root metadata.

    Raises:
        Conflict: there is a repository already.
        ConfigError: the file can not be read.
    """
    if any(metadata.folder.glob("*.root.json")):
        raise Conflict(f"{metadata.folder}: there is a repository already", "leave out --root")
    try:
        data = root.read_bytes()
    except OSError as error:
        raise ConfigError(f"{root}: can not be read: {error.strerror}") from error
    metadata.folder.mkdir(parents=True, exist_ok=True)
    write_file(metadata.folder / "1.root.json", data)


def key_of(channel: str) -> str:
    """Return the name of a channel's first key."""
    return f"channel-{channel}"
