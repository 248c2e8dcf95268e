"""Pruning: what is released keeps working, patches can still be made, and nothing else stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.errors import TrustError
from kiosk.packs.blobs import Blob
from kiosk.packs.head import Head, Route
from kiosk.publish import prune as pruning
from kiosk.publish.build import build
from kiosk.publish.patches import kept, starts
from kiosk.publish.prune import Pruned, prune
from kiosk.publish.repository import Repository
from tests.making import CHANNEL, Village, course_recipe, no_books


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def pruned(village: Village, *, keep: int = pruning.KEEP, dry_run: bool = False) -> Pruned:
    return prune(village.repository.folder, village.repository.metadata, keep=keep, dry_run=dry_run)


def test_the_last_versions_stay_and_older_ones_go(village: Village) -> None:
    for version in range(1, 5):
        village.release(version=version, text=f"Text of version {version}.")
    before = files(village.repository.folder)
    told = pruned(village, keep=2, dry_run=True)
    assert files(village.repository.folder) == before
    done = pruned(village, keep=2)
    assert done == told
    after = files(village.repository.folder)
    assert len(before - after) == done.heads + done.blobs + done.metadata
    assert len(after) == done.kept_files
    assert [head.version for head in village.repository.known_heads("members")] == [4, 3, 2]
    assert list(village.repository.verify()) == []
    village.release(version=5, text="Text of version 5.")
    newest = village.repository.known_heads("members")[0]
    assert len(newest.patches) == 3
    assert pruned(village, keep=3).heads == 1  # what was added and then released


def test_all_roots_and_only_the_metadata_in_force_stay(village: Village) -> None:
    village.release()
    village.repository.sign()
    pruned(village)
    assert {name for name in files(village.repository.folder) if name.startswith("metadata/")} == {
        "metadata/1.root.json", "metadata/1.targets.json", "metadata/2.stable.json", "metadata/3.snapshot.json",
        "metadata/timestamp.json",
    }  # fmt: skip


def test_a_second_time_nothing_goes(village: Village) -> None:
    village.release()
    village.release(version=2, text="Other words.")
    pruned(village)
    assert pruned(village).size_bytes == 0


def test_what_waits_for_signatures_stays(village: Village) -> None:
    village.release()
    (village.folder / "keys" / "channel-stable.pem").rename(village.folder / "elsewhere.pem")
    village.release(version=2, text="Other words.")
    (village.folder / "elsewhere.pem").rename(village.folder / "keys" / "channel-stable.pem")
    pruned(village, keep=0)
    village.repository.sign()
    assert [each.version for each in village.repository.releases(CHANNEL)] == [2]
    assert list(village.repository.verify()) == []


def test_what_was_added_and_not_released_yet_stays(village: Village) -> None:
    village.release()
    built = build(course_recipe(village.folder / "recipe", version=2, text="Soon."), village.folder / "built", no_books)
    village.repository.add(built)
    pruned(village, keep=0)
    village.repository.release([built], CHANNEL)
    assert list(village.repository.verify()) == []


def test_a_withdrawn_pack_goes_whole(village: Village) -> None:
    village.release()
    village.repository.withdraw("members", CHANNEL)
    pruned(village)
    assert {name for name in files(village.repository.folder) if not name.startswith("metadata/")} == set()


def test_drafts_of_an_interrupted_run_go(village: Village) -> None:
    village.release()
    draft = village.repository.folder / "blobs" / ".abc.new"
    draft.write_bytes(b"x")
    pruned(village)
    assert not draft.exists()


def test_nothing_goes_when_a_signature_does_not_hold(village: Village) -> None:
    village.release()
    village.release(version=2, text="Other words.")
    path = village.repository.folder / "metadata" / "3.stable.json"
    path.write_bytes(path.read_bytes().replace(b"members", b"mombers"))
    before = files(village.repository.folder)
    with pytest.raises(TrustError):
        pruned(village, keep=0)
    assert files(village.repository.folder) == before


def test_nothing_goes_when_a_released_head_is_missing(village: Village) -> None:
    village.release()
    next(village.repository.folder.glob("targets/*/*.json")).unlink()
    before = files(village.repository.folder)
    with pytest.raises(TrustError, match="can not be read"):
        pruned(village)
    assert files(village.repository.folder) == before


def test_a_pruned_repository_reads_without_keys(village: Village) -> None:
    village.release()
    found = Repository(village.repository.folder, None, village.clock)
    assert prune(found.folder, found.metadata).kept_files > 0


def some_head(version: int) -> Head:
    return Head("members", version, f"{version:064x}", 100, 1000, 1000, 1, (), Route((Blob("b" * 64, 100, None),), 0))


def test_after_many_releases_with_pruning_patches_still_start_far_back() -> None:
    known: list[Head] = []
    for version in range(1, 601):
        head = some_head(version)
        found = [each.version for each in starts(known, head)]
        assert found[:10] == [*range(version - 1, max(0, version - 11), -1)]
        for skip in (16, 32, 64, 128, 256):
            if version >= skip + 16:
                assert any(version - skip - 16 < start <= version - skip for start in found), (version, skip)
        stay = kept([each.version for each in known], version, pruning.KEEP)
        known = [head, *(each for each in known if each.version in stay)]
        assert len(known) <= 1 + pruning.KEEP + 18
