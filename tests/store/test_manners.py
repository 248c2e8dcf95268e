"""The rules of good manners, as a table: when no, why, and when again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kiosk.store import manners, reasons
from kiosk.store.holds import Hold
from kiosk.store.manners import History, Room
from kiosk.store.reasons import Reason, Refusal
from kiosk.store.settings import Hours, LinkIs, MeteredRule, Pause, SyncSettings
from kiosk.store.usage import Link, Used

KAMPALA = ZoneInfo("Africa/Kampala")  # UTC+3 all year
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # 11:00 in Kampala
TODAY = date(2026, 11, 24)
MB = 1_000_000
NOTHING = Used(TODAY, 0, 0)


def local(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=KAMPALA)


def asked(
    settings: SyncSettings, used: Used = NOTHING, link: Link = Link.INTERNET, size: int = 1, now: datetime = NOW
) -> tuple[Reason, datetime | None] | None:
    found = manners.may_fetch(settings, used, now, KAMPALA, link, size)
    return (found.reason, found.again) if found else None


DAY = SyncSettings(day_bytes=5 * MB)
BOTH = SyncSettings(day_bytes=5 * MB, month_bytes=12 * MB)


@pytest.mark.parametrize(
    ("settings", "used", "size", "answer"),
    [
        (SyncSettings(), Used(TODAY, 10**12, 10**12), 10**12, None),
        (DAY, NOTHING, 5 * MB, None),
        (DAY, Used(TODAY, 5 * MB, 5 * MB), 0, None),
        (DAY, Used(TODAY, 5 * MB, 5 * MB), 1, (Reason.DAY_SPENT, local(25, 0))),
        (DAY, Used(TODAY, 5 * MB + 1, 5 * MB + 1), 0, (Reason.DAY_SPENT, local(25, 0))),
        (DAY, NOTHING, 6 * MB, (Reason.DAY_SPENT, None)),
        (BOTH, Used(TODAY, 2 * MB, 12 * MB), 1, (Reason.MONTH_SPENT, local(1, 0, 12))),
        (BOTH, Used(TODAY, 5 * MB, 12 * MB), 1, (Reason.MONTH_SPENT, local(1, 0, 12))),
        (SyncSettings(hours=Hours(22, 6)), NOTHING, 1, (Reason.OUTSIDE_HOURS, local(24, 22))),
        (SyncSettings(hours=Hours(6, 11)), NOTHING, 1, (Reason.OUTSIDE_HOURS, local(25, 6))),
        (SyncSettings(hours=Hours(11, 12)), NOTHING, 1, None),
        (replace(DAY, hours=Hours(3, 6)), Used(TODAY, 5 * MB, 5 * MB), 1, (Reason.DAY_SPENT, local(25, 3))),
        (SyncSettings(pause=Pause(NOW, None)), NOTHING, 1, (Reason.PAUSED, None)),
        (SyncSettings(pause=Pause(NOW, local(24, 13))), NOTHING, 1, (Reason.PAUSED, local(24, 13))),
        (SyncSettings(pause=Pause(NOW, local(24, 13)), hours=Hours(20, 21)), NOTHING, 1,
         (Reason.PAUSED, local(24, 20))),
        (SyncSettings(pause=Pause(local(20, 0), local(24, 10))), NOTHING, 1, None),
    ],
)  # fmt: skip
def test_the_internet_has_a_budget_hours_and_pauses(
    settings: SyncSettings, used: Used, size: int, answer: tuple[Reason, datetime | None] | None
) -> None:
    assert asked(settings, used, size=size) == answer
    if answer and answer[1]:  # and at that moment, the same question gets a yes
        later = answer[1].astimezone(KAMPALA)
        fresh = manners._used_on(used, later.date())
        assert asked(settings, fresh, size=size, now=later) is None


def test_what_is_free_is_held_by_a_pause_alone() -> None:
    strict = SyncSettings(day_bytes=MB, hours=Hours(1, 2), metered_rule=MeteredRule.NEVER, link=LinkIs.METERED)
    assert asked(strict, Used(TODAY, 9 * MB, 9 * MB), Link.FREE) is None
    assert asked(replace(strict, pause=Pause(NOW, None)), link=Link.FREE) == (Reason.PAUSED, None)


def test_a_pause_that_a_clock_made_longer_is_over() -> None:
    settings = SyncSettings(pause=Pause(NOW, NOW + timedelta(hours=2)))
    assert asked(settings, now=NOW - timedelta(days=3000)) is None


@pytest.mark.parametrize(
    ("rule", "kinds", "size", "reason"),
    [
        (MeteredRule.NEVER, {"notice"}, 1, Reason.METERED_NEVER),
        (MeteredRule.SMALL, {"notice", "document"}, 20 * MB, None),
        (MeteredRule.SMALL, {"notice"}, 20 * MB + 1, Reason.METERED_SIZE),
        (MeteredRule.SMALL, {"notice", "book"}, 1, Reason.METERED_KIND),
        (MeteredRule.SAME, {"book"}, 10**10, None),
    ],
)
def test_a_metered_link_has_a_rule_of_its_own(
    rule: MeteredRule, kinds: set[str], size: int, reason: Reason | None
) -> None:
    settings = SyncSettings(metered_rule=rule)
    found = manners.may_take(settings, Link.METERED, kinds, size)
    assert (found.reason if found else None) == reason
    assert manners.may_take(settings, Link.INTERNET, kinds, size) is None
    assert (asked(settings, link=Link.METERED) is None) == (rule is not MeteredRule.NEVER)


def test_who_says_that_a_link_is_metered() -> None:
    def link(says: LinkIs, machine: bool | None, *, free: bool = False) -> Link:
        return manners.link_of(free=free, says=says, machine=machine)

    assert link(LinkIs.METERED, True, free=True) is Link.FREE
    assert link(LinkIs.ASK, True) is Link.METERED
    assert link(LinkIs.ASK, False) is link(LinkIs.ASK, None) is Link.INTERNET
    assert link(LinkIs.METERED, False) is Link.METERED
    assert link(LinkIs.UNMETERED, True) is Link.INTERNET


def test_days_are_those_of_the_people_through_a_change_of_summer_time() -> None:
    lisbon = ZoneInfo("Europe/Lisbon")
    before = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)  # 00:30 of the 25th, whose day has 25 hours
    found = manners.may_fetch(DAY, Used(date(2026, 10, 25), 5 * MB, 5 * MB), before, lisbon, Link.INTERNET)
    assert found
    assert found.again == datetime(2026, 10, 26, 0, 0, tzinfo=UTC)


def test_what_was_gone_back_from_does_not_come_again() -> None:
    holds = [Hold("prices", 5, 4, NOW), Hold("wiki", 2, 0, NOW), Hold("old", 0, 3, NOW)]
    installed = {"prices": 4, "old": 3, "books": 1}
    assert manners.wanted({"prices": 5, "wiki": 2, "books": 1}, installed, None, holds) == {
        "prices": 4, "books": 1, "old": 3,
    }  # fmt: skip
    assert manners.lifted({"prices": 5, "wiki": 2}, holds) == []
    newer = {"prices": 6, "wiki": 3, "old": 4}
    assert manners.wanted(newer, installed, None, holds) == newer
    assert manners.lifted(newer, holds) == ["prices", "wiki", "old"]


def test_the_operator_chooses_packs_and_their_order() -> None:
    offered = {"wiki": 1, "prices": 2, "books": 3}
    assert manners.wanted(offered, {"books": 3}, ("prices", "gone"), []) == {"prices": 2}
    assert manners.wanted({"prices": 5}, {"prices": 4}, (), [Hold("prices", 5, 4, NOW)]) == {}
    sizes = {"wiki": 900, "books": 50, "prices": 7, "films": 5}
    assert manners.by_importance(sizes, ("books", "gone", "wiki")) == ["books", "wiki", "films", "prices"]


def test_room_counts_all_there_will_be_at_once() -> None:
    room = Room(old_bytes=500, new_bytes=300, parts_bytes=100, spare_bytes=50, free_bytes=449)
    assert room.short_bytes == 1
    assert replace(room, free_bytes=450).short_bytes == 0


def test_waits_double_up_to_a_limit_and_are_spread() -> None:
    waits = [manners.next_try(failures, NOW, 0.5) - NOW for failures in (1, 2, 3, 8, 5000)]
    assert waits == [timedelta(minutes=m) for m in (2, 4, 8, 240, 240)]
    assert manners.next_try(1, NOW, 0.0) - NOW == timedelta(minutes=1)
    assert manners.next_try(1, NOW, 1.0) - NOW == timedelta(minutes=3)


@pytest.mark.parametrize(
    ("history", "answer"),
    [
        (History(None, 0, None), None),
        (History(NOW - timedelta(hours=7), 0, None), None),
        (History(NOW - timedelta(hours=5), 0, None), (Reason.NOT_YET, NOW + timedelta(hours=1))),
        (History(NOW + timedelta(days=900), 0, None), None),
        (History(NOW - timedelta(hours=5), 2, NOW + timedelta(minutes=3)),
         (Reason.BACKING_OFF, NOW + timedelta(minutes=3))),
        (History(NOW - timedelta(hours=5), 2, NOW - timedelta(minutes=3)), None),
        (History(None, 2, NOW + timedelta(days=3)), None),
    ],
)  # fmt: skip
def test_a_sync_is_due_unless_it_is_too_early(history: History, answer: tuple[Reason, datetime] | None) -> None:
    found = manners.due(SyncSettings(), history, NOW)
    assert ((found.reason, found.again) if found else None) == answer
    paused = manners.due(SyncSettings(pause=Pause(NOW, None)), history, NOW)
    assert paused == Refusal(Reason.PAUSED)


@pytest.mark.parametrize(
    ("settings", "used", "size", "seconds", "days"),
    [
        (SyncSettings(), NOTHING, 12 * MB, 1200, 0),
        (replace(DAY, rate_bytes=5_000), NOTHING, 5 * MB, 1000, 0),
        (DAY, NOTHING, 12 * MB, 1200, 2),
        (DAY, Used(TODAY, 4 * MB, 4 * MB), 12 * MB, 1200, 3),
        (BOTH, Used(TODAY, 5 * MB, 9 * MB), 12 * MB, 1200, 8),  # 3 on the 25th, then 5 + 4 from the 1st of December
        (SyncSettings(month_bytes=MB), NOTHING, 20 * MB, 2000, None),
    ],
)
def test_the_cost_is_told_in_seconds_and_days(
    settings: SyncSettings, used: Used, size: int, seconds: int, days: int | None
) -> None:
    assert manners.estimate(settings, used, size, 10_000) == manners.Estimate(seconds, days)


def test_a_rate_is_kept_over_any_pieces() -> None:
    bucket = manners.Bucket(1000, now=100.0)
    now, waited = 100.0, 0.0
    for _ in range(10):
        wait = bucket.wait(500, now)
        now += wait
        waited += wait
    assert waited == pytest.approx(5.0)
    assert bucket.wait(500, now + 3600) == 0.0  # an idle hour gives one second of credit, not an hour
    assert bucket.wait(2500, now + 3600) == pytest.approx(2.0)


def test_every_reason_has_a_sentence_and_a_value_for_scripts() -> None:
    figures = {
        "used_bytes": 5_012_345, "limit_bytes": 5 * MB, "size_bytes": 21 * MB, "from_hour": 22, "to_hour": 6,
        "failures": 3, "every_hours": 6,
    }  # fmt: skip
    for reason in Reason:
        refusal = Refusal(reason, local(25, 0), figures)
        told = {"reason": str(reason), "again": "2026-11-24T21:00:00+00:00", "figures": figures}
        assert json.loads(json.dumps(refusal.to_value())) == told
        stop = reasons.stop(refusal, KAMPALA)
        assert stop.message.endswith("; it goes on at 2026-11-25 00:00")
        assert stop.hint
        assert stop.detail["reason"] == reason
    spent = reasons.sentence(Refusal(Reason.DAY_SPENT, None, figures), KAMPALA)
    assert spent == "5.012 MB of today's 5 MB are used"
