"""One sync, from the refresh to the activation: decides, drives, and leaves events that tell how it went.

Owns: the order of the steps and the lock. True always: one sync at a time; whatever goes wrong, what is installed
stays as it is and goes on being served.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.errors import ConfigError, HostError, KioskError, NoSpace
from kiosk.packs.head import Head
from kiosk.packs.manifest import Manifest
from kiosk.store import db, events, generations, trust
from kiosk.store.generations import InstalledPack, NewPack
from kiosk.store.state import State
from kiosk.sync import install, lock, plan, stage, updater
from kiosk.sync.fetch import Fetcher
from kiosk.sync.mirrors import Mirror
from kiosk.sync.plan import Change, Plan
from kiosk.sync.updater import SignedHead

Progress = Callable[[int, int, str], None]
"""Told (bytes done, bytes in all, file) as files arrive."""


@dataclass(frozen=True)
class Outcome:
    """How a sync ended: the generation that is current, what changed (nothing: it was up to date), bytes fetched."""

    generation: int
    changes: tuple[Change, ...]
    fetched_bytes: int


@dataclass(frozen=True)
class Offer:
    """A plan, all heads on offer, and what is installed now."""

    plan: Plan
    heads: tuple[SignedHead, ...]
    installed: dict[str, InstalledPack]


class Agent:
    """Syncs the kiosk that `config` describes from a mirror; `clock` dates what it writes."""

    def __init__(self, config: Config, mirror: Mirror, clock: Clock) -> None:
        self._config = config
        self._mirror = mirror
        self._clock = clock
        self._state = State(config.state)
        self._channel = config.sync.channels[0]

    def run(self, progress: Progress | None = None) -> Outcome:
        """Bring the kiosk to what its channel offers now.

        Raises:
            TrustError, MirrorError, NoSpace, Conflict (a sync is running), ConfigError, HostError.
        """
        with self._session() as conn:
            self._record(conn, "sync.started", mirror=self._mirror.name, channel=self._channel)
            try:
                outcome = self._run(conn, progress or _silent)
            except (KioskError, OSError) as error:
                told = _told(error)
                self._record(conn, "sync.failed", error=type(told).__name__, message=told.message, hint=told.hint or "")
                raise told from error
            self._record(
                conn, "sync.finished", generation=outcome.generation, fetched_bytes=outcome.fetched_bytes,
                changes=[[c.pack, c.before, c.after] for c in outcome.changes],
            )  # fmt: skip
            return outcome

    def offer(self) -> Plan:
        """Return what a sync would do now, after a trusted refresh; changes nothing that is served.

        Raises:
            As `run`.
        """
        with self._session() as conn:
            try:
                return self._offer(conn).plan
            except OSError as error:
                raise _told(error) from error

    def _run(self, conn: db.Connection, progress: Progress) -> Outcome:
        offer = self._offer(conn)
        if not offer.plan.changes and self._state.current_number():
            return Outcome(self._state.current_number(), (), 0)
        self._check_room(offer.plan)
        counted = _Counted(offer.plan.download_bytes, progress)
        fetcher = Fetcher([self._mirror], self._state.parts, counted.arrived)
        staged: dict[str, Manifest] = {}
        for step in offer.plan.steps:
            counted.what = step.head.pack
            staged[step.head.pack] = stage.pack(self._state, conn, fetcher, step.head, step.route)
        packs = [NewPack(s.head, s.sha256, staged.get(s.head.pack) or self._installed(s.head)) for s in offer.heads]
        number = install.assemble(self._state, conn, packs, self._clock())
        install.activate(self._state, number)
        install.prune(self._state, conn)
        return Outcome(number, offer.plan.changes, counted.done)

    def _offer(self, conn: db.Connection) -> Offer:
        sync = self._config.sync
        refreshed = updater.refresh(self._mirror, self._channel, self._state.trust, self._root(), trust.floors(conn))
        with db.transaction(conn):
            trust.raise_floors(conn, refreshed.versions)
        claimed = sum(signed.head.installed_bytes for signed in refreshed.heads)
        if claimed > sync.most_bytes:
            raise NoSpace(
                f"the channel '{self._channel}' takes {claimed:,} bytes; this kiosk takes at most {sync.most_bytes:,}",
                "raise sync.most_mb, or follow a smaller channel",
            )
        current = generations.get(conn, self._state.current_number())
        installed = {pack.pack: pack for pack in current.packs} if current else {}
        changed = plan.changes(
            {name: pack.version for name, pack in installed.items()},
            {signed.head.pack: signed.head.version for signed in refreshed.heads},
        )
        manifests = {name: pack.manifest_sha256 for name, pack in installed.items()}
        made = plan.make(changed, [signed.head for signed in refreshed.heads], manifests)
        return Offer(made, refreshed.heads, installed)

    def _installed(self, head: Head) -> Manifest:
        return stage.installed_manifest(self._state, head.manifest_sha256)

    def _check_room(self, wanted: Plan) -> None:
        spare = self._config.sync.spare_bytes
        free = shutil.disk_usage(self._state.folder).free
        if free < wanted.card_bytes + spare:
            raise NoSpace(
                f"{wanted.card_bytes:,} bytes are needed for what is new and {spare:,} must stay free;"
                f" the card has {free:,} free",
                "make room, or follow a smaller channel",
            )

    def _root(self) -> bytes:
        path = self._config.sync.trusted_root
        try:
            return path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{path}: the root of trust can not be read: {error.strerror}",
                "copy 1.root.json of the federation there; sync.trusted_root names the place",
            ) from error

    def _record(self, conn: db.Connection, kind: str, **detail: object) -> None:
        with db.transaction(conn):
            events.record(conn, kind, self._clock(), **detail)

    @contextmanager
    def _session(self) -> Iterator[db.Connection]:
        with lock.alone(self._state), closing(db.connect(self._state.database)) as conn:
            yield conn


class _Counted:
    """Counts what arrives, and tells the progress of it."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.done = 0
        self.what = ""
        self._total = total
        self._progress = progress

    def arrived(self, mirror: Mirror, count: int) -> None:
        self.done += count
        self._progress(min(self.done, self._total), self._total, self.what)


def _told(error: KioskError | OSError) -> KioskError:
    if isinstance(error, KioskError):
        return error
    if error.errno == errno.ENOSPC:
        return NoSpace(f"the card is full ({error.filename or 'while writing'})", "make room and sync again")
    return HostError(f"{error.filename or 'the card'}: {error.strerror or error}", "is the card in order?")


def _silent(done: int, total: int, path: str) -> None:
    """Tell nobody."""
