"""One sync, from the refresh to the activation: decides, drives, and leaves events that tell how it went.

Owns: the order of the steps. True always: one sync at a time; whatever goes wrong, what is installed stays as it is
and goes on being served; when the budget ends it, the packs that are complete by then are shown and the rest waits.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from kiosk.clock import Clock, Reading
from kiosk.config import Config
from kiosk.errors import BudgetSpent, ConfigError, KioskError, NoSpace, StoreError
from kiosk.host import link, timekeeping
from kiosk.packs.manifest import Manifest
from kiosk.store import clock as clocks
from kiosk.store import db, events, generations, history, holds, manners, search_index
from kiosk.store.generations import InstalledPack, NewPack
from kiosk.store.holds import Hold
from kiosk.store.state import State
from kiosk.store.transfers import Step
from kiosk.store.usage import Link
from kiosk.sync import book_indexes, carry, install, lock, offers, papers, room, stage, updater
from kiosk.sync.failures import told
from kiosk.sync.fetch import Fetcher
from kiosk.sync.meter import Meter
from kiosk.sync.mirrors import Mirror
from kiosk.sync.offers import Offer
from kiosk.sync.progress import Counted, Noted, Progress
from kiosk.sync.session import Outcome, Session
from kiosk.sync.updater import Refreshed


class Agent:
    """Syncs the kiosk that `config` describes.

    Args:
        config: the kiosk.
        mirrors: whom to ask, the most wanted first.
        clock: dates what is written.
        by_hand: an operator brought a stick: a pause does not hold.
        wait: waits for some seconds between rounds to the mirrors; handed in so that tests need not.
        vouched: tells whether anyone vouches for that clock.
    """

    def __init__(
        self,
        config: Config,
        mirrors: Sequence[Mirror],
        clock: Clock,
        *,
        by_hand: bool = False,
        wait: Callable[[float], None] = time.sleep,
        vouched: Callable[[], bool] = timekeeping.vouched,
    ) -> None:
        self._config = config
        self._mirrors = tuple(mirrors)
        self._clock = clock
        self._by_hand = by_hand
        self._wait = wait
        self._vouched = vouched
        self._state = State(config.state)

    def run(self, progress: Progress | None = None) -> Outcome:
        """Bring the kiosk to what its channels offer now.

        Raises:
            BudgetSpent: nothing is wrong; the budget, hours, the link's rule or a pause ended it.
            TrustError, MirrorError, NoSpace, Conflict (a sync is running), ConfigError, HostError.
        """
        try:
            with self._counted() as (conn, meter):
                noted = Noted(conn, self._clock, progress)
                try:
                    return self._recorded(conn, meter, noted)
                finally:
                    noted.end()
        except OSError as error:  # before there is a database to tell it to
            raise told(error) from error

    def _recorded(self, conn: db.Connection, meter: Meter, noted: Noted) -> Outcome:
        try:
            noted.step(Step.LOOK)
            install.clear(self._state, conn)
            search_index.build_missing(conn, self._state)
            self._index_books(conn, self._state.current_number())
            session = Session(conn, meter, tuple(meter.usable(self._mirrors)))
            self._record(
                conn, "sync.started", mirrors=[mirror.name for mirror in session.mirrors],
                channels=list(self._config.sync.channels),
            )  # fmt: skip
            outcome = self._run(session, noted)
        except BudgetSpent as stop:
            meter.flush()
            self._record(
                conn,
                "sync.paused",
                message=stop.message,
                fetched_bytes=meter.total_bytes,
                **stop.detail,
            )
            raise
        except (KioskError, OSError) as error:
            raise self._failed(conn, error) from error
        with suppress(NoSpace):  # a full card can not note it; what it would say is true, and served
            self._record(
                conn, "sync.finished", generation=outcome.generation, fetched_bytes=outcome.fetched_bytes,
                changes=[[c.pack, c.before, c.after] for c in outcome.changes],
            )  # fmt: skip
        return outcome

    def offer(self) -> Offer:
        """Return what a sync would do now, after a trusted refresh, and note all that is on offer for the console;
        changes nothing that is served.

        Raises:
            As `run`.
        """
        try:
            with self._counted() as (conn, meter):
                return self._looked(conn, meter)
        except OSError as error:
            raise told(error) from error

    def _looked(self, conn: db.Connection, meter: Meter) -> Offer:
        try:
            self._record(conn, "look.started")
            offer = self._offer(Session(conn, meter, tuple(meter.usable(self._mirrors))), whole=True)
        except BudgetSpent as stop:
            self._record(conn, "look.paused", message=stop.message, **stop.detail)
            raise
        except (KioskError, OSError) as error:
            failure = told(error)
            with suppress(StoreError):
                self._record(conn, "look.failed", message=failure.message, hint=failure.hint or "")
            raise failure from error
        self._record(conn, "look.finished")
        return offer

    def _failed(self, conn: db.Connection, error: KioskError | OSError) -> KioskError:
        failure, failures = told(error), history.read(conn).failures + 1
        again = manners.next_try(failures, self._clock(), random.random())  # noqa: S311 - spreads kiosks, guards nothing
        with suppress(StoreError):  # a full card can not note that it is full; who called is told all the same
            self._record(
                conn, "sync.failed", error=type(failure).__name__, message=failure.message, hint=failure.hint or "",
                failures=failures, next_try=again.isoformat(),
            )  # fmt: skip
        return failure

    def _run(self, session: Session, noted: Noted) -> Outcome:
        offer = self._offer(session)
        if not offer.plan.changes and self._state.current_number():
            papers.read_left(self._state, session.conn, self._state.current_number(), self._clock())
            search_index.build_missing(session.conn, self._state)
            self._finish_cut(session.conn, offer)
            return Outcome(self._state.current_number(), (), session.meter.total_bytes, offer.plan.left)
        room.check(offer, self._state, self._config.sync.spare_bytes)
        noted.step(Step.FETCH, to_fetch := room.to_fetch(offer, self._state))
        staged, stop = self._staged(session, offer, Counted(session.meter, to_fetch, noted))
        if stop and not staged:
            raise stop
        noted.step(Step.INSTALL)
        packs = [
            NewPack(s.sha256, s.head.manifest_sha256, staged[s.head.pack]) for s in offer.heads if s.head.pack in staged
        ]
        packs += [self._as_it_is(pack) for pack in offer.kept(staged)]
        number = install.assemble(self._state, session.conn, packs, self._clock())
        papers.read(self._state, session.conn, number, self._clock())
        search_index.build(session.conn, self._state, number)
        self._index_books(session.conn, number)
        install.activate(self._state, session.conn, number)
        self._tidy(session.conn, offer, packs, parts=stop is None)
        changes = tuple(c for c in offer.plan.changes if not c.after or c.pack in staged)
        if stop:
            stop.detail.update(generation=number, changes=[[c.pack, c.before, c.after] for c in changes])
            raise stop
        return Outcome(number, changes, session.meter.total_bytes, offer.plan.left)

    def _index_books(self, conn: db.Connection, number: int) -> None:
        book_indexes.build(self._state, conn, number, self._config.sync.spare_bytes)

    def _finish_cut(self, conn: db.Connection, offer: Offer) -> None:
        # A sync that was cut after the switch left what it had fetched: it is kept for others now, and goes.
        if any(self._state.parts.iterdir()) or search_index.has_unused(conn):
            self._tidy(conn, offer, [self._as_it_is(pack) for pack in offer.installed.values()])

    def _tidy(self, conn: db.Connection, offer: Offer, packs: Sequence[NewPack], *, parts: bool = True) -> None:
        # What is served is whole by now. A card without room for this makes the sync no failure: the next one does it.
        new = {pack.manifest_sha256: pack for pack in packs}
        held = [
            carry.held(self._state, signed.channel, signed.head, new[signed.head.manifest_sha256])
            for signed in offer.heads
            if signed.head.manifest_sha256 in new
        ]
        try:
            carry.keep(self._state, held)
            install.prune(self._state, conn, parts=parts)
        except (OSError, NoSpace) as error:
            failure = told(error)
            if not isinstance(failure, NoSpace):
                raise
            with suppress(NoSpace):
                self._record(conn, "carry.failed", message=failure.message, hint=failure.hint or "")

    def _staged(
        self, session: Session, offer: Offer, counted: Counted
    ) -> tuple[dict[str, Manifest], BudgetSpent | None]:
        """Fetch and stage the plan's steps; return what is complete, and what ended it early."""
        staged: dict[str, Manifest] = {}
        for step in offer.plan.steps:
            counted.what = step.head.pack
            size = step.route.download_bytes
            refused = manners.may_take(session.meter.settings, Link.METERED, step.head.kinds, size)
            mirrors = [m for m in session.mirrors if not (refused and session.meter.link(m) is Link.METERED)]
            fetcher = Fetcher(mirrors, self._state.parts, counted, pause=self._wait)
            try:
                staged[step.head.pack] = stage.pack(self._state, session.conn, fetcher, step.head, step.route)
            except BudgetSpent as stop:
                return staged, stop
        return staged, None

    def _offer(self, session: Session, *, whole: bool = False) -> Offer:
        conn = session.conn
        held = tuple(holds.all_of(conn).values())
        whole = whole or session.meter.settings.packs is None
        refreshed = self._refreshed(session, held, whole=whole)
        number = self._state.current_number()
        current = generations.get(conn, number)
        installed = {pack.pack: pack for pack in current.packs} if current else {}
        with db.transaction(conn):
            holds.lift(conn, manners.lifted({s.head.pack: s.head.version for s in refreshed.heads}, held))
        offers.remember(conn, refreshed.heads, installed, whole=whole)
        links = {session.meter.link(mirror) for mirror in session.mirrors}
        link = next(each for each in Link if each in links)
        offer = offers.make(refreshed.heads, installed, session.meter.settings, held, link)
        room.check_claim(offer, self._config.sync.most_bytes)
        return offer

    def _refreshed(self, session: Session, held: Sequence[Hold], *, whole: bool) -> Refreshed:
        wanted = session.meter.settings.packs or ()
        refreshed = updater.refresh(
            session.mirrors, self._config.sync.channels, session.conn, self._state.trust, self._root(),
            self._reading(),
            packs=None if whole else frozenset(wanted).union(hold.pack for hold in held),
            meter=session.meter,
        )  # fmt: skip
        for warning in refreshed.warnings:
            warned = {"error": type(warning).__name__, "message": warning.message, "hint": warning.hint or ""}
            self._record(session.conn, "trust.warning", **warned)
        return refreshed

    def _as_it_is(self, pack: InstalledPack) -> NewPack:
        manifest = stage.installed_manifest(self._state, pack.manifest_sha256)
        return NewPack(pack.head_sha256, pack.manifest_sha256, manifest)

    def _reading(self) -> Reading:
        return Reading(self._clock(), self._vouched(), timekeeping.built())

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
            events.record(conn, kind, self._clock(), by_hand=self._by_hand, **detail)

    @contextmanager
    def _counted(self) -> Iterator[tuple[db.Connection, Meter]]:
        with (
            lock.alone(self._state),
            closing(db.connect(self._state.database)) as conn,
            # A day that is over for the kiosk's own time does not come again because a clock went back.
            Meter(
                conn,
                lambda: clocks.now(conn, self._reading()).at,
                self._config.time_zone,
                link.is_metered,
                by_hand=self._by_hand,
            ) as meter,
        ):
            yield conn, meter
