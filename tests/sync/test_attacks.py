"""What The Update Framework is there to stop, each with a message of its own that names the file.

The mirror is the attacker's. Whatever it gives, what was accepted before stays. Keys: see test_stolen_keys.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from kiosk.errors import KioskError, TrustError
from kiosk.packs.head import MOST_BYTES
from kiosk.sync.walk import LIMITS
from tests.sync.federation import LIFE, Kiosk, MemoryMirror, packs, refused

# Arbitrary content


@pytest.mark.parametrize("path", ["timestamp", "4.snapshot", "4.stable"])
@pytest.mark.parametrize("data", [b"", b"\0" * 9, b"<html>Please log in</html>", b"{}", b"[" * 16_000, b'{"signed":1}'])
def test_bytes_that_are_not_metadata(settled: Kiosk, path: str, data: bytes) -> None:
    files = settled.federation.files | {f"metadata/{path}.json": data}
    refused(settled, rf"mirror/metadata/{re.escape(path)}\.json: it is not signed metadata", files)


def test_a_head_that_was_changed(settled: Kiosk) -> None:
    head = settled.federation.put("stable", "members", 3)
    files = settled.federation.files
    settled.federation.files = files | {head: files[head].replace(b":3", b":4")}
    refused(settled, rf"mirror/{re.escape(head)}: its bytes are not those that were signed")


# Roll-back


def test_an_older_timestamp(settled: Kiosk) -> None:
    federation = settled.federation
    old = dict(federation.files)
    federation.release("stable", "members", 4)
    settled.refresh()
    refused(settled, r"mirror/metadata/timestamp\.json: it is older than what was seen before", old)


def test_a_newer_timestamp_that_names_an_older_snapshot(settled: Kiosk) -> None:
    settled.federation.roles["timestamp"].version = 9
    settled.federation.roles["timestamp"].snapshot_meta.version = 2
    settled.federation.write("timestamp")
    refused(settled, r"mirror/metadata/timestamp\.json: it is older than .*snapshot version must be >= 3")


@pytest.mark.parametrize("role", ["targets", "stable"])
def test_a_newer_snapshot_that_names_older_files(settled: Kiosk, role: str) -> None:
    federation = settled.federation
    federation.publish("targets", "stable")
    settled.refresh()
    federation.online(9, federation.versions | {role: 1})
    refused(settled, rf"mirror/metadata/9\.snapshot\.json: it names version 1 of {role}\.json, and \d was seen before")


@pytest.mark.parametrize("role", ["targets", "stable"])
def test_a_newer_snapshot_that_leaves_a_file_out(settled: Kiosk, role: str) -> None:
    federation = settled.federation
    federation.online(9, {name: version for name, version in federation.versions.items() if name != role})
    refused(settled, rf"mirror/metadata/9\.snapshot\.json: New snapshot is missing info for '{role}\.json'")


# Freeze


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets", "stable"])
def test_metadata_that_has_expired(settled: Kiosk, role: str) -> None:
    federation = settled.federation
    federation.clock.forward(days=80)
    federation.rotate(LIFE * (0 if role == "root" else 20))
    federation.publish(*{"targets", "stable"} - {role})
    if role in ("snapshot", "timestamp"):
        federation.roles[role].expires = federation.clock()
        federation.write(role)
    settled.clock.forward(days=100)
    refused(settled, rf"mirror/metadata/(\d+\.)?{role}\.json: it has expired")


# Mix and match


def test_a_snapshot_of_another_state(settled: Kiosk) -> None:
    files = settled.federation.files
    old = files["metadata/2.snapshot.json"]
    refused(
        settled, r"mirror/metadata/4\.snapshot\.json: files of different states are mixed",
        files | {"metadata/4.snapshot.json": old},
    )  # fmt: skip


def test_a_channel_of_another_state(settled: Kiosk) -> None:
    files = settled.federation.files
    old = files["metadata/2.stable.json"]
    refused(
        settled, r"mirror/metadata/4\.stable\.json: files of different states are mixed",
        files | {"metadata/4.stable.json": old},
    )  # fmt: skip


def test_one_file_in_the_place_of_another(settled: Kiosk) -> None:
    files = settled.federation.files
    refused(
        settled, r"mirror/metadata/4\.stable\.json: Expected 'targets', got 'snapshot'",
        files | {"metadata/4.stable.json": files["metadata/4.snapshot.json"]},
    )  # fmt: skip


# Endless data


def endless(taken: list[int]) -> Iterator[bytes]:
    while True:
        taken.append(4096)
        yield b"x" * 4096


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("metadata/timestamp.json", LIMITS["timestamp"]),
        ("metadata/4.snapshot.json", LIMITS["snapshot"]),
        ("metadata/2.root.json", LIMITS["root"]),
        ("metadata/4.stable.json", LIMITS["targets"]),
    ],
)
def test_a_file_without_an_end(settled: Kiosk, path: str, limit: int) -> None:
    taken: list[int] = []
    mirror = MemoryMirror(settled.federation.files, "endless", spoiled={path: endless(taken)})
    with pytest.raises(TrustError, match=rf"endless/{re.escape(path)}: it goes on beyond the [\d,]+ bytes it may have"):
        settled.refresh(mirror)
    assert sum(taken) <= limit + 4096
    assert packs(settled.refresh()) == {"members": 3}


def test_a_head_without_an_end(settled: Kiosk) -> None:
    head = settled.federation.release("stable", "members", 4)
    taken: list[int] = []
    mirror = MemoryMirror(settled.federation.files, "endless", spoiled={head: endless(taken)})
    with pytest.raises(TrustError, match=rf"endless/{re.escape(head)}: it goes on beyond"):
        settled.refresh(mirror)
    assert sum(taken) <= MOST_BYTES + 4096


def test_a_head_that_is_signed_to_be_endless(settled: Kiosk) -> None:
    federation = settled.federation
    head = federation.put("stable", "members", 4)
    federation.roles["stable"].targets["stable/members.json"].length = 10**12
    federation.publish("stable")
    refused(settled, rf"{re.escape(head)}: 1,000,000,000,000 bytes, or no SHA-256: this can not be a head")


# Withholding


def test_a_mirror_that_only_withholds_is_told_as_such(settled: Kiosk) -> None:
    files = {path: data for path, data in settled.federation.files.items() if "4.snapshot" not in path}
    with pytest.raises(KioskError, match=r"mirror/metadata/4\.snapshot\.json: the mirror does not have this file"):
        settled.poll(files)
    assert settled.poll() == {"members": 3}  # and the timestamp that came without it counts for nothing
