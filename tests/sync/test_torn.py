"""Files that a power cut tore, in every combination: all is mended from a good mirror, and no old one gets through."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.errors import TrustError
from kiosk.store import trust
from tests.sync.federation import Federation, Kiosk, MemoryMirror, key, packs

KINDS = ("root", "timestamp", "snapshot", "targets", "stable", "members")
TEARS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "gone": lambda path: path.unlink(),
}
COMBINATIONS = [kinds for size in range(1, len(KINDS) + 1) for kinds in itertools.combinations(KINDS, size)]


@pytest.fixture
def old(kiosk: Kiosk, federation: Federation) -> dict[str, bytes]:
    """The files of a state that the kiosk left behind: an older version of every role, and of the head."""
    federation.release("stable", "members", 1)
    kiosk.refresh()
    before = dict(federation.files)
    federation.name_keys("root", [key("root-2"), key("root-3")], threshold=2)
    federation.rotate()
    federation.publish("targets")
    federation.release("stable", "members", 2)
    kiosk.refresh()
    kiosk.refresh()  # what was spared for neighbours goes
    return before


def torn(kiosk: Kiosk, tear: str, kinds: tuple[str, ...]) -> Iterator[Path]:
    """Tear the files of these kinds and yield them."""
    for path in sorted(kiosk.folder.rglob("*.json")):
        if any(kind in path.name for kind in kinds):
            TEARS[tear](path)
            yield path


@pytest.mark.parametrize("tear", TEARS)
def test_torn_files(kiosk: Kiosk, federation: Federation, old: dict[str, bytes], tear: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(kiosk.folder, whole)
    for kinds in COMBINATIONS:
        assert list(torn(kiosk, tear, kinds)), kinds
        with pytest.raises(TrustError, match=r"seen before"):
            kiosk.poll(old)
        refreshed = kiosk.refresh(MemoryMirror(old, "old"), MemoryMirror(federation.files, "good"))
        assert (packs(refreshed), refreshed.mirror) == ({"members": 2}, "good")
        assert "seen before" in refreshed.warnings[0].message
        names = {path.relative_to(whole) for path in whole.rglob("*")}
        assert {path.relative_to(kiosk.folder) for path in kiosk.folder.rglob("*")} == names
        assert all((whole / p).read_bytes() == (kiosk.folder / p).read_bytes() for p in names if (whole / p).is_file())


def test_all_versions_are_floors_that_a_power_cut_leaves(kiosk: Kiosk, old: dict[str, bytes]) -> None:
    assert {role: each.version for role, each in trust.accepted(kiosk.conn).items()} == {
        "timestamp": 4, "snapshot": 4, "targets": 2, "stable": 3,
    }  # fmt: skip
    assert max(trust.roots(kiosk.conn)) == 2


def test_a_cut_between_the_files_and_the_rows_is_gone_on_from(kiosk: Kiosk, federation: Federation) -> None:
    federation.release("stable", "members", 1)
    kiosk.refresh()
    tables = "trust_accepted", "trust_heads"
    rows = {table: kiosk.conn.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    federation.release("stable", "members", 2)
    kiosk.refresh()
    for table, before in rows.items():  # the files are new, the rows are those of before
        kiosk.conn.execute(f"DELETE FROM {table}")
        kiosk.conn.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(before[0]))})", map(tuple, before))
    kiosk.mirror.asked.clear()
    assert packs(kiosk.refresh()) == {"members": 2}
    assert kiosk.mirror.fetched() == ["metadata/timestamp.json"]
