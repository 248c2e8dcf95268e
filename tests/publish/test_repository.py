"""The signed repository: what may be released, what is refused, and that nothing signed is signed blindly."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kiosk.errors import ConfigError, Conflict, TrustError
from kiosk.packs import blobs
from kiosk.publish.drafting import alone
from tests.making import CHANNEL, Village


def test_a_release_is_listed_and_verifies(village: Village) -> None:
    village.release()
    assert [(r.pack, r.version) for r in village.repository.releases(CHANNEL)] == [("members", 1)]
    assert list(village.repository.verify()) == []


def test_releasing_the_same_again_signs_nothing(village: Village) -> None:
    built = village.release()
    before = sorted(path.name for path in (village.repository.folder / "metadata").iterdir())
    assert village.repository.release([built], CHANNEL) == []
    assert sorted(path.name for path in (village.repository.folder / "metadata").iterdir()) == before


def test_other_content_under_the_same_version_is_refused(village: Village) -> None:
    village.release()
    with pytest.raises(Conflict, match="version 1 is on the channel 'stable' with other content") as refusal:
        village.release(text="Other words.")
    assert "version: 2" in (refusal.value.hint or "")


def test_an_older_version_is_refused(village: Village) -> None:
    village.release(version=3)
    with pytest.raises(Conflict):
        village.release(version=2)


def test_nothing_published_changes_in_place_but_the_timestamp(village: Village) -> None:
    village.release()
    folder = village.repository.folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    village.release(version=2, text="Other words.")
    changed = [path.name for path, data in before.items() if path.read_bytes() != data]
    assert changed == ["timestamp.json"]


def test_changed_metadata_is_not_signed_again(village: Village) -> None:
    village.release()
    path = village.repository.folder / "metadata" / "2.stable.json"
    path.write_bytes(path.read_bytes().replace(b"members", b"mombers"))
    with pytest.raises(TrustError, match=r"2\.stable\.json"):
        village.release(version=2, text="Other words.")


def test_changed_and_missing_bytes_are_found(village: Village) -> None:
    built = village.release()
    assert built.head.segments is not None
    first, second = built.head.segments.index.sha256, built.head.segments.blobs[0].sha256
    (village.repository.folder / blobs.location(first)).write_bytes(b"x")
    (village.repository.folder / blobs.location(second)).unlink()
    told = sorted(error.message for error in village.repository.verify())
    assert len(told) == 2
    assert any(first in line and "were changed" in line for line in told)
    assert any(second in line and "is missing" in line for line in told)


def test_keys_are_private_and_never_overwritten(village: Village) -> None:
    keys = sorted((village.folder / "keys").glob("*.pem"))
    assert {path.stem for path in keys} == {
        "root-1", "root-2", "root-3", "targets", "snapshot", "timestamp", "channel-stable",
    }  # fmt: skip
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in keys)
    with pytest.raises(Conflict):
        village.repository.init([CHANNEL])


def test_a_missing_key_leaves_the_release_waiting(village: Village) -> None:
    key = village.folder / "keys" / "channel-stable.pem"
    key.rename(village.folder / "elsewhere.pem")
    village.release()
    assert village.repository.releases(CHANNEL) == []
    (waiting,) = village.repository.waiting()
    assert (waiting.role, waiting.version, waiting.missing, waiting.keys) == (CHANNEL, 2, 1, ("channel-stable",))
    (village.folder / "elsewhere.pem").rename(key)
    assert village.repository.sign().published == ("2.stable.json",)
    assert [(r.pack, r.version) for r in village.repository.releases(CHANNEL)] == [("members", 1)]
    assert village.repository.waiting() == ()


def test_a_missing_stick_is_told_and_nothing_is_staged(village: Village) -> None:
    (village.folder / "keys").rename(village.folder / "in-the-safe")
    with pytest.raises(ConfigError, match="there is no folder of keys"):
        village.release()
    assert village.repository.waiting() == ()


def test_an_unknown_channel_is_told_with_those_there_are(village: Village) -> None:
    with pytest.raises(ConfigError, match="no channel 'prices'") as refusal:
        village.repository.releases("prices")
    assert refusal.value.hint == "channels: stable"


def test_no_repository_is_told(tmp_path: Path, village: Village) -> None:
    empty = village.repository.__class__(tmp_path / "none", tmp_path / "keys", village.clock)
    with pytest.raises(ConfigError, match="can not be read"):
        empty.releases(CHANNEL)


def test_signing_again_moves_the_expiry(village: Village) -> None:
    before = village.repository.expires()
    village.clock.forward(days=60)
    assert (village.repository.sign().expires - before).days == 60


def test_patches_start_from_the_versions_before_and_from_skips(village: Village) -> None:
    heads = []
    for version in range(1, 20):
        village.release(version=version, text=f"Text of version {version}.")
        heads = village.repository.known_heads("members")
    assert [head.version for head in heads] == list(range(19, 0, -1))
    starts = {head.manifest_sha256[:16]: head.version for head in heads}
    assert [starts[str(patch.start)[:16]] for patch in heads[0].patches] == [*range(18, 8, -1), 3]


def test_a_patch_from_a_damaged_version_is_left_out(village: Village) -> None:
    built = village.release()
    (village.repository.folder / blobs.location(built.head.full.blobs[0].sha256)).write_bytes(b"x")
    village.release(version=2, text="Other words.")
    assert village.repository.known_heads("members")[0].patches == ()


def test_two_writers_do_not_lose_each_others_release(village: Village) -> None:
    with alone(village.repository.folder), pytest.raises(Conflict, match="another command is writing"):
        village.release()
    village.release()
    assert [r.version for r in village.repository.releases(CHANNEL)] == [1]


def test_what_a_cut_left_published_keeps_its_bytes(village: Village) -> None:
    village.release()
    metadata = village.repository.folder / "metadata"
    old = (metadata / "timestamp.json").read_bytes()
    village.release(version=2, text="Each has one vote.")
    left = {path: path.read_bytes() for path in metadata.glob("[0-9]*.json")}
    (metadata / "timestamp.json").write_bytes(old)  # cut before the last rename
    village.clock.forward(days=1)
    village.release(version=3, text="Each has one vote, and a voice.")
    assert {path: path.read_bytes() for path in left} == left
    assert list(village.repository.verify()) == []
    assert village.agent().run().changes[0].after == 3


def test_a_list_is_trusted_by_one_reading_of_each_file_above_it(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.release()
    read: list[str] = []
    read_bytes = Path.read_bytes

    def noted(path: Path) -> bytes:
        read.append(path.name)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    village.repository.releases(CHANNEL)
    assert read == ["1.root.json", "timestamp.json", "2.snapshot.json", "1.targets.json", "2.stable.json"]
