"""The commands by which a kiosk is told how to behave and asked how it stands."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from kiosk.cli import output
from kiosk.store import agreements, db, events, holds, offers, settings
from kiosk.store.settings import SyncSettings
from kiosk.sync import lock
from tests.cli.commands import configure, run
from tests.making import Village, http_server

Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ask(village: Village) -> Ask:
    """Run `kiosk sync …` on the village's kiosk."""
    path = configure(village.folder / "kiosk.yaml", village.state.folder, village.config.sync.trusted_root)
    return lambda *words: run("sync", words[0], "--config", path, *words[1:])


def value(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_budget_is_set_shown_and_taken_away(ask: Ask) -> None:
    first = ask("budget")
    assert first.returncode == 0, first.stderr
    assert "0 B today, 0 B this month" in first.stdout
    words = "--day 5 --month 100 --hours 22-6 --rate 20 --metered never --link metered --order prices,wiki --packs wiki"
    found = value(ask("budget", *words.split(), "--json"))
    assert (found["day_bytes"], found["month_bytes"], found["rate_bytes"]) == (5_000_000, 100_000_000, 20_000)
    assert (found["hours"], found["order"], found["packs"]) == ([22, 6], ["prices", "wiki"], ["wiki"])
    assert found["internet"] == {"reason": "metered-never", "again": None, "figures": {}}
    shown = ask("budget").stdout
    assert "0 B of 5.0 MB today, 0 B of 100 MB this month" in shown
    assert "22:00 to 06:00 (Africa/Kampala)" in shown
    assert "nothing may come over a metered link; the link is one" in shown
    words = "--day 0 --hours always --packs all --order none --link unmetered --json"
    again = value(ask("budget", *words.split()))
    assert [again[key] for key in ("day_bytes", "hours", "packs", "order")] == [None, None, None, []]
    assert again["month_bytes"] == 100_000_000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--hours 6", "is not two hours"), ("--hours 6-6", "--hours: The two hours must not be the same."),
        ("--order ../x", "--order: Please name each pack once"), ("--every 9999", "--every: This number is too"),
    ],
)  # fmt: skip
def test_a_wrong_budget_is_refused_by_option(ask: Ask, words: str, told: str) -> None:
    done = ask("budget", *words.split())
    assert done.returncode == 2
    assert told in done.stderr


def test_a_pause_is_told_and_ended(ask: Ask) -> None:
    assert "paused until `kiosk sync resume`" in ask("pause").stdout
    found = value(ask("status", "--json"))
    assert found["next"] == {"reason": "paused", "again": None, "figures": {}}
    assert "paused until 20" in ask("pause", "--hours", "3").stdout
    assert "next      syncs are paused; it goes on at 20" in ask("status").stdout
    assert ask("resume").returncode == 0
    assert value(ask("status", "--json"))["next"] is None


def test_going_back_is_shown_first_then_done_and_kept(ask: Ask, village: Village) -> None:
    assert "there is no older generation" in ask("rollback").stderr
    for version, text in ((1, "Members own it together."), (2, "Each has one vote.")):
        village.release(version=version, text=text)
        village.agent().run()
    shown = ask("rollback")
    assert "generation 1 of " in shown.stdout
    assert "members 2 -> 1" in shown.stdout
    assert "nothing was changed; --yes does it" in shown.stdout
    assert "Each has one vote." in village.lesson()
    done = value(ask("rollback", "1", "--yes", "--json"))
    assert done == {"generation": 1, "done": True, "changes": [{"pack": "members", "before": 2, "after": 1}]}
    assert "Members own it together." in village.lesson()
    status = ask("status").stdout
    assert "members stays at 1: version 2 was gone back from" in status
    assert "last      went back" in status
    wrong = ask("rollback", "7")
    assert wrong.returncode == 6
    assert "there are: 2; 1 is served now" in wrong.stderr
    assert "let go: members" in ask("rollback", "--lift").stdout
    with closing(db.connect(village.state.database)) as conn:
        assert holds.all_of(conn) == {}


def test_status_tells_how_fresh_things_are(ask: Ask, village: Village) -> None:
    assert "nothing is installed yet" in ask("status").stdout
    village.release()
    village.agent().run()
    shown = ask("status").stdout
    assert "generation 1, " in shown
    assert "  members 1  " in shown
    assert "fresh     as of 2026-11-24 11:00" in shown
    assert "last      ended well, 2026-11-24 11:00" in shown


def test_progress_tells_percent_bytes_rate_and_time_left() -> None:
    assert output.progress(0, 3_500_000, 0, 0.0) == "  0 %  0 B of 3.5 MB"
    assert output.progress(1_500_000, 3_500_000, 1_000_000, 100.0) == " 42 %  1.5 MB of 3.5 MB  10 KB/s  3 min left"
    assert output.progress(5, 5, 5, 10.0) == "100 %  5 B of 5 B  0 B/s  1 s left"
    assert [output.duration(s) for s in (0, 59, 90, 3600, 12000, 400_000)] == [
        "1 s", "59 s", "2 min", "1 h", "3 h 20 min", "5 days",
    ]  # fmt: skip


def test_the_plan_tells_when_the_card_has_no_room(ask: Ask, village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    village.release()
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=200_000_000))
    with http_server(village.repository.folder) as url:
        path = village.folder / "kiosk.yaml"
        path.write_text(path.read_text().replace("http://127.0.0.1:1", url))
        found = value(ask("plan", "--json"))
        assert found["short_bytes"] == found["card_bytes"] > 0
        assert ask("plan").stdout.splitlines()[-1].startswith("the card has 200 MB free: ")


def test_the_plan_tells_cost_route_and_room_before_and_run_how_it_ended(ask: Ask, village: Village) -> None:
    with http_server(village.repository.folder) as url:
        path = village.folder / "kiosk.yaml"
        path.write_text(path.read_text().replace("http://127.0.0.1:1", url))
        village.release()
        first = ask("plan", "--rate", "80")
        assert first.returncode == 0, first.stderr
        assert "new: members 1  " in first.stdout
        assert " to fetch, " in first.stdout.splitlines()[0]
        assert " on the card, full" in first.stdout.splitlines()[0]
        assert "more on the card for the search" not in first.stdout
        assert " at 10 KB/s (given)" in first.stdout
        assert "200 MB stay free" in first.stdout
        done = ask("run")
        assert "new: members 1" in done.stdout
        assert "generation 1 is served" in done.stdout
        assert "not now: the last sync was less than 6 hours ago" in ask("run", "--due").stdout
        village.release(version=2, text="Each has one vote.")
        found = value(ask("plan", "--json"))
        (step,) = found["steps"]
        assert (step["pack"], step["version"], step["patch_from"]) == ("members", 2, 1)
        assert found["download_bytes"] == step["download_bytes"] < step["installed_bytes"]
        assert found["days"] == 0
        assert found["card_bytes"] == step["download_bytes"] + step["installed_bytes"]
        assert found["short_bytes"] == 0
        ask("budget", "--hours", "3-4")
        ask("pause")
        stopped = ask("run")
        assert stopped.returncode == 9
        assert "syncs are paused" in stopped.stderr
        stopped = ask("run", "--json")
        told = json.loads(stopped.stdout)
        assert (stopped.returncode, told["error"], told["reason"]) == (9, "syncs are paused", "paused")
        assert told["remedy"] == "`kiosk sync resume` ends the pause"
        assert value(ask("run", "--due", "--json")) == {"not_now": "syncs are paused"}
        ask("resume")
        ask("budget", "--hours", "always")
        assert value(ask("run", "--json"))["changes"] == [{"pack": "members", "before": 1, "after": 2}]
        assert ask("run").stdout.startswith("nothing new; ")


def test_a_failure_is_waited_out_by_itself_and_tried_at_once_by_hand(ask: Ask, village: Village) -> None:
    assert ask("run").returncode == 5
    waiting = ask("run", "--due")
    assert waiting.returncode == 0
    assert "not now: the last sync failed (1 in a row); it goes on at" in waiting.stdout
    assert "failures  1 in a row" in ask("status").stdout
    mark = village.folder / "came"
    assert "not now" in ask("run", "--due", "--link-came", str(mark)).stdout
    mark.touch()
    assert ask("run", "--due", "--link-came", str(mark)).returncode == 5, "another link has come up: it is asked"
    assert not mark.exists(), "once"
    assert "not now: the last sync failed (2 in a row)" in ask("run", "--due", "--link-came", str(mark)).stdout
    with lock.alone(village.state):
        assert ask("run").returncode == 6


def test_where_an_operator_must_agree_a_sync_that_is_due_only_looks(village: Village) -> None:
    village.release()
    config = configure(
        village.folder / "kiosk.yaml", village.state.folder, village.config.sync.trusted_root,
        village.repository.folder,
    )  # fmt: skip
    village.state.prepare()
    with closing(db.connect(village.state.database)) as conn:
        settings.save_sync(conn, SyncSettings(agreed_only=True))
        for _ in range(2):
            assert "must agree" in run("sync", "run", "--due", "--config", config).stdout
        assert village.state.current_number() == 0
        assert [event.kind for event in events.last(conn, "look.", 9)] == ["look.finished", "look.started"]
        assert list(offers.all_of(conn)) == ["members"]
        agreements.ask(conn, "sync", 0, village.clock())
        assert "new: members 1" in run("sync", "run", "--due", "--config", config).stdout
        assert not agreements.is_open(conn)
