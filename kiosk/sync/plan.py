"""The plan: by which ways the kiosk gets to what its channel offers, and what that costs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kiosk.packs.head import Head, Route
from kiosk.store.reasons import Refusal
from kiosk.sync.adoption import Adoption

Best = Callable[[Head, str], tuple[Route, Adoption | None]]
"""Returns the cheapest way to a version from the installed manifest, "" for none."""


@dataclass(frozen=True)
class Change:
    """What happens to one pack; a version of 0 stands for "not there"."""

    pack: str
    before: int
    after: int


@dataclass(frozen=True)
class Step:
    """A pack to bring in, and what comes for it: by a route, or besides books that were brought by hand."""

    head: Head
    route: Route
    adoption: Adoption | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of items that something comes of."""
        return self.adoption.kinds if self.adoption else self.head.kinds

    @property
    def new_bytes(self) -> int:
        """What is written on the card beside what comes for it: media are moved to their place, or are there."""
        here = self.adoption.here_bytes if self.adoption else 0
        return max(0, self.head.installed_bytes - self.head.full.media_bytes - here)


@dataclass(frozen=True)
class Plan:
    """What will change, the steps to it in the order they are taken, and the packs that wait, with the reason.

    `later` are the steps of those that wait.
    """

    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    left: Mapping[str, Refusal] = field(default_factory=dict)
    later: tuple[Step, ...] = ()


def changes(installed: Mapping[str, int], offered: Mapping[str, int]) -> tuple[Change, ...]:
    """Return what differs between pack -> version as installed and as offered, by name."""
    packs = sorted(installed.keys() | offered.keys())
    found = [Change(pack, installed.get(pack, 0), offered.get(pack, 0)) for pack in packs]
    return tuple(change for change in found if change.before != change.after)


def make(changed: tuple[Change, ...], offered: Sequence[Head], manifests: Mapping[str, str], best: Best) -> Plan:
    """Return the plan to get to the heads on offer; `manifests` maps an installed pack to its manifest's SHA-256."""
    wanted = {change.pack for change in changed}
    steps = [
        Step(head, *best(head, manifests.get(head.pack, "")))
        for head in offered
        if head.pack in wanted and manifests.get(head.pack) != head.manifest_sha256
    ]
    return Plan(changed, tuple(steps))
