"""What to take of what the channels offer: the operator's choice, what was gone back from, the link's rule, the order.

True always: choosing is pure. A pack that does not come now stays as it is installed, and is told with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kiosk.packs.head import Head
from kiosk.store import manners
from kiosk.store import offers as stored
from kiosk.store.db import Connection, transaction
from kiosk.store.generations import InstalledPack
from kiosk.store.holds import Hold
from kiosk.store.offers import Offered
from kiosk.store.settings import SyncSettings
from kiosk.store.usage import Link
from kiosk.sync import plan
from kiosk.sync.plan import Best, Plan
from kiosk.sync.updater import SignedHead


@dataclass(frozen=True)
class Offer:
    """A plan, the heads it is made of, the packs installed by name, and pack -> version as it should be in the end."""

    plan: Plan
    heads: tuple[SignedHead, ...]
    installed: Mapping[str, InstalledPack]
    versions: Mapping[str, int]

    @property
    def manifests(self) -> dict[str, str]:
        """The SHA-256 of the manifest of each pack that is installed."""
        return {name: pack.manifest_sha256 for name, pack in self.installed.items()}

    def kept(self, staged: Collection[str]) -> list[InstalledPack]:
        """Return what goes into the next generation as it is, when the packs `staged` are new in it."""
        packs = self.installed
        return [packs[pack] for pack in sorted(self.versions) if pack in packs and pack not in staged]


def make(
    heads: Sequence[SignedHead],
    installed: Mapping[str, InstalledPack],
    settings: SyncSettings,
    holds: Iterable[Hold],
    link: Link,
    best: Best,
) -> Offer:
    """Return what to take over a link that costs `link` at the least; `best` tells by which way."""
    current = {name: pack.version for name, pack in installed.items()}
    offered = {signed.head.pack: signed.head.version for signed in heads}
    versions = manners.wanted(offered, current, settings.packs, holds)
    manifests = {name: pack.manifest_sha256 for name, pack in installed.items()}
    full = plan.make(plan.changes(current, versions), [signed.head for signed in heads], manifests, best)
    sizes = {step.head.pack: step.route.download_bytes for step in full.steps}
    asked = {s.head.pack: manners.may_take(settings, link, s.kinds, s.route.download_bytes) for s in full.steps}
    left = {pack: refusal for pack, refusal in asked.items() if refusal}
    rank = {pack: place for place, pack in enumerate(manners.by_importance(sizes, settings.order))}
    made = replace(
        full,
        changes=tuple(change for change in full.changes if change.pack not in left),
        steps=tuple(sorted((s for s in full.steps if s.head.pack not in left), key=lambda s: rank[s.head.pack])),
        left=left,
        later=tuple(step for step in full.steps if step.head.pack in left),
    )
    return Offer(made, tuple(heads), installed, versions)


def by_hand_alone(offer: Offer) -> Offer:
    """Return what of an offer needs nothing but the books that were brought."""
    steps = tuple(step for step in offer.plan.steps if step.adoption and not step.route.download_bytes)
    packs = {step.head.pack for step in steps}
    changes = tuple(change for change in offer.plan.changes if change.pack in packs)
    return replace(offer, plan=Plan(changes, steps))


def waiting(offer: Offer) -> list[Head]:
    """Return the heads of what is wanted and not installed as it is offered."""
    return [
        each.head
        for each in offer.heads
        if offer.versions.get(each.head.pack) == each.head.version
        and offer.manifests.get(each.head.pack) != each.head.manifest_sha256
    ]


def remember(
    conn: Connection,
    heads: Sequence[SignedHead],
    installed: Mapping[str, InstalledPack],
    best: Best,
    *,
    whole: bool,
) -> None:
    """Note for the console what the channels offer; `whole` says that these are all packs there are."""
    found = []
    for signed in heads:
        head, here = signed.head, installed.get(signed.head.pack)
        route, _ = best(head, here.manifest_sha256 if here else "")
        found.append(
            Offered(
                head.pack, head.version, signed.channel, head.kinds, head.installed_bytes, head.full.media_bytes,
                head.full.download_bytes, here.version if here else 0, route.download_bytes,
            )
        )  # fmt: skip
    with transaction(conn):
        stored.remember(conn, found, whole=whole)
