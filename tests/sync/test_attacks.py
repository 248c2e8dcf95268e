"""What The Update Framework is there to stop, each with a message of its own that names the file.

The mirror is the attacker's; some have stolen keys as well. Whatever happens, what was accepted before stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from kiosk.errors import KioskError, TrustError
from kiosk.packs.head import MOST_BYTES
from kiosk.sync.walk import LIMITS
from tests.sync.federation import Federation, Kiosk, MemoryMirror, key, packs

THIEF = [key("thief")]


def refused(kiosk: Kiosk, message: str, files: dict[str, bytes] | None = None) -> None:
    """Refresh, see it refused by the message, and see that what was accepted before is what is accepted after."""
    before = list(kiosk.conn.execute("SELECT * FROM trust_accepted ORDER BY role"))
    heads = list(kiosk.conn.execute("SELECT * FROM trust_heads ORDER BY pack"))
    with pytest.raises(TrustError, match=message) as refusal:
        kiosk.poll(files)
    assert refusal.value.hint
    assert list(kiosk.conn.execute("SELECT * FROM trust_accepted ORDER BY role")) == before
    assert list(kiosk.conn.execute("SELECT * FROM trust_heads ORDER BY pack")) == heads


@pytest.fixture
def settled(kiosk: Kiosk, federation: Federation) -> Kiosk:
    """A kiosk that has taken two releases; the third is out."""
    federation.release("stable", "members", 1)
    kiosk.refresh()
    federation.release("stable", "members", 2)
    kiosk.refresh()
    federation.release("stable", "members", 3)
    return kiosk


# Arbitrary content


@pytest.mark.parametrize("path", ["timestamp", "4.snapshot", "4.stable"])
@pytest.mark.parametrize(
    "data", [b"", b"\0" * 99, b"<html>Please log in</html>", b"{}", b"[" * 16_000, b'{"signed":1}']
)
def test_bytes_that_are_not_metadata(settled: Kiosk, path: str, data: bytes) -> None:
    files = settled.federation.files | {f"metadata/{path}.json": data}
    refused(settled, rf"mirror/metadata/{re.escape(path)}\.json: it is not signed metadata", files)


def test_a_head_that_was_changed(settled: Kiosk) -> None:
    head = settled.federation.put("stable", "members", 3)
    files = settled.federation.files
    settled.federation.files = files | {head: files[head].replace(b":3", b":4")}
    refused(settled, rf"mirror/{re.escape(head)}: its bytes are not those that were signed")


# Keys


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "stable"])
def test_the_wrong_key(settled: Kiosk, role: str) -> None:
    path = settled.federation.write(role, THIEF)
    refused(settled, rf"mirror/{re.escape(path)}: its signature does not hold .*signed by 0/1 keys")


def test_the_wrong_key_for_targets(settled: Kiosk) -> None:
    settled.federation.signers["targets"] = THIEF
    settled.federation.publish("targets")
    refused(settled, r"mirror/metadata/2\.targets\.json: its signature does not hold")


def test_a_threshold_that_is_not_reached(settled: Kiosk) -> None:
    federation = settled.federation
    federation.delegate("stable", [key("stable-0"), key("stable-2")], threshold=2)
    federation.signers["stable"] = [key("stable-0")]
    federation.publish("targets", "stable")
    refused(settled, r"mirror/metadata/5\.stable\.json: its signature does not hold .*signed by 1/2 keys")


def test_one_key_that_signs_twice_does_not_reach_a_threshold(settled: Kiosk) -> None:
    federation = settled.federation
    federation.delegate("stable", [key("stable-0"), key("stable-2")], threshold=2)
    federation.signers["stable"] = [key("stable-0"), key("stable-0")]
    federation.publish("targets", "stable")
    refused(settled, r"mirror/metadata/5\.stable\.json: .*")


def test_a_key_of_one_role_does_not_sign_another(settled: Kiosk) -> None:
    path = settled.federation.write("timestamp", [key("snapshot-1")])
    refused(settled, rf"mirror/{re.escape(path)}: its signature does not hold")


def test_a_channel_that_lists_what_is_not_its_own(settled: Kiosk) -> None:
    settled.federation.put("stable", "members", 4, path="prices/members.json")
    settled.federation.publish("stable")
    refused(settled, r"mirror/metadata/5\.stable\.json: it lists 'prices/members\.json', which is not this channel's")


@pytest.mark.parametrize("path", ["stable/../../x.json", "stable/.json", "stable/A.json", "stable/a", "../a.json"])
def test_a_channel_that_lists_a_path_that_leads_elsewhere(settled: Kiosk, path: str) -> None:
    settled.federation.put("stable", "members", 4, path=path)
    settled.federation.publish("stable")
    refused(settled, r"mirror/metadata/5\.stable\.json: it lists .* not this channel's to sign")


def test_a_head_under_the_name_of_another_pack(settled: Kiosk) -> None:
    settled.federation.roles["stable"].targets.clear()
    settled.federation.put("stable", "members", 4, path="stable/prices.json")
    settled.federation.publish("stable")
    refused(settled, r"targets/stable/[0-9a-f]{64}\.prices\.json: this head is of the pack 'members'")


def test_a_channel_that_nobody_delegated_to(settled: Kiosk) -> None:
    settled.channels = ("prices",)
    refused(settled, "mirror: the federation has no channel 'prices'")
    settled.channels = ("snapshot",)
    refused(settled, "mirror: the federation has no channel 'snapshot'")


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
    refused(settled, r"mirror/metadata/9\.snapshot\.json: it names files older than what was seen before")


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
    if role != "root":
        federation.rotate()
    for each in {"targets", "stable"} - {role}:
        federation.publish(each)
    if role in ("snapshot", "timestamp"):
        kept = federation.files["metadata/timestamp.json"] if role == "snapshot" else None
        assert kept is None or kept
    else:
        federation.publish()
    if role == "snapshot":
        federation.roles["snapshot"].expires = federation.clock()
        federation.write("snapshot")
    if role == "timestamp":
        federation.roles["timestamp"].expires = federation.clock()
        federation.write("timestamp")
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


# The root


def test_a_root_that_others_signed(settled: Kiosk) -> None:
    federation = settled.federation
    federation.name_keys("root", THIEF)
    federation.roles["root"].version = 2
    federation.write("root", THIEF)
    refused(settled, r"mirror/metadata/2\.root\.json: its signature does not hold")


def test_a_root_that_only_half_of_the_old_keys_signed(settled: Kiosk) -> None:
    federation = settled.federation
    federation.name_keys("root", [key("root-1"), key("thief")], threshold=2)
    federation.roles["root"].version = 2
    federation.write("root", [key("root-1"), key("thief")])
    refused(settled, r"mirror/metadata/2\.root\.json: its signature does not hold .*1/2 keys")


def test_a_root_that_skips_a_version(settled: Kiosk) -> None:
    federation = settled.federation
    federation.roles["root"].version = 7
    files = federation.files | {"metadata/2.root.json": federation.files[federation.write("root")]}
    refused(settled, r"mirror/metadata/2\.root\.json: it is not the next root .*Expected root version 2", files)


def test_an_older_root_is_not_gone_back_to(settled: Kiosk) -> None:
    federation = settled.federation
    old = dict(federation.files)
    federation.name_keys("root", [key("root-3"), key("root-4")], threshold=2)  # the keys of before are gone altogether
    federation.rotate()
    settled.refresh()
    for path in settled.folder.rglob("*.root.json"):
        path.write_bytes(b"")
    refused(settled, r"mirror/metadata/2\.root\.json: missing: the root is version 1, and 2 was seen before", old)
    assert settled.poll() == {"members": 3}


# Keys that were stolen, and taken away


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_a_stolen_online_key_that_the_root_took_away(settled: Kiosk, role: str) -> None:
    federation = settled.federation
    federation.name_keys(role, [key("new")])
    federation.rotate()
    federation.publish()
    settled.refresh()
    path = federation.write(role, [key(f"{role}-1")])
    if role == "snapshot":
        federation.number += 1
        federation.signers["snapshot"] = [key("snapshot-1")]
        federation.online(federation.number)
        path = f"metadata/{federation.number}.snapshot.json"
    else:
        federation.roles["timestamp"].version += 1
        federation.write("timestamp", [key("timestamp-1")])
    refused(settled, rf"mirror/{re.escape(path)}: its signature does not hold")


def test_a_stolen_channel_key_that_was_taken_away(settled: Kiosk) -> None:
    federation = settled.federation
    federation.delegate("stable", [key("new")])
    federation.publish("targets", "stable")
    assert settled.poll() == {"members": 3}
    federation.signers["stable"] = [key("stable-0")]
    federation.release("stable", "members", 4)
    refused(settled, r"mirror/metadata/6\.stable\.json: its signature does not hold")


def test_a_thief_of_the_channel_key_alone_gets_nowhere(settled: Kiosk) -> None:
    federation = settled.federation
    settled.refresh()
    federation.put("stable", "members", 9)
    federation.roles["stable"].version = 5
    federation.write("stable")  # but no snapshot names it
    assert settled.poll() == {"members": 3}


def test_a_fast_forward_is_recovered_from_by_new_online_keys(settled: Kiosk) -> None:
    federation = settled.federation
    honest = federation.number
    federation.number = 4_000_000_000
    federation.roles["stable"].version = federation.versions["stable"] = 3_000_000_000
    federation.write("stable")
    federation.online(federation.number)
    settled.refresh()  # the thief has the channel's and the online keys
    federation.number, federation.versions["stable"] = honest, 4
    federation.release("stable", "members", 4)
    refused(settled, r"mirror/metadata/timestamp\.json: it is older than what was seen before")
    for role in ("timestamp", "snapshot"):
        federation.name_keys(role, [key(f"{role}-new")])
    federation.delegate("stable", [key("stable-new")])
    federation.rotate()
    federation.publish("targets", "stable")
    assert settled.poll() == {"members": 4}
    old = dict(federation.files)
    federation.release("stable", "members", 5)
    settled.refresh()
    refused(settled, r"mirror/metadata/timestamp\.json: it is older than what was seen before", old)


def test_a_root_of_another_federation_put_in_by_hand_starts_anew(settled: Kiosk) -> None:
    federation = Federation(settled.federation.clock)
    for role in ("timestamp", "snapshot", "targets"):
        federation.name_keys(role, [key(f"{role}-of-others")])
    federation.name_keys("root", [key("other-root")])
    federation.files.clear()
    federation.write("root")
    federation.number = 0
    federation.versions["stable"] = 0
    federation.publish("targets", "stable")
    settled.anchor = federation.anchor()
    settled.federation = federation
    assert settled.poll() == {}


def test_a_mirror_that_only_withholds_is_told_as_such(settled: Kiosk) -> None:
    files = {path: data for path, data in settled.federation.files.items() if "4.snapshot" not in path}
    with pytest.raises(KioskError, match=r"mirror/metadata/4\.snapshot\.json: the mirror does not have this file"):
        settled.poll(files)
    assert settled.poll() == {"members": 3}  # and the timestamp that came without it counts for nothing
