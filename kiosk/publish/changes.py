"""What a file that waits for signatures would change, in words: a holder should know what he signs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tuf.api.metadata import Metadata, Root, Targets

from kiosk.publish.keys import name_of


def changes(role: str, before: Metadata[Any] | None, after: Metadata[Any]) -> list[str]:
    """Return a line for each change from the current version of a role (None: there is none) to the next."""
    old, new = before.signed if before is not None else None, after.signed
    if role == "root":
        found = [line for each in new.roles for line in _keys(each, old, new)]
    elif role == "targets":
        found = [line for each in sorted(new.delegations.roles or {}) for line in _keys(each, old, new)]
    else:
        found = [*_packs(old, new)]
    return [*found, f"good until {new.expires:%Y-%m-%d}"]


def _keys(role: str, old: Root | Targets | None, new: Root | Targets) -> Iterator[str]:
    was, now = _held(role, old), _held(role, new)
    for keyid in now[0].keys() - was[0].keys():
        yield f"{role}: + key {now[0][keyid]} ({keyid[:12]})"
    for keyid in was[0].keys() - now[0].keys():
        yield f"{role}: - key {was[0][keyid]} ({keyid[:12]})"
    if was[1] != now[1]:
        yield f"{role}: {now[1]} of {len(now[0])} keys must sign (before: {was[1] or 'no such role'})"


def _held(role: str, above: Root | Targets | None) -> tuple[dict[str, str], int]:
    try:
        found = above.get_delegated_role(role) if above is not None else None
    except ValueError:
        found = None
    if above is None or found is None:
        return {}, 0
    return {keyid: name_of(above.get_key(keyid)) for keyid in found.keyids}, found.threshold


def _packs(old: Targets | None, new: Targets) -> Iterator[str]:
    was = old.targets if old is not None else {}
    for path in sorted(new.targets.keys() | was.keys()):
        if path not in new.targets:
            yield f"- {path}"
        elif path not in was or was[path].hashes != new.targets[path].hashes:
            version = (new.targets[path].custom or {}).get("version", "?")
            yield f"+ {path} version {version}, head {new.targets[path].hashes['sha256'][:16]}"
