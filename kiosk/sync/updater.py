"""Trusted refresh: from the metadata of several mirrors to the heads that the channels really name.

Owns: which mirrors are asked, what is made of several answers, and the order in which an answer is made durable (files,
then the rows that remember it). True always: nothing is returned whose signatures, versions and hashes did not hold up
to the root that was put in by hand; a mirror that lies or lags is told in a warning and stops no other; a channel or a
head that can not be had leaves its packs as they were last; what is accepted is accepted whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kiosk import clock
from kiosk.clock import Freshness, Memory, Now, Reading, Witness
from kiosk.errors import ConfigError, KioskError, MirrorError, TrustError
from kiosk.store import clock as clocks
from kiosk.store import db, trust
from kiosk.sync.heads import Heads, SignedHead
from kiosk.sync.kept import Kept
from kiosk.sync.mirrors import Mirror
from kiosk.sync.source import Meter, Source
from kiosk.sync.walk import Past, Walk

__all__ = ["Refreshed", "SignedHead", "refresh"]

ISSUED = "x-issued"
"""The field of signed metadata that tells when it was signed; written by `publish.metadata`."""


@dataclass(frozen=True)
class Refreshed:
    """What the channels offer.

    Args:
        heads: one a pack, by pack name; a pack that several channels name is taken from the first of them.
        versions: role -> the version that was accepted.
        mirror: the name of the mirror whose metadata this is.
        freshness: how new it is, and whether the clock could be believed.
        warnings: what was wrong on the way; each names the mirror and file, and what was done without.
    """

    heads: tuple[SignedHead, ...]
    versions: dict[str, int]
    mirror: str
    freshness: Freshness
    warnings: tuple[KioskError, ...]


def refresh(
    mirrors: Sequence[Mirror],
    channels: Sequence[str],
    conn: db.Connection,
    folder: Path,
    root: bytes,
    reading: Reading,
    packs: frozenset[str] | None = None,
    meter: Meter | None = None,
) -> Refreshed:
    """Return what the channels offer now, and remember it.

    Args:
        mirrors: whom to ask, in this order. Those that cost nothing are all asked; of those on a metered link only as
            many as it takes to get one good answer.
        channels: which signed lists to follow, the most important first.
        conn: the kiosk's database, outside a transaction; keeps what must survive a power cut.
        folder: where verified metadata and heads are kept, laid out as a repository.
        root: the root metadata that was put in by hand.
        reading: what the machine says of the time.
        packs: the only packs whose heads are wanted, or None for all.
        meter: told of every body byte that arrives; what it raises ends the refresh.

    Raises:
        TrustError: no mirror has anything good; names the file at fault.
        MirrorError: no mirror can be reached, or none has all files.
        ConfigError: there is no mirror or channel to follow, or the root of trust is not one.
    """
    if not mirrors or not channels:
        raise ConfigError("there is no mirror, or no channel, to follow", "set sync.mirrors and sync.channels")
    return _Refresh(mirrors, channels, conn, Kept(folder), root, reading, packs, meter).run()


def anchor(path: Path) -> bytes:
    """Return the root metadata that was put in by hand. Raises ConfigError: it can not be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: the root of trust can not be read: {error.strerror}",
            "copy 1.root.json of the federation there; sync.trusted_root names the place",
        ) from error


class _Refresh:
    def __init__(
        self,
        mirrors: Sequence[Mirror],
        channels: Sequence[str],
        conn: db.Connection,
        kept: Kept,
        root: bytes,
        reading: Reading,
        packs: frozenset[str] | None,
        meter: Meter | None,
    ) -> None:
        self._sources = [Source(mirror, meter) for mirror in mirrors]
        self._channels = tuple(dict.fromkeys(channels))
        self._conn, self._kept, self._root, self._reading, self._packs = conn, kept, root, reading, packs
        self._past = Past(trust.roots(conn), trust.accepted(conn))
        self._warnings: list[KioskError] = []
        self._enough = False  # a mirror on a metered link gave a whole answer
        self._answer: tuple[Source, Walk, dict[str, KioskError]] | None = None

    def run(self) -> Refreshed:
        with db.transaction(self._conn):
            now = clocks.tick(self._conn, self._reading)
        for source in self._sources:
            self._ask(source, now)
        if self._answer is None:
            raise _joined(self._warnings)
        source, walk, failed = self._answer
        listed = self._listed(source, walk, failed)
        until = min(walk.trusted[role].expires for role in ("root", *walk.data))
        self._commit(walk, listed, self._learned(source, walk, now), until)
        versions = {role: int(walk.trusted[role].version) for role in ("root", *walk.data)}
        return Refreshed(listed, versions, source.name, Freshness(now, until), tuple(self._warnings))

    def _ask(self, source: Source, now: Now) -> None:
        if source.metered and self._enough:
            return
        walk = Walk(source, self._kept, self._past, self._root, now.at if now.trusted else clock.NEVER)
        failed: dict[str, KioskError] = {}
        whole = False
        try:
            walk.top()
            for channel in self._channels:
                try:
                    walk.channel(channel)
                except (TrustError, MirrorError) as error:
                    failed[channel] = error
            # A whole answer is better than half of a newer one.
            whole = not (failed and self._answer and not self._answer[2])
        except (TrustError, MirrorError) as error:
            self._warnings.append(error)
        finally:
            self._keep_roots()
            self._kept.hold(walk.fresh, whole=whole)  # neither the next mirror nor the next try need send them again
        if whole:
            if self._answer:  # what this one had to do without, the new one may have; it is told all the same
                self._warnings.extend(self._answer[2].values())
            self._answer = (source, walk, failed)
            self._enough = self._enough or (source.metered and not failed)
        else:
            self._warnings.extend(failed.values())

    def _keep_roots(self) -> None:
        if trust.roots(self._conn) != self._past.roots:
            with db.transaction(self._conn):
                trust.replace_roots(self._conn, self._past.roots)

    def _listed(self, source: Source, walk: Walk, failed: dict[str, KioskError]) -> tuple[SignedHead, ...]:
        """Return the heads, by pack. The mirror that answered is asked first, then the others."""
        others = [each for each in self._sources if each is not source]
        heads = Heads(self._kept, [source, *others], trust.heads(self._conn), self._packs)
        found: dict[str, SignedHead] = {}
        for channel in self._channels:
            named = {} if channel in failed else walk.taken(channel).targets
            for each in heads.kept(channel) if channel in failed else heads.named(channel, named):
                first = found.setdefault(each.head.pack, each)
                if first is not each:
                    told = f"the pack '{each.head.pack}' is on the channels '{first.channel}' and '{channel}'"
                    self._warnings.append(ConfigError(told, "it is taken from the first; follow one of them"))
        wrong = [*failed.values(), *heads.lost]
        if wrong and not heads.good:
            raise _joined(wrong)
        self._warnings.extend([*heads.warnings, *wrong])
        for pack in sorted((self._packs or frozenset()) - found.keys()):
            self._warnings.append(ConfigError(f"no channel offers the pack '{pack}'", "check sync.packs"))
        return tuple(found[pack] for pack in sorted(found))

    def _learned(self, source: Source, walk: Walk, now: Now) -> Memory:
        memory = clocks.memory(self._conn)
        for role in ("timestamp", "snapshot"):
            if role in self._past.accepted and not walk.stands(role):
                memory = clock.disowned(memory)
        heard = list(_witnesses(walk))
        for witness in heard:
            if now.trusted and witness.issued > now.at + clock.SKEW:
                told = f"it says it was signed on {witness.issued:%Y-%m-%d}, which is yet to come"
                hint = "a publisher's clock is wrong, or a key was stolen: tell the federation"
                self._warnings.append(TrustError(f"{source.name}/{walk.path(witness.role)}: {told}", hint))
        return clock.learned(memory, heard, self._reading, now)

    def _commit(self, walk: Walk, heads: Sequence[SignedHead], memory: Memory, until: datetime) -> None:
        roles, rows = walk.accepted(), {each.head.pack: each.named for each in heads}
        before = trust.heads(self._conn)
        needed = {walk.path(role) for role in walk.data} | {named.path for named in rows.values()}
        # Neighbours who are reading now may still want what was named before.
        spared = needed | {f"metadata/{old.version}.{role}.json" for role, old in self._past.accepted.items()}
        spared |= {named.path for named in before.values()}
        spared |= {f"metadata/{version}.root.json" for version in self._past.roots}
        self._kept.commit()
        with db.transaction(self._conn):
            if self._past.accepted | roles != self._past.accepted:
                trust.accept(self._conn, roles)
            if rows != before:
                trust.replace_heads(self._conn, rows)
            clocks.remember(self._conn, memory, until)
        self._kept.prune(spared)


def _witnesses(walk: Walk) -> Iterator[Witness]:
    # Timestamp and snapshot are signed on one machine: whoever has one of the keys may well have the other.
    online = frozenset[str]().union(*(walk.trusted.root.roles[role].keyids for role in ("timestamp", "snapshot")))
    for role in ("root", *walk.data):
        text = walk.trusted[role].unrecognized_fields.get(ISSUED)
        try:
            issued = datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:  # an older publisher did not say
            continue
        own = frozenset(walk.above(role).get_delegated_role(role).keyids)
        yield Witness(role, issued, online if role in ("timestamp", "snapshot") else own)


def _joined(errors: Sequence[KioskError]) -> KioskError:
    """Return one error that tells all; of the gravest kind among them."""
    first = next((each for each in errors if isinstance(each, TrustError)), errors[0])
    told = "; ".join(dict.fromkeys([first.message, *(each.message for each in errors)]))
    return type(first)(told, first.hint)
