"""The steps of a plan, brought in one after the other: each pack by mirrors that it may come from.

True always: a pack that none of these has, while one that may not be asked might, keeps no other pack from coming.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from kiosk.errors import BudgetSpent, MirrorError
from kiosk.packs.manifest import Manifest
from kiosk.store import manners, reasons
from kiosk.store.state import State
from kiosk.store.usage import Link
from kiosk.sync import stage
from kiosk.sync.fetch import Fetcher
from kiosk.sync.plan import Step
from kiosk.sync.progress import Counted, Work
from kiosk.sync.session import Session


@dataclass(frozen=True)
class Bringing:
    """What it takes: the kiosk's state, the sync, who counts what comes and waits between rounds to the mirrors, the
    zone in which reasons tell the time, and who is told how far a book is.
    """

    state: State
    session: Session
    counted: Counted
    wait: Callable[[float], None]
    zone: ZoneInfo
    work: Work

    def packs(self, steps: Iterable[Step]) -> tuple[dict[str, Manifest], BudgetSpent | None]:
        """Fetch and stage packs; return what is complete, and what ended it early or kept a pack from coming.

        Raises:
            As `stage.pack`.
        """
        staged: dict[str, Manifest] = {}
        kept_out: BudgetSpent | None = None
        for step in steps:
            self.counted.what = step.head.pack
            refused = self._refused(step)
            free = [m for m in self.session.mirrors if self.session.meter.link(m) is not Link.METERED]
            mirrors = free if refused else list(self.session.mirrors)
            fetcher = Fetcher(mirrors, self.state.parts, self.counted, pause=self.wait)
            try:
                staged[step.head.pack] = stage.pack(self.state, self.session.conn, fetcher, step, self.work)
            except BudgetSpent as stop:
                return staged, stop
            except MirrorError:
                if refused is None or len(mirrors) == len(self.session.mirrors):
                    raise
                kept_out = reasons.stop(refused, self.zone)
        return staged, kept_out

    def _refused(self, step: Step) -> reasons.Refusal | None:
        return manners.may_take(self.session.meter.settings, Link.METERED, step.kinds, step.route.download_bytes)
