"""`kiosk report`: the same numbers as on the console, for scripts."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store import counts, db, prices
from kiosk.store.counts import Counted
from kiosk.store.state import State
from tests.cli.commands import configure, run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    state = State(tmp_path / "state")
    state.prepare()
    with closing(db.connect(state.database)) as conn, db.transaction(conn):
        for span, kind, number in (
            ("2025-11-02 08", "visits", 3), ("2025-11-02 08", "minutes", 60), ("2025-11-04 08", "bytes", 2_000_000),
        ):  # fmt: skip
            counts.add(conn, {Counted(span, kind, ""): number})
        counts.add(conn, {Counted("2025-11-04", "words", "=zebra"): 3})
        prices.save(conn, "0.25", "Ksh")
    return configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")


def test_a_month_is_told_with_its_gaps_and_cost(config: Path) -> None:
    told = run("report", "--month", "2025-11", "--config", str(config)).stdout
    for line in ("visits                      3", "data served                 2.0 MB", "0.50 Ksh", "  =zebra"):
        assert line in told
    assert "gaps                        27" in told


def test_scripts_get_json_and_csv(config: Path) -> None:
    value = json.loads(run("report", "--month", "2025-11", "--config", str(config), "--json").stdout)
    assert value["total"]["visits"] == 3
    assert value["cost"] == "0.50"
    assert [each["state"] for each in value["parts"][:3]] == ["known", "gap", "known"]
    assert value["parts"][1] == {"name": "2025-11-03", "state": "gap"}
    lines = run("report", "--month", "2025-11", "--config", str(config), "--csv").stdout.splitlines()
    assert lines[2] == "2025-11-03,,,,,,,,"


def test_what_is_no_month_is_told(config: Path) -> None:
    done = run("report", "--month", "soon", "--config", str(config))
    assert "write it like 2026-11" in done.stderr
