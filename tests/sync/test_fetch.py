"""Fetching over links that fail: what arrives is right, is on the card, and hardly a byte is paid for twice."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.errors import TrustError
from kiosk.packs.blobs import LEAF_BYTES
from tests.sync.origin import Origin, noise
from tests.sync.proxy import Fault
from tests.sync.wire import MIB, Kiosk, SpentError, linked, need, over

KINDS = [
    "reset", "truncate", "stall", "ignore_range", "login", "login_without_length", "drip", "drip_head", "flip",
    "refuse", "wrong_range", "pack", "endless",
]  # fmt: skip


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return tmp_path / "parts"


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


def test_a_range_of_a_blob_is_verified_by_its_own_hash(origin: Origin, parts: Path) -> None:
    data = noise(3 * MIB)
    blob, wanted = origin.blob(data), data[MIB + 7 : MIB + 300_007]
    with linked(origin, cut_every=100_000) as link:
        kiosk = Kiosk(parts, over(link))
        assert kiosk.fetcher.range(blob, MIB + 7, 300_000, hashlib.sha256(wanted).hexdigest()) == wanted
        assert kiosk.meter.total == 300_000
        assert kiosk.fetcher.range(blob, MIB + 7, 300_000, None) == wanted  # by the leaves it lies in
        with pytest.raises(TrustError):
            kiosk.fetcher.range(blob, MIB, 300_000, hashlib.sha256(b"other").hexdigest())


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
