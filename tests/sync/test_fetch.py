"""Fetching over links that fail: what arrives is right, is on the card, and hardly a byte is paid for twice."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kiosk.errors import KioskError, MirrorError, TrustError
from kiosk.packs.blobs import LEAF_BYTES, Blob
from kiosk.sync.fetch import Fetcher, Source
from kiosk.sync.mirrors import FileMissing, HttpMirror, Mirror
from tests.sync.origin import HASTY, Origin, noise
from tests.sync.proxy import Fault, Proxy, proxy

MIB = 1024 * 1024
KINDS = [
    "reset", "truncate", "stall", "ignore_range", "login", "login_without_length", "drip", "drip_head", "flip",
    "refuse", "wrong_range", "pack", "endless",
]  # fmt: skip


@dataclass
class Meter:
    """Counts what arrives, by mirror, and may stop the sync."""

    by_name: dict[str, int] = field(default_factory=dict)
    stop_at: int = 0

    def __call__(self, mirror: Mirror, count: int) -> None:
        self.by_name[mirror.name] = self.by_name.get(mirror.name, 0) + count
        if self.stop_at and self.total >= self.stop_at:
            raise SpentError("the budget is spent")

    @property
    def total(self) -> int:
        return sum(self.by_name.values())


class SpentError(KioskError):
    """What a budget raises."""


class Kiosk:
    """A fetcher that does not wait, with its meter and its pauses."""

    def __init__(self, parts: Path, *mirrors: Mirror) -> None:
        self.parts = parts
        self.meter = Meter()
        self.pauses: list[float] = []
        self.fetcher = Fetcher(mirrors, parts, self.meter, pause=self.pauses.append)


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return tmp_path / "parts"


@contextmanager
def linked(origin: Origin, **link: float) -> Iterator[Proxy]:
    with origin.serve() as url, proxy(url, drip_seconds=0.01, **link) as running:
        yield running


def over(link: Proxy, name: str | None = None) -> HttpMirror:
    return HttpMirror(link.url, name=name, patience=HASTY)


def need(blob: Blob) -> int:
    """Return the bytes that a blob must cost: its own and those of its leaf list."""
    return blob.size_bytes + (-(-blob.size_bytes // LEAF_BYTES) * 32 if blob.size_bytes > MIB else 0)


@pytest.mark.parametrize("size", [0, 1, LEAF_BYTES, LEAF_BYTES + 1, MIB, MIB + 1, 3 * MIB + 5])
def test_blobs_of_every_size_arrive_and_cost_what_they_weigh(origin: Origin, parts: Path, size: int) -> None:
    data = noise(size)
    blob = origin.blob(data)
    kiosk = Kiosk(parts, origin.mirror())
    assert kiosk.fetcher.blob(blob) == parts / blob.sha256
    assert (parts / blob.sha256).read_bytes() == data
    assert kiosk.meter.total == need(blob)
    assert kiosk.fetcher.small(blob) == data
    assert kiosk.meter.total == need(blob)  # what is there is not fetched again
    assert not list(parts.glob("*.part"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [50_000, 3 * MIB])
def test_every_fault_is_got_over_at_the_price_of_a_leaf(origin: Origin, parts: Path, size: int, kind: str) -> None:
    data = noise(size)
    blob = origin.blob(data)
    at = size // 2 + 1
    with linked(origin) as link:
        kiosk = Kiosk(parts, over(link))
        link.faults = [Fault("reset", at=9), Fault(kind, at=at, path=f"blobs/{blob.sha256[:2]}/", times=2)]  # type: ignore[arg-type]
        assert kiosk.fetcher.blob(blob).read_bytes() == data
    assert kiosk.meter.total - need(blob) <= 3 * LEAF_BYTES


@pytest.mark.parametrize("kind", ["flip", "login_without_length", "truncate"])
def test_the_next_mirror_goes_on_where_the_first_went_wrong(origin: Origin, parts: Path, kind: str) -> None:
    data = noise(60_000)
    blob = origin.blob(data)
    with linked(origin) as bad, linked(origin) as good:
        bad.faults = [Fault(kind, at=30_000, times=99)]  # type: ignore[arg-type]
        kiosk = Kiosk(parts, over(bad, "bad"), over(good, "good"))
        assert kiosk.fetcher.blob(blob).read_bytes() == data


def test_a_5_mb_pack_arrives_through_a_cut_every_10_seconds_with_2_percent_to_spare(
    origin: Origin, parts: Path
) -> None:
    """The bytes of 10 seconds at 200 kbit/s between cuts, but 80 times as fast; slowly: tests/benchmarks/link.py."""
    blobs = [origin.blob(noise(size, size)) for size in (4_000_000, 700_000, 250_000, 40_000, 10_000)]
    with linked(origin, cut_every=250_000, rate_bits=16e6, delay_seconds=0.0075) as link:
        kiosk = Kiosk(parts, over(link))
        for blob in blobs:
            assert len(kiosk.fetcher.small(blob)) == blob.size_bytes
        assert link.cuts == 20
        needed = sum(blob.size_bytes for blob in blobs)
        assert link.counts.body_bytes <= 1.02 * needed
        assert link.counts.body_bytes + link.counts.head_bytes <= 1.02 * needed
    assert all(0.5 <= pause <= 1.5 for pause in kiosk.pauses)  # each cut brought bytes first: no backing off


def test_a_sync_killed_again_and_again_pays_for_hardly_a_byte_twice(origin: Origin, parts: Path) -> None:
    blob = origin.blob(noise(3 * MIB))
    with linked(origin, rate_bits=40e6) as link:
        for at in (200_000, 900_000, 1_700_000):
            child = subprocess.Popen(
                [sys.executable, "-c", FETCH, link.url, str(parts), *map(str, vars(blob).values())]
            )
            while link.counts.body_bytes < at:
                assert child.poll() is None
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        before = link.counts.body_bytes
        kiosk = Kiosk(parts, over(link))
        assert kiosk.fetcher.blob(blob).stat().st_size == blob.size_bytes
        assert link.counts.body_bytes - before <= need(blob) - 1_500_000


FETCH = """
import sys
from pathlib import Path
from kiosk.packs.blobs import Blob
from kiosk.sync.fetch import Fetcher
from kiosk.sync.mirrors import HttpMirror
url, parts, sha256, size, leaves = sys.argv[1:]
Fetcher([HttpMirror(url)], Path(parts)).blob(Blob(sha256, int(size), leaves))
"""


@pytest.mark.parametrize("size", [60_000, 800_000, 3 * MIB])
def test_what_a_power_cut_tore_is_found_and_only_that_is_fetched(origin: Origin, parts: Path, size: int) -> None:
    data = bytearray(noise(size))
    blob = origin.blob(bytes(data))
    data[10_000:20_000] = bytes(10_000)  # blocks that never reached the card
    data[-1:] = b""
    parts.mkdir()
    (parts / f"{blob.sha256}.part").write_bytes(data)
    kiosk = Kiosk(parts, origin.mirror())
    assert kiosk.fetcher.blob(blob).read_bytes() == noise(size)
    assert kiosk.meter.total <= 2 * LEAF_BYTES + 2000


def test_a_whole_file_that_the_card_spoiled_is_mended(origin: Origin, parts: Path) -> None:
    blob = origin.blob(noise(3 * MIB))
    path = Kiosk(parts, origin.mirror()).fetcher.blob(blob)
    with path.open("r+b") as file:
        file.seek(MIB)
        file.write(b"rot")
    kiosk = Kiosk(parts, origin.mirror())
    assert kiosk.fetcher.small(blob) == noise(3 * MIB)
    assert kiosk.meter.total == LEAF_BYTES


def test_a_budget_stops_it_and_the_next_day_goes_on_at_the_byte(origin: Origin, parts: Path) -> None:
    blob = origin.blob(noise(3 * MIB))
    first = Kiosk(parts, origin.mirror())
    first.meter.stop_at = MIB + 12345
    with pytest.raises(SpentError):
        first.fetcher.blob(blob)
    second = Kiosk(parts, origin.mirror())
    assert second.fetcher.small(blob) == noise(3 * MIB)
    assert first.meter.total + second.meter.total == need(blob)


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


def test_a_range_of_a_blob_is_verified_by_its_own_hash(origin: Origin, parts: Path) -> None:
    data = noise(3 * MIB)
    blob, wanted = origin.blob(data), data[MIB + 7 : MIB + 300_007]
    with linked(origin, cut_every=100_000) as link:
        kiosk = Kiosk(parts, over(link))
        assert kiosk.fetcher.range(blob, MIB + 7, 300_000, hashlib.sha256(wanted).hexdigest()) == wanted
        assert kiosk.meter.total == 300_000
        with pytest.raises(TrustError):
            kiosk.fetcher.range(blob, MIB, 300_000, hashlib.sha256(b"other").hexdigest())


def test_a_blob_is_taken_from_the_middle_of_a_file_elsewhere(origin: Origin, parts: Path) -> None:
    film = noise(5 * MIB)
    blob = origin.blob(film[2 * MIB : 4 * MIB])
    (origin.folder / "film").write_bytes(film)
    origin.path(blob.sha256).unlink()
    kiosk = Kiosk(parts, origin.mirror())
    elsewhere = Source(origin.mirror("maker"), "film", 2 * MIB)
    assert kiosk.fetcher.blob(blob, [elsewhere]).read_bytes() == film[2 * MIB : 4 * MIB]


def test_what_it_says_is_whole_is_on_the_card(origin: Origin, parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = origin.blob(noise(3 * MIB))
    done: list[str] = []
    record(monkeypatch, done, "fsync")
    record(monkeypatch, done, "fdatasync")
    monkeypatch.setattr(Path, "rename", recording(done, "rename", Path.rename))
    Kiosk(parts, origin.mirror()).fetcher.blob(blob)
    assert done.count("fdatasync") >= 6  # every 512 KiB
    assert done[-3:] == ["fsync", "rename", "fsync"]  # the bytes, the name, the folder


def record(monkeypatch: pytest.MonkeyPatch, done: list[str], name: str) -> None:
    monkeypatch.setattr(os, name, recording(done, name, getattr(os, name)))


def recording(done: list[str], name: str, real: Callable[..., object]) -> Callable[..., object]:
    def call(*arguments: object) -> object:
        done.append(name)
        return real(*arguments)

    return call
