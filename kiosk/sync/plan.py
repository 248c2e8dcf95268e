"""The plan: what must be fetched so that the kiosk has what a channel offers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kiosk.packs.manifest import Entry, Manifest


@dataclass(frozen=True)
class Change:
    """What happens to one pack; a version of 0 stands for "not there"."""

    pack: str
    before: int
    after: int


@dataclass(frozen=True)
class Plan:
    """What will change, the files to fetch (each once), and their bytes together."""

    changes: tuple[Change, ...]
    files: tuple[Entry, ...]
    download_bytes: int


def changes(installed: Mapping[str, int], offered: Mapping[str, int]) -> tuple[Change, ...]:
    """Return what differs between pack -> version as installed and as offered, by name."""
    packs = sorted(installed.keys() | offered.keys())
    found = [Change(pack, installed.get(pack, 0), offered.get(pack, 0)) for pack in packs]
    return tuple(change for change in found if change.before != change.after)


def make(changed: tuple[Change, ...], manifests: Sequence[Manifest], have: Callable[[str], bool]) -> Plan:
    """Return the plan for what is offered; `have` tells whether the file with a SHA-256 is here already."""
    files: dict[str, Entry] = {}
    for manifest in manifests:
        for item in manifest.items:
            for entry in item.entries:
                if not have(entry.sha256):
                    files.setdefault(entry.sha256, entry)
    return Plan(changed, tuple(files.values()), sum(entry.size_bytes for entry in files.values()))
