"""`kiosk document`: adding, listing, withdrawing, as people and as scripts read it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kiosk.store import db, facts
from tests import papers
from tests.cli.commands import configure, run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")


def listed(config: Path) -> Any:
    return json.loads(run("document", "list", "--config", config, "--json").stdout)


def test_the_life_of_a_paper(tmp_path: Path, config: Path) -> None:
    file = tmp_path / "minutes.bin"
    file.write_bytes(papers.pdf(2))
    assert "no papers were added yet" in run("document", "list", "--config", config).stdout
    words = ("--title", "Minutes of May", "--category", "reports", "--language", "sw", "--members-only")
    done = run("document", "add", file, *words, "--config", config)
    assert done.returncode == 0, done.stderr
    assert "1  Minutes of May  (reports, sw, members only)" in done.stdout
    assert "PDF" in done.stdout
    assert "2 pages" in done.stdout
    file.write_bytes(papers.pdf(3))
    assert run("document", "add", file, "--paper", "1", "--config", config).returncode == 0
    (paper,) = listed(config)
    assert [(each["version"], each["pages"]) for each in paper["versions"]] == [(2, 3), (1, 2)]
    assert run("document", "withdraw", "1", "--config", config).returncode == 0
    assert listed(config)[0]["withdrawn_at"]
    assert json.loads(run("document", "restore", "1", "--config", config, "--json").stdout)["withdrawn_at"] is None


def test_a_paper_that_the_machine_can_not_read_is_left_to_the_next_sync(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # there is no Poppler
    file = tmp_path / "minutes.pdf"
    file.write_bytes(papers.pdf(2))
    done = run("document", "add", file, "--config", config)
    assert done.returncode == 0
    assert "Poppler is not installed" in done.stderr
    with closing(db.connect(tmp_path / "state" / "kiosk.sqlite3")) as conn:
        assert facts.are_left(conn)


def test_what_is_no_paper_is_refused_with_a_sentence(tmp_path: Path, config: Path) -> None:
    page = tmp_path / "minutes.pdf"
    page.write_text("<html><script>alert(1)</script></html>")
    done = run("document", "add", page, "--config", config)
    assert done.returncode == 8
    assert "This is not a kind of paper" in done.stderr
    assert run("document", "withdraw", "7", "--config", config).returncode == 6
    assert listed(config) == []
