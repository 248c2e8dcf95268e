"""Indexes stay open between questions: few, not for long, and never one that was replaced."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from kiosk.errors import StoreError
from kiosk.store import open_indexes
from kiosk.store.open_indexes import OpenIndex


@pytest.fixture(autouse=True)
def none_open() -> Iterator[None]:
    open_indexes.close()
    yield
    open_indexes.close()


def written(path: Path, word: str) -> Path:
    draft = path.with_name(f"{path.name}.new")
    with closing(sqlite3.connect(draft)) as conn, conn:
        conn.execute("CREATE TABLE told (word TEXT)")
        conn.execute("INSERT INTO told VALUES (?)", (word,))
    draft.replace(path)
    return path


def told(index: OpenIndex | None) -> str:
    assert index
    return str(index.conn.execute("SELECT word FROM told").fetchone()[0])


def open_files(folder: Path) -> list[str]:
    places = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [place for place in places if place.startswith(f"{folder}/")]


def test_it_stays_open_and_another_thread_may_have_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "goats")
    with open_indexes.opened(path) as first:
        assert told(first) == "goats"
    with ThreadPoolExecutor() as pool:
        assert pool.submit(_again, path).result() is first


def _again(path: Path) -> OpenIndex | None:
    with open_indexes.opened(path) as again:
        assert told(again) == "goats"
        return again


def test_of_two_questions_at_a_time_each_has_its_own(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "goats")
    with open_indexes.opened(path) as one, open_indexes.opened(path) as other:
        assert one is not other
        assert told(one) == told(other) == "goats"


def test_what_was_replaced_or_removed_is_not_asked_again(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "goats")
    with open_indexes.opened(path) as index:
        assert told(index) == "goats"
    written(path, "sheep")
    with open_indexes.opened(path) as index:
        assert told(index) == "sheep"
    path.unlink()
    with open_indexes.opened(path) as index:
        assert index is None


def test_it_is_closed_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_indexes, "IDLE_SECONDS", 0.05)
    with open_indexes.opened(written(tmp_path / "a", "goats")) as index:
        told(index)
    until = time.monotonic() + 30
    while open_files(tmp_path):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_only_some_are_kept(tmp_path: Path) -> None:
    paths = [written(tmp_path / str(n), str(n)) for n in range(open_indexes.MOST_IDLE + 4)]
    with ExitStack() as files:
        for path in paths:
            told(files.enter_context(open_indexes.opened(path)))
    assert len(open_files(tmp_path)) == open_indexes.MOST_IDLE
    for path in paths:
        with open_indexes.opened(path) as index:
            assert told(index) == path.name
    assert len(open_files(tmp_path)) == open_indexes.MOST_IDLE


def test_one_that_failed_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"no database at all, and long enough to be one" * 99)
    with pytest.raises(StoreError), open_indexes.opened(path) as index:
        told(index)
    with pytest.raises(ZeroDivisionError), open_indexes.opened(written(path, "goats")):
        raise ZeroDivisionError
    assert open_files(tmp_path) == []
