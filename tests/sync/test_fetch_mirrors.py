"""Fetching from several mirrors: who is asked, who is asked last, and when it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.errors import MirrorError, TrustError
from kiosk.packs.blobs import LEAF_BYTES, Blob
from kiosk.sync.fetch import Source
from kiosk.sync.mirrors import FileMissing
from tests.sync.origin import Origin, noise
from tests.sync.proxy import Fault
from tests.sync.wire import MIB, Kiosk, linked, need, over


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return tmp_path / "parts"


@pytest.mark.parametrize("kind", ["flip", "login_without_length", "truncate"])
def test_the_next_mirror_goes_on_where_the_first_went_wrong(origin: Origin, parts: Path, kind: str) -> None:
    data = noise(60_000)
    blob = origin.blob(data)
    with linked(origin) as bad, linked(origin) as good:
        bad.faults = [Fault(kind, at=30_000, times=99)]  # type: ignore[arg-type]
        kiosk = Kiosk(parts, over(bad, "bad"), over(good, "good"))
        assert kiosk.fetcher.blob(blob).read_bytes() == data


def test_mirrors_are_changed_in_the_middle_of_a_blob(origin: Origin, parts: Path) -> None:
    blob = origin.blob(noise(3 * MIB))
    with linked(origin) as near, linked(origin) as far:
        near.faults = [Fault("reset", at=MIB, path=blob.sha256), Fault("refuse", times=99, path=blob.sha256)]
        kiosk = Kiosk(parts, over(near, "near"), over(far, "far"))
        assert kiosk.fetcher.small(blob) == noise(3 * MIB)
    assert kiosk.meter.by_name["far"] == 2 * MIB
    assert kiosk.meter.total == need(blob)


def test_a_mirror_is_kept_to_as_long_as_it_brings_anything(origin: Origin, parts: Path) -> None:
    blob = origin.blob(noise(MIB))
    with linked(origin, cut_every=100_000) as near, linked(origin) as far:
        kiosk = Kiosk(parts, over(near, "free"), over(far, "paid"))
        kiosk.fetcher.blob(blob)
        assert far.counts.requests == []


def test_a_mirror_that_was_wrong_is_asked_last(origin: Origin, parts: Path) -> None:
    first, second = origin.blob(noise(MIB, 1)), origin.blob(noise(MIB, 2))
    with linked(origin) as bad, linked(origin) as good:
        bad.faults = [Fault("flip", at=100)]
        kiosk = Kiosk(parts, over(bad, "bad"), over(good, "good"))
        kiosk.fetcher.blob(first)
        asked = len(bad.counts.requests)
        kiosk.fetcher.blob(second)
        assert len(bad.counts.requests) == asked
    assert kiosk.meter.total <= first.size_bytes + second.size_bytes + LEAF_BYTES + 1000


def test_only_wrong_leaves_are_fetched_again(origin: Origin, parts: Path) -> None:
    data = noise(5 * MIB)
    blob = origin.blob(data)
    spoiled = bytearray(data)
    for leaf in (3, 4, 40):
        spoiled[leaf * LEAF_BYTES] ^= 1
    other = Origin(parts.parent / "spoiled")
    other.blob(data)
    other.path(blob.sha256).write_bytes(spoiled)
    kiosk = Kiosk(parts, other.mirror("spoiled"), origin.mirror("good"))
    assert kiosk.fetcher.blob(blob).read_bytes() == data
    assert kiosk.meter.total <= need(blob) + LEAF_BYTES


@pytest.mark.parametrize("size", [60_000, 800_000, 3 * MIB])
def test_when_all_are_wrong_it_is_a_matter_of_trust(origin: Origin, parts: Path, size: int) -> None:
    data = bytearray(noise(size))
    blob = origin.blob(bytes(data))
    data[size // 2] ^= 1
    origin.path(blob.sha256).write_bytes(data)
    kiosk = Kiosk(parts, origin.mirror("one"), origin.mirror("two"))
    with pytest.raises(TrustError, match=f"one, two: blobs/{blob.sha256[:2]}/{blob.sha256}"):
        kiosk.fetcher.blob(blob)
    assert not (parts / blob.sha256).exists()
    assert kiosk.meter.total <= 6 * min(size, 2 * MIB)


def test_a_leaf_list_that_contradicts_the_blob_is_refused(origin: Origin, parts: Path) -> None:
    blob, other = origin.blob(noise(3 * MIB, 1)), origin.blob(noise(3 * MIB, 2))
    origin.path(blob.sha256).write_bytes(noise(3 * MIB, 2))
    with pytest.raises(TrustError, match="leaf list is not of this blob"):
        Kiosk(parts, origin.mirror()).fetcher.blob(Blob(blob.sha256, blob.size_bytes, other.leaves))
    assert not list(parts.glob("*.part"))


def test_without_its_leaf_list_a_blob_is_verified_as_a_whole(origin: Origin, parts: Path) -> None:
    blob = origin.blob(noise(3 * MIB), leaves=False)
    with linked(origin) as link:
        link.faults = [Fault("flip", at=5, path=blob.sha256)]
        assert Kiosk(parts, over(link)).fetcher.small(blob) == noise(3 * MIB)


def test_a_server_that_knows_no_ranges_is_read_from_its_start_when_nothing_else_is_left(
    origin: Origin, parts: Path
) -> None:
    blob = origin.blob(noise(900_000))
    with linked(origin) as link:
        link.faults = [Fault("reset", at=600_000), Fault("ignore_range", times=99)]
        kiosk = Kiosk(parts, over(link))
        assert kiosk.fetcher.small(blob) == noise(900_000)
        assert kiosk.meter.total == 600_000 + 900_000
        link.faults = [Fault("reset", at=500_000), Fault("ignore_range", times=99)]
        other = origin.blob(noise(900_000, 2))
        with_stick = Kiosk(parts, over(link), origin.mirror())
        assert with_stick.fetcher.small(other) == noise(900_000, 2)
        assert with_stick.meter.total == 900_000


def test_no_mirror_has_it(origin: Origin, parts: Path) -> None:
    blob = origin.blob(b"data")
    origin.path(blob.sha256).unlink()
    kiosk = Kiosk(parts, origin.mirror("one"), origin.mirror("two"))
    with pytest.raises(FileMissing, match=r"no mirror has it \(one, two\)"):
        kiosk.fetcher.blob(blob)
    assert kiosk.pauses == []


def test_it_backs_off_with_jitter_and_gives_up_in_the_end(origin: Origin, parts: Path) -> None:
    blob = origin.blob(noise(60_000))
    with linked(origin) as link:
        link.faults = [Fault("reset", at=10_000), Fault("refuse", times=99)]
        kiosk = Kiosk(parts, over(link))
        with pytest.raises(MirrorError, match="503"):
            kiosk.fetcher.blob(blob)
        for count, pause in enumerate(kiosk.pauses[1:]):
            assert 0.5 * 2**count <= pause <= 1.5 * 2**count
        link.faults = []
        again = Kiosk(parts, over(link))
        again.fetcher.blob(blob)
        assert again.meter.total == 50_000


def test_a_blob_is_taken_from_the_middle_of_a_file_elsewhere(origin: Origin, parts: Path) -> None:
    film = noise(5 * MIB)
    blob = origin.blob(film[2 * MIB : 4 * MIB])
    (origin.folder / "film").write_bytes(film)
    origin.path(blob.sha256).unlink()
    kiosk = Kiosk(parts, origin.mirror())
    elsewhere = Source(origin.mirror("maker"), "film", 2 * MIB)
    assert kiosk.fetcher.blob(blob, [elsewhere]).read_bytes() == film[2 * MIB : 4 * MIB]
