"""The data budget in the console: kept, refused, and what was used as a picture with a table beside it."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask import Flask

from kiosk.console import used
from kiosk.host import link
from kiosk.store import audit, db, settings, usage
from kiosk.store.settings import Hours, LinkIs, MeteredRule, SyncSettings
from kiosk.store.usage import Link
from tests.console.operating import Operator
from tests.making import Village

MB = 1_000_000
GOOD = {
    "day": "5", "month": "100", "rate": "20", "hours": "some", "from": "22", "to": "6", "link": "metered",
    "metered": "never", "metered_most": "7", "every": "12", "agreed_only": "yes",
}  # fmt: skip


@pytest.fixture
def operator(app: Flask, conn: db.Connection, village: Village) -> Operator:
    return Operator(app, conn, village.clock, "http://127.0.0.3:8000")


def test_a_budget_is_kept_shown_and_taken_away(operator: Operator, conn: db.Connection) -> None:
    assert "The budget is kept." in operator.press("/budget", "/budget", **GOOD).text
    wanted = SyncSettings(
        day_bytes=5 * MB, month_bytes=100 * MB, hours=Hours(22, 6), rate_bytes=20_000, link=LinkIs.METERED,
        metered_rule=MeteredRule.NEVER, metered_bytes=7 * MB, every_hours=12, agreed_only=True,
    )  # fmt: skip
    assert settings.sync(conn) == wanted
    page = operator.read("/budget")
    assert 'name="day" type="number" value="5"' in page
    assert '<option value="22" selected>22:00' in page
    assert [act.kind for act in audit.last(conn, 1)] == ["budget.changed"]
    operator.press("/budget", "/budget", **GOOD | {"day": "", "month": "", "rate": "", "hours": ""})
    assert settings.sync(conn).day_bytes is None
    assert settings.sync(conn).hours is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": "x"}, {"day": "0"}, {"day": "-1"}, {"month": "99999999999"}, {"rate": "0"}, {"every": ""},
        {"every": "0"}, {"metered_most": ""}, {"to": "22"}, {"from": "24"}, {"from": "x"}, {"link": "x"},
        {"metered": "x"}, {"link": ""}, {"day": "٥"},
    ],
)  # fmt: skip
def test_a_wrong_budget_is_told_at_its_field_and_changes_nothing(
    operator: Operator, conn: db.Connection, wrong: dict[str, str]
) -> None:
    answer = operator.press("/budget", "/budget", **GOOD | wrong)
    assert answer.status_code == 422
    assert answer.text.count('role="alert"') == 1
    assert settings.sync(conn) == SyncSettings()


@pytest.mark.parametrize(("says", "told"), [(True, "metered."), (False, "not metered."), (None, "does not know now.")])
def test_what_the_machine_says_of_its_link_is_shown(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, says: bool | None, told: str
) -> None:
    monkeypatch.setattr(link, "is_metered", lambda: says)
    assert re.search(rf"Ask the machine\. It (says: )?{told}", operator.read("/budget"))


def test_what_was_used_is_a_picture_and_a_table(operator: Operator, conn: db.Connection, village: Village) -> None:
    now, zone = village.clock(), village.config.time_zone
    for days, kind, size in ((0, Link.INTERNET, 3 * MB), (0, Link.METERED, MB), (2, Link.FREE, MB), (40, Link.FREE, 1)):
        usage.add(conn, now - timedelta(days=days), zone, kind, size, 1000)
    page = operator.read("/budget")
    assert page.count('class="bar"') == 1
    assert page.count('class="bar dear"') == 1
    assert page.count("<tbody><tr>") == 1
    assert page.count('<th scope="row">') == 2
    assert '<svg class="used"' in page
    assert 'style="' not in page


def test_the_bars_stand_in_the_picture(conn: db.Connection) -> None:
    today = date(2026, 11, 24)
    conn.execute("INSERT INTO usage VALUES ('2026-11-24', 1, 'internet', 4000000, 1)")
    conn.execute("INSERT INTO usage VALUES ('2026-11-24', 2, 'metered', 1000000, 1)")
    found = used.picture(conn, today, 30, 5 * MB)
    assert len(found.days) == 30
    last = found.days[-1]
    assert (last.height, last.y, last.metered_height) == (used.HEIGHT, 0, used.HEIGHT / 5)
    assert last.x + last.width <= used.WIDTH
    assert found.limit_y == 0
    assert used.picture(conn, today, 30, 500 * MB).limit_y is None  # far above all bars
    assert used.picture(conn, today, 30, None).limit_y is None
    assert used.picture(conn, date(2027, 3, 1), 30, 5 * MB).used == ()
