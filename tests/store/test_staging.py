"""The listing of a pack that is being staged: on the state's card, and never left there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk.errors import FormatError
from kiosk.packs.collection import Entry
from kiosk.packs.listing import Placed
from kiosk.store import staging


def placed(path: str) -> Placed:
    return Placed(0, Entry(path, "text/html", "", 5, ""))


def test_it_lies_in_the_folder_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "listing").write_bytes(b"what a cut left")
    with staging.opened(tmp_path) as conn:
        staging.put(conn, (placed(f"page-{number}.html") for number in range(50_000)), "pack")
        assert len(list(staging.all_of(conn))) == 50_000
        assert list(tmp_path.iterdir()) == []
        assert f"{tmp_path}/listing (deleted)" in {os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()}
    assert list(tmp_path.iterdir()) == []


def test_a_clash_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="two paths are the same"), staging.opened(tmp_path) as conn:
        staging.put(conn, [placed("a.html"), placed("A.html")], "pack")
    assert list(tmp_path.iterdir()) == []
