"""One sync, from the refresh to the activation: decides, drives, and leaves events that tell how it went.

Owns: the order of the steps. True always: one sync at a time; whatever goes wrong, what is installed stays as it is
and goes on being served; when the budget ends it, the packs that are complete by then are shown and the rest waits.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial

from kiosk.clock import Clock, Reading
from kiosk.config import Config
from kiosk.errors import BudgetSpent, KioskError, NoSpace, StoreError
from kiosk.host import link, timekeeping
from kiosk.store import clock as clocks
from kiosk.store import db, events, generations, history, holds, manners, search_index
from kiosk.store.generations import InstalledPack, NewPack
from kiosk.store.holds import Hold
from kiosk.store.state import State
from kiosk.store.transfers import Step
from kiosk.store.usage import Link
from kiosk.sync import adoption, book_indexes, by_hand, install, lock, offers, papers, room, stage, tidying, updater
from kiosk.sync.bringing import Bringing
from kiosk.sync.by_hand import Stick
from kiosk.sync.failures import told
from kiosk.sync.meter import Meter
from kiosk.sync.mirrors import Mirror
from kiosk.sync.offers import Offer
from kiosk.sync.outstanding import bytes_to_fetch
from kiosk.sync.progress import Counted, Noted, Progress, Work, untold
from kiosk.sync.session import Books, Outcome, Session
from kiosk.sync.set_aside import arrange, trim
from kiosk.sync.updater import Refreshed, SignedHead


class Agent:
    """Syncs the kiosk that `config` describes.

    Args:
        config: the kiosk.
        mirrors: whom to ask, the most wanted first.
        clock: dates what is written.
        stick: what an operator put in, if this is why it syncs: a pause does not hold.
        wait: waits for some seconds between rounds to the mirrors; handed in so that tests need not.
        vouched: tells whether anyone vouches for that clock.
    """

    def __init__(
        self,
        config: Config,
        mirrors: Sequence[Mirror],
        clock: Clock,
        *,
        stick: Stick | None = None,
        wait: Callable[[float], None] = time.sleep,
        vouched: Callable[[], bool] = timekeeping.vouched,
    ) -> None:
        self._config = config
        self._mirrors = tuple(mirrors)
        self._clock = clock
        self._stick = stick
        self._wait = wait
        self._vouched = vouched
        self._state = State(config.state)
        self._work: Work = untold

    def run(self, progress: Progress | None = None, work: Work = untold) -> Outcome:
        """Bring the kiosk to what its channels offer now; `progress` and `work` are told how far it is.

        Raises:
            BudgetSpent: nothing is wrong; the budget, hours, the link's rule or a pause ended it.
            TrustError, MirrorError, NoSpace, Conflict (a sync is running), ConfigError, HostError.
        """
        self._work = work
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
                books=list(outcome.books.taken), refused=[each.message for each in outcome.books.refused],
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
        offer, books = self._with_books(session, self._offer(session), noted)
        trim(self._state, offer.plan)
        alone = self._stick is not None and not self._stick.has_repository
        if alone and not offer.plan.changes:
            return Outcome(self._state.current_number(), (), session.meter.total_bytes, {}, books)
        if not offer.plan.changes and self._state.current_number():
            papers.read_left(self._state, session.conn, self._state.current_number(), self._clock())
            search_index.build_missing(session.conn, self._state)
            self._finish_cut(session.conn, offer)
            return Outcome(self._state.current_number(), (), session.meter.total_bytes, offer.plan.left, books)
        room.check(offer, self._state, self._config.sync.spare_bytes)
        noted.step(Step.FETCH, to_fetch := bytes_to_fetch(self._state, offer.plan.steps))
        counted = Counted(session.meter, to_fetch, noted)
        bringing = Bringing(self._state, session, counted, self._wait, self._config.time_zone, self._work)
        staged, stop = bringing.packs(offer.plan.steps)
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
        self._tidy(session.conn, offer, packs, parts=stop is None and not alone)
        changes = tuple(c for c in offer.plan.changes if not c.after or c.pack in staged)
        if stop:
            stop.detail.update(generation=number, changes=[[c.pack, c.before, c.after] for c in changes])
            raise stop
        return Outcome(number, changes, session.meter.total_bytes, offer.plan.left, books)

    def _with_books(self, session: Session, offer: Offer, noted: Noted) -> tuple[Offer, Books]:
        # The books that were brought are taken first, so that what is told and planned is what is left to fetch.
        if self._stick is None:
            return offer, Books()
        noted.step(Step.INSTALL)
        books = by_hand.take(
            self._state, session, offers.waiting(offer), offer.manifests, self._stick, self._config.sync.spare_bytes,
            partial(self._record, session.conn), self._work,
        )  # fmt: skip
        if books.taken:
            offer = self._made(session, offer.heads, tuple(holds.all_of(session.conn).values()), whole=False)
            arrange(self._state, offer.plan)
        return offer if self._stick.has_repository else offers.by_hand_alone(offer), books

    def _index_books(self, conn: db.Connection, number: int) -> None:
        book_indexes.build(self._state, conn, number, self._config.sync.spare_bytes, self._work)

    def _finish_cut(self, conn: db.Connection, offer: Offer) -> None:
        # A sync that was cut after the switch left what it had fetched: it is kept for others now, and goes.
        if any(self._state.parts.iterdir()) or search_index.has_unused(conn):
            self._tidy(conn, offer, [self._as_it_is(pack) for pack in offer.installed.values()])

    def _tidy(self, conn: db.Connection, offer: Offer, packs: Sequence[NewPack], *, parts: bool = True) -> None:
        if failure := tidying.tidy(self._state, conn, offer, packs, parts=parts):
            with suppress(NoSpace):
                self._record(conn, "carry.failed", message=failure.message, hint=failure.hint or "")

    def _offer(self, session: Session, *, whole: bool = False) -> Offer:
        conn = session.conn
        held = tuple(holds.all_of(conn).values())
        whole = whole or session.meter.settings.packs is None
        refreshed = self._refreshed(session, held, whole=whole)
        with db.transaction(conn):
            holds.lift(conn, manners.lifted({s.head.pack: s.head.version for s in refreshed.heads}, held))
        offer = self._made(session, refreshed.heads, held, whole=whole)
        waiting = offers.waiting(offer)
        adoption.prune(self._state, waiting)
        by_hand.learn(self._state, session, waiting, offer.manifests)
        arrange(self._state, offer.plan)
        room.check_claim(offer, self._config.sync.most_bytes)
        return offer

    def _made(self, session: Session, heads: tuple[SignedHead, ...], held: Sequence[Hold], *, whole: bool) -> Offer:
        number = self._state.current_number()
        current = generations.get(session.conn, number)
        installed = {pack.pack: pack for pack in current.packs} if current else {}
        best = partial(adoption.best, self._state)
        offers.remember(session.conn, heads, installed, best, whole=whole)
        links = {session.meter.link(mirror) for mirror in session.mirrors}
        link = next(each for each in Link if each in links)
        return offers.make(heads, installed, session.meter.settings, held, link, best)

    def _refreshed(self, session: Session, held: Sequence[Hold], *, whole: bool) -> Refreshed:
        wanted = session.meter.settings.packs or ()
        refreshed = updater.refresh(
            session.mirrors, self._config.sync.channels, session.conn, self._state.trust,
            updater.anchor(self._config.sync.trusted_root), self._reading(),
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

    def _record(self, conn: db.Connection, kind: str, **detail: object) -> None:
        with db.transaction(conn):
            events.record(conn, kind, self._clock(), by_hand=self._stick is not None, **detail)

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
                by_hand=self._stick is not None,
            ) as meter,
        ):
            yield conn, meter
