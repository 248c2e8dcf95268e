"""A sync, through the real repository and the real trust, with a mirror that can be made to lie or fail."""

from __future__ import annotations

import errno
import hashlib
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.errors import ConfigError, Conflict, HostError, MirrorError, NoSpace, TrustError
from kiosk.packs import blobs
from kiosk.store import db, events, generations
from kiosk.sync import carry, install, lock
from kiosk.sync.agent import Agent
from tests.making import FolderMirror, Village


def last_event(village: Village) -> events.Event:
    with closing(db.connect(village.state.database)) as conn:
        return events.last(conn, "sync.")[0]


def test_a_fresh_kiosk_gets_what_was_released(village: Village) -> None:
    village.release()
    outcome = village.agent().run()
    assert outcome.generation == 1
    assert [(c.pack, c.before, c.after) for c in outcome.changes] == [("members", 0, 1)]
    assert "Members own it together." in village.lesson()
    assert village.state.current.readlink() == Path("generations/1")
    assert last_event(village).kind == "sync.finished"


def test_nothing_new_fetches_no_blob_and_makes_no_generation(village: Village) -> None:
    village.release()
    village.agent().run()
    village.mirror.asked.clear()
    outcome = village.agent().run()
    assert outcome.changes == ()
    assert outcome.generation == 1
    assert not [path for path in village.mirror.asked if path.startswith("blobs/")]


def test_an_update_fetches_only_what_changed_and_the_old_generation_stays(village: Village) -> None:
    village.release()
    village.agent().run()
    before = village.state.current.resolve()
    village.release(version=2, text="Each has one vote.")
    village.mirror.asked.clear()
    assert village.agent().run().generation == 2
    assert "Each has one vote." in village.lesson()
    assert "Members own it together." in (before / "members/members/en/lessons/01-members.html").read_text()
    head = village.repository.known_heads("members")[0]
    assert [path for path in village.mirror.asked if path.startswith("blobs/")] == [
        blobs.location(head.patches[0].blobs[0].sha256)
    ]


def test_only_two_generations_and_their_files_are_kept(village: Village) -> None:
    for version in (1, 2, 3):
        village.release(version=version, text=f"Text of version {version}.")
        village.agent().run()
    assert sorted(path.name for path in village.state.generations.iterdir()) == ["2", "3"]
    texts = [path.read_bytes() for path in village.state.objects.glob("*/*")]
    assert not any(b"Text of version 1." in text for text in texts)
    with closing(db.connect(village.state.database)) as conn:
        assert generations.numbers(conn) == [3, 2]


def test_a_withdrawn_pack_goes_away(village: Village) -> None:
    village.release()
    village.agent().run()
    village.repository.withdraw("members", "stable")
    assert village.agent().run().generation == 2
    assert not (village.state.current / "members").exists()


@pytest.mark.parametrize("which", ["full", "patch"])
def test_changed_bytes_are_refused_by_name_and_the_old_content_stays(village: Village, which: str) -> None:
    village.release()
    if which == "patch":
        village.agent().run()
    village.release(version=2, text="Each has one vote.")
    head = village.repository.known_heads("members")[0]
    sha256 = (head.full if which == "full" else head.patches[0]).blobs[0].sha256
    blob = village.repository.folder / blobs.location(sha256)
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.write_bytes(data)
    with pytest.raises(TrustError, match=blobs.location(sha256)) as refusal:
        village.agent().run()
    assert refusal.value.hint
    assert village.state.current_number() == (1 if which == "patch" else 0)
    assert last_event(village).kind == "sync.failed"
    assert sha256 in last_event(village).detail["message"]


@pytest.mark.parametrize("what", ["patch", "segments"])
def test_where_no_mirror_has_the_patch_or_a_segment_the_full_route_is_taken(village: Village, what: str) -> None:
    village.release(text="Members own it together. " * 50)
    village.agent().run()
    village.release(version=2, text="Each has one vote. " * 50)
    head = village.repository.known_heads("members")[0]
    gone = head.patches[0].blobs[0] if what == "patch" else head.segments.index if head.segments else None
    assert gone
    (village.repository.folder / blobs.location(gone.sha256)).unlink()
    if what == "segments":
        lesson = village.state.current.resolve() / "members/members/en/lessons/01-members.html"
        lesson.chmod(0o644)
        lesson.write_bytes(b"rotten")
    assert village.agent().run().generation == 2
    assert "Each has one vote." in village.lesson()


def test_a_damaged_old_copy_is_repaired_from_segments(village: Village) -> None:
    village.release(text="Members own it together. " * 50)
    village.agent().run()
    lesson = village.state.current.resolve() / "members/members/en/lessons/01-members.html"
    lesson.chmod(0o644)
    lesson.write_bytes(b"rotten")  # the same file as in objects/: a card that forgets
    village.release(version=2, text="Each has one vote. " * 50)
    village.mirror.asked.clear()
    assert village.agent().run().generation == 2
    assert "Each has one vote." in village.lesson()
    head = village.repository.known_heads("members")[0]
    assert head.segments is not None
    assert blobs.location(head.segments.index.sha256) in village.mirror.asked


def test_a_file_that_is_gone_is_repaired_though_it_did_not_change(village: Village) -> None:
    village.release()
    village.agent().run()
    rules = village.state.object_path(hashlib.sha256(b"One member, one vote.\n").hexdigest())
    rules.unlink()
    village.release(version=2, text="Each has one vote.")
    assert village.agent().run().generation == 2
    assert (village.state.current / "members/rules/en/rules.txt").read_bytes() == b"One member, one vote.\n"


def test_a_copy_that_is_damaged_all_over_is_fetched_whole(village: Village) -> None:
    village.release()
    village.agent().run()
    for path in village.state.objects.glob("*/*"):
        path.unlink()
    village.release(version=2, text="Each has one vote.")
    assert village.agent().run().generation == 2
    assert "Each has one vote." in village.lesson()


@pytest.mark.parametrize("file", ["timestamp.json", "3.snapshot.json", "3.stable.json", "stable/"])
def test_changed_metadata_is_refused_by_name(village: Village, file: str) -> None:
    village.release()
    village.release(version=2, text="Each has one vote.")
    folder = village.repository.folder
    paths = [p for p in folder.rglob("*.json") if file in str(p) and "blobs" not in str(p)]
    assert paths
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b'"version":', b'"version": ', 1))
        path.write_bytes(path.read_bytes().replace(b"2", b"3", 1))
    with pytest.raises(TrustError, match=file):
        village.agent().run()
    assert village.state.current_number() == 0


def test_an_older_repository_is_refused_even_when_tufs_own_files_were_torn(village: Village, tmp_path: Path) -> None:
    village.release()
    old = tmp_path / "old"
    shutil.copytree(village.repository.folder, old)
    village.release(version=2, text="Each has one vote.")
    village.agent().run()
    for path in village.state.trust.rglob("*.json"):
        path.write_bytes(b"")
    with pytest.raises(TrustError, match="older than"):
        Agent(village.config, [FolderMirror(old)], village.clock).run()
    assert "Each has one vote." in village.lesson()


def test_expired_metadata_is_refused(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    village.release()
    village.clock.forward(days=120)
    with pytest.raises(TrustError, match=r"timestamp\.json: it has expired"):
        Agent(village.config, [village.mirror], village.clock, vouched=lambda: True).run()


def test_a_missing_file_is_told(village: Village) -> None:
    built = village.release()
    sha256 = built.head.full.blobs[0].sha256
    (village.repository.folder / "blobs" / sha256[:2] / sha256).unlink()
    with pytest.raises(MirrorError, match=sha256):
        village.agent().run()


def test_a_second_sync_waits_for_the_first(village: Village) -> None:
    village.release()
    with lock.alone(village.state), pytest.raises(Conflict, match="running already"):
        village.agent().run()


def test_no_room_is_told_with_the_figures(village: Village) -> None:
    village.release()
    config = replace(village.config, sync=replace(village.config.sync, spare_bytes=1 << 60))
    with pytest.raises(NoSpace, match="must stay free"):
        Agent(config, [village.mirror], village.clock).run()
    assert village.state.current_number() == 0


def test_a_card_without_room_for_what_is_passed_on_makes_no_failed_sync(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_about: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(carry, "keep", full)
    village.release()
    assert village.agent().run().generation == 1
    assert last_event(village).kind == "sync.finished"


def test_what_is_no_full_card_is_told_though_the_new_is_served(village: Village) -> None:
    village.release()
    village.state.prepare()
    (village.state.folder / "mirror").write_text("no folder")
    with pytest.raises(HostError, match="mirror: File exists"):
        village.agent().run()
    assert "Members own it together." in village.lesson()
    assert (last_event(village).kind, last_event(village).detail["error"]) == ("sync.failed", "HostError")


def test_a_root_of_trust_that_is_missing_is_told(village: Village) -> None:
    village.config.sync.trusted_root.unlink()
    with pytest.raises(ConfigError, match=r"root\.json"):
        village.agent().run()


def test_an_unknown_channel_is_told(village: Village) -> None:
    config = replace(village.config, sync=replace(village.config.sync, channels=("prices",)))
    with pytest.raises(TrustError, match="no channel 'prices'"):
        Agent(config, [village.mirror], village.clock).run()


def test_a_killed_assembly_is_cleared_away(village: Village) -> None:
    village.release()
    village.state.prepare()
    (village.state.generations / ".1.new" / "members").mkdir(parents=True)
    (village.state.generations / "1").mkdir()  # renamed, but its rows were never written
    assert village.agent().run().generation == 1
    assert [path.name for path in village.state.generations.iterdir()] == ["1"]


def test_going_back_is_one_rename(village: Village) -> None:
    village.release()
    village.agent().run()
    village.release(version=2, text="Each has one vote.")
    village.agent().run()
    with closing(db.connect(village.state.database)) as conn:
        install.activate(village.state, conn, 1)
    assert "Members own it together." in village.lesson()


def test_a_generation_that_never_served_does_not_push_out_one_that_did(village: Village) -> None:
    village.release()
    village.agent().run()
    village.release(version=2, text="Each has one vote.")
    village.agent().run()
    with closing(db.connect(village.state.database)) as conn:  # cut after the rows of a third, before the rename
        with db.transaction(conn):
            generations.record(conn, 3, [], village.clock())
        (village.state.generations / "3").mkdir()
    (village.state.generations / ".4.new").mkdir()
    assert village.agent().run().changes == ()
    assert sorted(path.name for path in village.state.generations.iterdir()) == ["1", "2"]
    with closing(db.connect(village.state.database)) as conn:
        assert generations.last_served(conn, 5) == [2, 1]


def test_a_cut_between_the_rename_and_its_mark_is_made_good(village: Village) -> None:
    village.release()
    village.agent().run()
    with closing(db.connect(village.state.database)) as conn, db.transaction(conn):
        conn.execute("UPDATE generations SET served = NULL")
    village.agent().run()
    with closing(db.connect(village.state.database)) as conn:
        assert generations.last_served(conn, 5) == [1]
    assert "Members own it together." in village.lesson()
