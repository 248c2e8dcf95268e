"""Good manners through the whole sync: budget, choice, order, metered links, going back, room."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kiosk.errors import BudgetSpent, MirrorError, NoSpace
from kiosk.publish.build import build
from kiosk.store import db, events, generations, holds, settings, usage
from kiosk.store.settings import LinkIs, MeteredRule, Pause, SyncSettings
from kiosk.sync import lock, rollback
from kiosk.sync.agent import Agent
from kiosk.sync.by_hand import Stick
from kiosk.sync.mirrors import FolderMirror, HttpMirror
from tests.making import CHANNEL, Village, no_books, recipe, write_recipe

MB = 1_000_000


@pytest.fixture
def conn(village: Village) -> Iterator[db.Connection]:
    village.state.prepare()
    with closing(db.connect(village.state.database)) as connection:
        yield connection


def paper(village: Village, pack: str, size_bytes: int = 1000, version: int = 1) -> None:
    """Release a pack with one document that does not compress."""
    folder = village.folder / f"recipe-{pack}-{version}"
    folder.mkdir()
    (folder / "paper.pdf").write_bytes(random.Random(f"{pack}{version}").randbytes(size_bytes))
    labels = {"title": "Paper", "summary": "A paper.", "files": ["paper.pdf"]}
    item = {"id": "paper", "kind": "document", "category": "law", "translations": {"en": labels}}
    write_recipe(folder, recipe(version) | {"pack": pack, "items": [item]})
    village.repository.release([build(folder, village.folder / "built", no_books)], CHANNEL)


def versions(village: Village, conn: db.Connection) -> dict[str, int]:
    current = generations.get(conn, village.state.current_number())
    return {pack.pack: pack.version for pack in current.packs} if current else {}


def behave(conn: db.Connection, wanted: SyncSettings) -> None:
    with db.transaction(conn):
        settings.save_sync(conn, wanted)


def last(conn: db.Connection) -> events.Event:
    return events.last(conn, "sync.")[0]


def test_a_budget_stops_the_sync_shows_what_is_complete_and_goes_on_next_day(
    village: Village, conn: db.Connection
) -> None:
    for pack in ("aa", "bb", "cc"):
        paper(village, pack, 4 * MB)
    behave(conn, SyncSettings(day_bytes=5 * MB, order=("bb",)))
    spent = []
    paid = FolderMirror(village.repository.folder)
    paid.metered = True
    agent = Agent(village.config, [paid], village.clock)
    for shown in (["bb"], ["aa", "bb"]):
        with pytest.raises(BudgetSpent, match="of today's 5 MB are used; it goes on at") as stop:
            agent.run()
        assert stop.value.exit_code == 9
        spent.append(usage.used(conn, village.clock.now.date()).day_bytes)
        assert last(conn).kind == "sync.paused"
        assert last(conn).detail["reason"] == "day-spent"
        assert sorted(versions(village, conn)) == shown
        village.clock.forward(days=1)
    assert [change.pack for change in agent.run().changes] == ["cc"]
    spent.append(usage.used(conn, village.clock.now.date()).day_bytes)
    assert all(5 * MB < day <= 5.1 * MB for day in spent[:2])
    assert 12 * MB < sum(spent) <= 12.24 * MB  # day two went on from where day one stopped
    assert sorted(versions(village, conn)) == ["aa", "bb", "cc"]


def test_a_spent_budget_asks_nobody(village: Village, conn: db.Connection) -> None:
    village.release()
    behave(conn, SyncSettings(pause=Pause(village.clock.now, None)))
    with pytest.raises(BudgetSpent, match="paused"):
        village.agent().run()
    assert village.mirror.asked == []
    assert last(conn).kind == "sync.paused"
    assert (
        Agent(village.config, [village.mirror], village.clock, stick=Stick((), has_repository=True)).run().generation
        == 1
    )


def test_the_operator_chooses_what_comes_and_what_goes(village: Village, conn: db.Connection) -> None:
    for pack in ("aa", "bb"):
        paper(village, pack)
    behave(conn, SyncSettings(packs=("bb", "not-offered")))
    assert [c.pack for c in village.agent().run().changes] == ["bb"]
    behave(conn, SyncSettings(packs=("aa",)))
    village.agent().run()
    assert versions(village, conn) == {"aa": 1}


def test_a_metered_link_lets_small_papers_pass_and_tells_what_waits(village: Village, conn: db.Connection) -> None:
    village.release()
    paper(village, "papers")
    village.agent().run()
    village.release(version=2, text="Each has one vote.")
    paper(village, "papers", version=2)
    paper(village, "large", 2 * MB)
    behave(conn, SyncSettings(link=LinkIs.METERED, metered_bytes=MB))
    plan = village.agent().offer().plan
    assert [step.head.pack for step in plan.steps] == ["papers"]
    assert {pack: str(refusal.reason) for pack, refusal in plan.left.items()} == {
        "members": "metered-kind", "large": "metered-size",
    }  # fmt: skip
    village.agent().run()
    assert versions(village, conn) == {"members": 1, "papers": 2}
    village.mirror.metered = False  # a stick
    village.agent().run()
    assert versions(village, conn) == {"members": 2, "papers": 2, "large": 1}
    behave(conn, SyncSettings(link=LinkIs.METERED, metered_rule=MeteredRule.NEVER))
    village.mirror.metered = True
    with pytest.raises(BudgetSpent, match="nothing may come over a metered link"):
        village.agent().run()


def test_no_sync_goes_forward_to_what_was_gone_back_from(village: Village, conn: db.Connection) -> None:
    for version in (1, 2):
        village.release(version=version, text=f"Text of version {version}.")
        village.agent().run()
    paper(village, "papers")
    with lock.alone(village.state):
        rollback.roll_back(conn, village.state, rollback.target(conn, village.state), village.clock)
    village.agent().run()
    assert versions(village, conn) == {"members": 1, "papers": 1}
    assert "Text of version 1." in village.lesson()
    assert generations.numbers(conn) == [3, 1]  # what was served is kept, not what was gone back from
    village.release(version=3, text="Text of version 3.")
    village.agent().run()
    assert versions(village, conn) == {"members": 3, "papers": 1}
    assert holds.all_of(conn) == {}


def test_a_withdrawal_that_was_gone_back_from_stays_undone(village: Village, conn: db.Connection) -> None:
    village.release()
    village.agent().run()
    village.repository.withdraw("members", CHANNEL)
    village.agent().run()
    assert versions(village, conn) == {}
    rollback.roll_back(conn, village.state, rollback.target(conn, village.state, 1), village.clock)
    assert village.agent().run().changes == ()
    assert versions(village, conn) == {"members": 1}


def test_a_failure_sets_the_next_try(village: Village, conn: db.Connection, tmp_path: Path) -> None:
    nowhere = Agent(village.config, [HttpMirror("http://127.0.0.1:9")], village.clock)
    for failures in (1, 2):
        with pytest.raises(MirrorError):
            nowhere.run()
        assert last(conn).detail["failures"] == failures
        assert last(conn).detail["next_try"] > village.clock.now.isoformat()


def test_room_is_refused_before_with_all_figures(village: Village, conn: db.Connection) -> None:
    paper(village, "papers", 100_000)
    config = replace(village.config, sync=replace(village.config.sync, spare_bytes=1 << 60))
    with pytest.raises(NoSpace, match=r"100,000 bytes are to be written beside the 0 that are installed") as refusal:
        Agent(config, [village.mirror], village.clock).run()
    assert f"{1 << 60:,} must stay free" in refusal.value.message
    assert "are missing" in refusal.value.message


def test_a_clock_that_goes_back_gives_no_day_twice(village: Village, conn: db.Connection) -> None:
    for pack in ("aa", "bb", "cc"):
        paper(village, pack, 2 * MB)
    behave(conn, SyncSettings(day_bytes=5 * MB))
    village.mirror.metered = False
    Agent(village.config, [village.mirror], village.clock, vouched=lambda: True).run()  # a stick; the clock is right
    for pack in ("dd", "ee", "ff"):
        paper(village, pack, 2 * MB)
    paid = FolderMirror(village.repository.folder)
    paid.metered = True
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            Agent(village.config, [paid], village.clock, vouched=lambda: False).run()
        village.clock.forward(days=-10)  # restarted without a clock
    assert 5 * MB < sum(each.size_bytes for each in usage.between(conn, date(2026, 1, 1), date(2026, 12, 31))
                        if each.link is not usage.Link.FREE) <= 5.1 * MB  # fmt: skip
