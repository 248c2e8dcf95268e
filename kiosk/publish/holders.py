"""Who holds keys: a role's keys and threshold, and how they are changed.

True always: a change is staged (it waits for signatures like all else), a threshold can be reached by the keys that
there are, and whatever was signed by keys that no longer count is staged to be signed anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from securesystemslib.signer import Key
from tuf.api.metadata import Metadata, Root, Targets

from kiosk.errors import ConfigError, Conflict
from kiosk.publish.keys import name_of
from kiosk.publish.metadata import ONLINE, TOP_ROLES, MetadataFolder, check_channel_name, delegate


@dataclass(frozen=True)
class Holder:
    """A key that counts for a role."""

    role: str
    threshold: int
    name: str
    keyid: str


def holders(metadata: MetadataFolder) -> list[Holder]:
    """Return every key that counts now: the top roles' first, then the channels'."""
    return [
        Holder(role, above.get_delegated_role(role).threshold, name_of(above.get_key(keyid)), keyid)
        for above, role in _roles(metadata)
        for keyid in above.get_delegated_role(role).keyids
    ]


@dataclass(frozen=True)
class Channel:
    """A channel as it is now: how many packs, its version, when it expires, and whose keys count."""

    channel: str
    packs: int
    version: int
    expires: datetime
    threshold: int
    keys: tuple[str, ...]


def channels(metadata: MetadataFolder) -> list[Channel]:
    """Return the channels by name, also one that stands still until its new holders have signed."""
    found, top = [], metadata.targets().signed
    for name in sorted(metadata.versions().keys() - {"targets"}):
        listed, role = metadata.unchecked(name).signed, top.get_delegated_role(name)
        holding = tuple(name_of(top.get_key(keyid)) for keyid in role.keyids)
        found.append(Channel(name, len(listed.targets), listed.version, listed.expires, role.threshold, holding))
    return found


def add_channel(metadata: MetadataFolder, channel: str, keys: list[Key], threshold: int) -> None:
    """Stage a new, empty channel for the holders of keys.

    Raises:
        ConfigError: its name, or the threshold, can not be taken.
        Conflict: there is such a channel.
    """
    check_channel_name(channel)
    _check_threshold(channel, keys, threshold)
    top = metadata.next_of("targets")
    if top.signed.delegations is not None and channel in (top.signed.delegations.roles or {}):
        raise Conflict(f"{metadata.folder}: there is a channel '{channel}' already", "kiosk repo channel list")
    delegate(top.signed, channel, keys, threshold)
    metadata.stage("targets", top)
    metadata.stage(channel, Metadata(Targets(expires=metadata.expiry(channel))))


def set_keys(metadata: MetadataFolder, role: str, keys: list[Key], threshold: int) -> None:
    """Stage other keys and another threshold for a role, and what must be signed anew because of it.

    Raises:
        ConfigError: there is no such role, or the threshold can not be taken.
    """
    _check_threshold(role, keys, threshold)
    if role in ONLINE and threshold > 1:
        raise ConfigError(f"{role}: this role signs at every release, with one key", "leave its threshold at 1")
    if role in TOP_ROLES:
        root: Metadata[Root] = metadata.next_of("root")
        for keyid in list(root.signed.roles[role].keyids):
            root.signed.revoke_key(keyid, role)
        for key in keys:
            root.signed.add_key(key, role)
        root.signed.roles[role].threshold = threshold
        metadata.stage("root", root)
        if role == "targets":
            metadata.stage("targets", metadata.next_of("targets"))
        return
    following = metadata.next_of(role)  # verified with the keys that are about to change
    top = metadata.next_of("targets")
    delegate(top.signed, role, keys, threshold)
    metadata.stage("targets", top)
    metadata.stage(role, following)


def keys_of(metadata: MetadataFolder, role: str) -> tuple[list[Key], int]:
    """Return the keys of a role and its threshold, as they are once what waits is signed.

    Raises:
        ConfigError: there is no such role.
    """
    above = metadata.next_of("root" if role in TOP_ROLES else "targets").signed
    try:
        found = above.get_delegated_role(role)
    except ValueError as error:
        known = ", ".join(role for _, role in _roles(metadata))
        raise ConfigError(f"{metadata.folder}: there is no role '{role}'", f"roles: {known}") from error
    return [above.get_key(keyid) for keyid in found.keyids], found.threshold


def without(role: str, keys: Iterable[Key], name: str) -> list[Key]:
    """Return the keys but the one of a name, or of an id that begins so.

    Raises:
        ConfigError: none, or more than one, is called that.
    """
    every = list(keys)
    found = [key for key in every if name_of(key) == name] or [key for key in every if key.keyid.startswith(name)]
    if len(found) != 1:
        known = ", ".join(f"{name_of(key)} ({key.keyid[:8]})" for key in every)
        raise ConfigError(f"{role}: {len(found) or 'none'} of its keys is called '{name}'", f"its keys: {known}")
    return [key for key in every if key.keyid != found[0].keyid]


def _check_threshold(role: str, keys: list[Key], threshold: int) -> None:
    if not 1 <= threshold <= len({key.keyid for key in keys}):
        raise ConfigError(
            f"{role}: {threshold} of {len(keys)} keys can not sign", "a threshold is at least 1 and at most all keys"
        )


def _roles(metadata: MetadataFolder) -> Iterator[tuple[Any, str]]:
    root, top = metadata.root().signed, metadata.targets().signed
    yield from ((root, role) for role in TOP_ROLES)
    if top.delegations is not None:
        yield from ((top, channel) for channel in sorted(top.delegations.roles or {}))
